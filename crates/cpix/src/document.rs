// SPDX-License-Identifier: MPL-2.0
//! The CPIX element: a whole document.

use std::collections::{BTreeMap, HashSet};

use zeroize::Zeroizing;

use cenc_types::KeyId;
use host_access::{Random, decode_text};

use super::encryption::DocumentKeys;
use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{
    ContentKey, Delivery, DrmSystem, Error, KeyData, Period, UnwrapKey, UsageRule, WrapKey,
};

/// A CPIX document.
#[derive(Default)]
pub struct Document {
    /// The content id, which is the attribute `id` in documents of SPEKE 1.0.
    pub content_id: Option<String>,
    /// A name to display.
    pub name: Option<String>,
    /// The version in the document. [`Self::to_xml`] writes that of its argument.
    pub version: Option<String>,
    /// The recipients of the keys.
    pub deliveries: Vec<Delivery>,
    /// The keys.
    pub content_keys: Vec<ContentKey>,
    /// The DRM signaling.
    pub drm_systems: Vec<DrmSystem>,
    /// The crypto periods.
    pub periods: Vec<Period>,
    /// The rules that assign keys to tracks.
    pub usage_rules: Vec<UsageRule>,
    /// True if it was read with a signature, which was not verified.
    pub is_signed: bool,
}

/// The version of a document that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// CPIX 2.0 with the elements of SPEKE 1.0.
    Speke1,
    /// 2.3, which readers of 2.3.1 accept too.
    V2_3,
    /// 2.4.
    V2_4,
}

impl Document {
    /// The largest document that [`Self::from_bytes`] reads, in bytes.
    pub const MAX_LEN: usize = 1 << 20;

