// SPDX-License-Identifier: MPL-2.0
//! Converts existing headers for writing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::KeyId;

use super::{Error, FoundHeader, FoundKeyId};
use crate::{
    header::Header, header::HeaderFields, header::HeaderKeyId, header::KeyIds,
    header::VersionChoice,
};

impl FoundHeader {
    /// Returns a header for writing with the same version and fields.
    ///
    /// # Errors
    /// If a field is malformed, or not allowed in this version.
    pub fn to_header(&self) -> Result<Header, Error> {
        let key_ids = self.to_key_ids()?;
        self.check_key_length(&key_ids)?;
        Header::new(HeaderFields {
            version: VersionChoice::Only(self.version),
            key_ids,
            la_url: parsed(self.la_url.as_deref())?,
            lui_url: parsed(self.lui_url.as_deref())?,
            ds_id: parsed(self.ds_id.as_deref())?,
            custom_attributes: parsed(self.custom_attributes.as_deref())?,
            on_demand: self.on_demand()?,
            license_requested: self.to_license_requested()?,
        })
    }

    fn to_key_ids(&self) -> Result<KeyIds, Error> {
        let Some(first) = self.key_ids.first() else {
            return Ok(KeyIds::default());
        };
        if self
            .key_ids
            .iter()
            .any(|key| key.algorithm != first.algorithm)
        {
            return Err(Error::MixedAlgorithms);
        }
        let keys = self.key_ids.iter();
        match first.algorithm.as_deref() {
            Some("AESCTR") => Ok(KeyIds::AesCtr(
                keys.map(FoundKeyId::checked).collect::<Result<_, _>>()?,
            )),
            Some("COCKTAIL") => Ok(KeyIds::Cocktail(
                keys.map(FoundKeyId::checked).collect::<Result<_, _>>()?,
            )),
            Some("AESCBC") => Ok(KeyIds::AesCbc(
                keys.map(FoundKeyId::bare).collect::<Result<_, _>>()?,
            )),
            None => Ok(KeyIds::NoAlgorithm(
                keys.map(FoundKeyId::bare).collect::<Result<_, _>>()?,
            )),
            Some(other) => Err(Error::UnknownAlgorithm(other.to_owned())),
        }
    }

    fn check_key_length(&self, key_ids: &KeyIds) -> Result<(), Error> {
        match self.key_length.as_deref() {
            Some(len) if len != key_ids.key_len() => Err(Error::BadValue("KEYLEN")),
            _ => Ok(()),
        }
    }

    fn on_demand(&self) -> Result<bool, Error> {
        match self.decryptor_setup.as_deref() {
            None => Ok(false),
            Some("ONDEMAND") => Ok(true),
            Some(_) => Err(Error::BadValue("DECRYPTORSETUP")),
        }
    }

    fn to_license_requested(&self) -> Result<Option<bool>, Error> {
        self.license_requested
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| Error::BadValue("LICENSEREQUESTED"))
    }
}

impl FoundKeyId {
    fn checked<const N: usize>(&self) -> Result<HeaderKeyId<N>, Error> {
        let decode = |text: &String| STANDARD.decode(text).ok()?.try_into().ok();
        Ok(HeaderKeyId {
            kid: self.kid,
            checksum: match &self.checksum {
                None => None,
                Some(text) => Some(decode(text).ok_or(Error::BadValue("CHECKSUM"))?),
            },
        })
    }

    fn bare(&self) -> Result<KeyId, Error> {
        match self.checksum {
            None => Ok(self.kid),
            Some(_) => Err(Error::ChecksumNotAllowed),
        }
    }
}

fn parsed<T: std::str::FromStr<Err = Error>>(text: Option<&str>) -> Result<Option<T>, Error> {
    text.map(str::parse).transpose()
}