    /// Reads a document of any version from 2.0 to 2.4, in UTF-8 or, with a byte order mark, in UTF-16.
    ///
    /// # Errors
    /// An [`Error`] that names the fault. A document type definition is always refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes_within(bytes, Self::MAX_LEN)
    }

    /// As [`Self::from_bytes`], with another limit to the document's size.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_bytes_within(bytes: &[u8], limit: usize) -> Result<Self, Error> {
        let text = decode_text(bytes).ok_or(Error::NotWellFormed { line: 1, column: 1 })?;
        let document = Element::with_root(&text, limit, Self::read)?;
        document.check()?;
        Ok(document)
    }

    fn read(root: Element<'_, '_>) -> Result<Self, Error> {
        if !root.is(Namespace::Cpix, "CPIX") {
            return Err(Error::NotCpix);
        }
        Ok(Self {
            content_id: root
                .owned_attribute("contentId")
                .or_else(|| root.owned_attribute("id")),
            name: root.owned_attribute("name"),
            version: root.owned_attribute("version"),
            deliveries: root.read_items("DeliveryDataList", "DeliveryData", Delivery::read)?,
            content_keys: root.read_items("ContentKeyList", "ContentKey", ContentKey::read)?,
            drm_systems: root.read_items("DRMSystemList", "DRMSystem", DrmSystem::read)?,
            periods: root.read_items("ContentKeyPeriodList", "ContentKeyPeriod", Period::read)?,
            usage_rules: root.read_items(
                "ContentKeyUsageRuleList",
                "ContentKeyUsageRule",
                UsageRule::read,
            )?,
            is_signed: root.child(Namespace::Signature, "Signature").is_some(),
        })
    }

    /// Refuses a document with signatures, since none is verified: its author wants changes to be noticed.
    ///
    /// # Errors
    /// [`Error::Signed`].
    pub const fn refuse_signature(&self) -> Result<(), Error> {
        match self.is_signed {
            true => Err(Error::Signed),
            false => Ok(()),
        }
    }

    /// Writes the document without empty lists.
    ///
    /// ```
    /// use cenc_types::Scheme;
    /// use cpix::{ContentKey, Document, Version};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The KID and key of Microsoft's public test content.
    /// let kid = "10000000-1000-1000-1000-100000000001".parse()?;
    /// let key = cenc_types::ContentKey::parse("OiobaN0r2bLusl6ExHdmaA==")?;
    /// let document = Document {
    ///     content_id: Some("film".to_owned()),
    ///     content_keys: vec![ContentKey::new(kid, key, Scheme::Cenc)],
    ///     ..Document::default()
    /// };
    /// assert!(document.to_xml(Version::V2_3)?.contains("OiobaN0r2bLusl6ExHdmaA=="));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInVersion`] for a part that the version does not have; errors of ids, KIDs and texts.
    pub fn to_xml(&self, version: Version) -> Result<Zeroizing<String>, Error> {
        self.check()?;
        self.check_ids()?;
        self.check_leaves()?;
        let mut xml = XmlWriter::new();
        xml.element("CPIX", self.root_attributes(version), |xml| {
            xml.list("DeliveryDataList", &self.deliveries, |xml, d| {
                d.write(xml, version);
            });
            xml.list("ContentKeyList", &self.content_keys, |xml, k| {
                k.write(xml, version);
            });
            xml.list("DRMSystemList", &self.drm_systems, |xml, s| {
                s.write(xml, version);
            });
            xml.list("ContentKeyPeriodList", &self.periods, |xml, p| {
                p.write(xml, version);
            });
            xml.list("ContentKeyUsageRuleList", &self.usage_rules, |xml, r| {
                r.write(xml);
            });
        });
        xml.finish()
    }

    fn root_attributes(&self, version: Version) -> Attributes {
        let namespaces = [
            Namespace::Cpix,
            Namespace::Pskc,
            Namespace::Signature,
            Namespace::Encryption,
        ];
        let speke = (version == Version::Speke1).then_some(Namespace::Speke);
        let mut attributes = Attributes::default();
        for namespace in namespaces.into_iter().chain(speke) {
            attributes = attributes.with(namespace.declaration(), namespace.uri());
        }
        match version.number() {
            None => attributes.maybe("id", self.content_id.as_ref()),
            Some(number) => attributes
                .maybe("contentId", self.content_id.as_ref())
                .maybe("name", self.name.as_ref())
                .with("version", number),
        }
    }

    /// Returns the ContentKey element of a KID.
    pub fn content_key(&self, kid: KeyId) -> Option<&ContentKey> {
        self.content_keys.iter().find(|key| key.kid == kid)
    }

    /// Returns the KID of each key that depends on a root key (`dependsOnKey`), with the KID of that.
    pub fn roots(&self) -> BTreeMap<KeyId, KeyId> {
        self.content_keys
            .iter()
            .filter_map(|key| Some((key.kid, key.depends_on_key?)))
            .collect()
    }

    /// Decrypts all encrypted keys. Clear keys are unchanged.
    ///
    /// # Errors
    /// [`Error::NotARecipient`], [`Error::Unwrap`], and errors of MACs and keys, with their KID. The keys before the faulty one are
    /// then decrypted.
    pub fn decrypt(&mut self, private_key: &dyn UnwrapKey) -> Result<(), Error> {
        let unwrapped = self
            .deliveries
            .iter()
            .find(|delivery| private_key.is_of(&delivery.certificate))
            .ok_or(Error::NotARecipient)?
            .unwrap(private_key)?;
        for key in &mut self.content_keys {
            if let KeyData::Encrypted(value) = &key.data {
                key.data = KeyData::Clear(
                    unwrapped
                        .for_kid(key.kid)
                        .ok_or(Error::NotARecipient)?
                        .decrypt(value, key.kid)?,
                );
            }
        }
        Ok(())
    }

    /// Encrypts all keys to each of the recipients, who replace those of the document.
    ///
    /// # Errors
    /// [`Error::StillEncrypted`] for a key that is encrypted already; those of the recipients' keys.
    pub fn encrypt_to(
        &mut self,
        recipients: &[&dyn WrapKey],
        random: &dyn Random,
    ) -> Result<(), Error> {
        let keys = DocumentKeys::generate(random)?;
        let deliveries = recipients
            .iter()
            .map(|recipient| Delivery::wrap(*recipient, &keys))
            .collect::<Result<_, _>>()?;
        for key in &mut self.content_keys {
            key.data = match &key.data {
                KeyData::Absent => KeyData::Absent,
                KeyData::Clear(clear) => KeyData::Encrypted(keys.encrypt(clear, key.kid, random)?),
                KeyData::Encrypted(_) => return Err(Error::StillEncrypted(key.kid)),
            };
        }
        self.deliveries = deliveries;
        Ok(())
    }

    /// Checks the rules for every document that is read or written: unique ids and KIDs, and references that resolve.
    fn check(&self) -> Result<(), Error> {
        let mut ids = HashSet::new();
        if let Some(twice) = self.ids().find(|id| !ids.insert(*id)) {
            return Err(Error::DuplicateId(twice.to_owned()));
        }
        let mut kids = HashSet::new();
        if let Some(twice) = self.content_keys.iter().find(|key| !kids.insert(key.kid)) {
            return Err(Error::DuplicateKid(twice.kid));
        }
        let periods: HashSet<_> = self
            .periods
            .iter()
            .filter_map(|p| p.id.as_deref())
            .collect();
        for id in self.usage_rules.iter().flat_map(|rule| &rule.periods) {
            if !periods.contains(id.as_str()) {
                return Err(Error::UnknownPeriod(id.clone()));
            }
        }
        let known = |by, kid| match kids.contains(&kid) {
            true => Ok(()),
            false => Err(Error::UnknownKid { by, kid }),
        };
        for root in self
            .content_keys
            .iter()
            .filter_map(|key| key.depends_on_key)
        {
            known("dependsOnKey", root)?;
        }
        for rule in &self.usage_rules {
            known("a usage rule", rule.kid)?;
        }
        for system in &self.drm_systems {
            known("a DRMSystem", system.kid)?;
        }
        Ok(())
    }

    /// Checks that each id is an xs:ID, a name without colon.
    fn check_ids(&self) -> Result<(), Error> {
        let first = |c: char| c == '_' || c.is_ascii_alphabetic();
        let inner = |c: char| first(c) || c.is_ascii_digit() || matches!(c, '.' | '-');
        match self
            .ids()
            .all(|id| id.starts_with(first) && id.chars().all(inner))
        {
            true => Ok(()),
            false => Err(Error::BadValue {
                name: "id",
                expected: "a letter or '_', then letters, digits, '.', '-' and '_'",
            }),
        }
    }

    /// Checks the rules of 2.4 for leaf keys and content ids. Many writers ignore them, so they are checked only for documents that are
    /// written.
    fn check_leaves(&self) -> Result<(), Error> {
        let refuse = |wrong: bool, cause| match wrong {
            true => Err(Error::Contradiction(cause)),
            false => Ok(()),
        };
        let roots: HashSet<_> = self
            .content_keys
            .iter()
            .filter_map(|key| key.depends_on_key)
            .collect();
        let leaves: HashSet<_> = self
            .content_keys
            .iter()
            .filter(|key| key.depends_on_key.is_some())
            .map(|key| key.kid)
            .collect();
        for key in &self.content_keys {
            refuse(
                leaves.contains(&key.kid)
                    && (key.scheme.is_some() || key.hdcp.is_some() || key.content_id.is_some()),
                "a key with dependsOnKey takes scheme, hdcp and content id from its root",
            )?;
            refuse(
                self.content_id.is_some() && key.content_id.is_some(),
                "the document has a content id, and a key another",
            )?;
        }
        for system in &self.drm_systems {
            refuse(
                leaves.contains(&system.kid)
                    && (system.content_protection.is_some()
                        || system.smooth.is_some()
                        || !system.hls.is_empty()),
                "manifests signal the root of a key with dependsOnKey",
            )?;
        }
        refuse(
            self.usage_rules
                .iter()
                .any(|rule| roots.contains(&rule.kid)),
            "a usage rule names a root key: only its leaves protect tracks",
        )
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.deliveries
            .iter()
            .map(|delivery| &delivery.id)
            .chain(
                self.deliveries
                    .iter()
                    .flat_map(|delivery| &delivery.document_keys)
                    .map(|key| &key.id),
            )
            .chain(self.content_keys.iter().map(|key| &key.id))
            .chain(self.drm_systems.iter().map(|system| &system.id))
            .chain(self.periods.iter().map(|period| &period.id))
            .chain(self.usage_rules.iter().map(|rule| &rule.id))
            .filter_map(Option::as_deref)
    }
}

impl Version {
    /// Returns the attribute `version` of CPIX, which exists from 2.3 on.
    pub const fn number(self) -> Option<&'static str> {
        match self {
            Self::Speke1 => None,
            Self::V2_3 => Some("2.3"),
            Self::V2_4 => Some("2.4"),
        }
    }

    /// Fails unless the version is 2.4.
    pub(super) fn needs_2_4(self, xml: &mut XmlWriter, what: &'static str) {
        if self != Self::V2_4 {
            self.refuse(xml, what);
        }
    }

    pub(super) fn refuse(self, xml: &mut XmlWriter, what: &'static str) {
        let version = self.number().unwrap_or("2.0");
        xml.fail(Error::NotInVersion { what, version });
    }
}

#[cfg(test)]
mod tests;
