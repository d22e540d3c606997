// SPDX-License-Identifier: MPL-2.0
//! The CPIX element: a whole document.

use std::collections::HashSet;

use zeroize::Zeroizing;

use cenc_types::KeyId;
use host_access::Random;

use super::encryption::DocumentKeys;
use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{
    ContentKey, Delivery, DrmSystem, Error, KeyData, Period, UnwrapKey, UsageRule, WrapKey,
};

/// A CPIX document.
#[derive(Default)]
pub struct Document {
    /// The content; `@id` stands for it in documents of SPEKE 1.0.
    pub content_id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// The version that the document says it has; [`Self::to_xml`] writes its own.
    pub version: Option<String>,
    /// To whom the keys are encrypted.
    pub deliveries: Vec<Delivery>,
    /// The keys.
    pub content_keys: Vec<ContentKey>,
    /// What DRM systems signal.
    pub drm_systems: Vec<DrmSystem>,
    /// When keys change.
    pub periods: Vec<Period>,
    /// Which track has which key.
    pub usage_rules: Vec<UsageRule>,
}

/// A form in which documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// What SPEKE 1.0 exchanges: CPIX 2.0 with elements of its own.
    Speke1,
    /// 2.3, which 2.3.1 takes too.
    V2_3,
    /// 2.4.
    V2_4,
}

impl Document {
    /// The largest document that [`Self::from_bytes`] reads, in bytes.
    pub const MAX_LEN: usize = 1 << 20;

    /// Reads a document in UTF-8 of any version from 2.0 to 2.4.
    ///
    /// # Errors
    /// What is wrong with it. A document type definition is always refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes_within(bytes, Self::MAX_LEN)
    }

    /// As [`Self::from_bytes`], with another limit to the document's size.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_bytes_within(bytes: &[u8], limit: usize) -> Result<Self, Error> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes);
        let (line, column) = (1, 1);
        let text = text.map_err(|_| Error::NotWellFormed { line, column })?;
        let document = Element::with_root(text, limit, Self::read)?;
        document.check()?;
        Ok(document)
    }

    fn read(root: Element<'_, '_>) -> Result<Self, Error> {
        if !root.is(Namespace::Cpix, "CPIX") {
            return Err(Error::NotCpix);
        }
        let deliveries = root.items("DeliveryDataList", "DeliveryData");
        let keys = root.items("ContentKeyList", "ContentKey");
        let systems = root.items("DRMSystemList", "DRMSystem");
        let periods = root.items("ContentKeyPeriodList", "ContentKeyPeriod");
        let rules = root.items("ContentKeyUsageRuleList", "ContentKeyUsageRule");
        let content_id = root.attribute("contentId").or_else(|| root.attribute("id"));
        Ok(Self {
            content_id: content_id.map(str::to_owned),
            name: root.owned_attribute("name"),
            version: root.owned_attribute("version"),
            deliveries: deliveries.map(Delivery::read).collect::<Result<_, _>>()?,
            content_keys: keys.map(ContentKey::read).collect::<Result<_, _>>()?,
            drm_systems: systems.map(DrmSystem::read).collect::<Result<_, _>>()?,
            periods: periods.map(Period::read).collect::<Result<_, _>>()?,
            usage_rules: rules.map(UsageRule::read).collect::<Result<_, _>>()?,
        })
    }

    /// Writes the document; a list that is empty is left out.
    ///
    /// # Errors
    /// [`Error::NotInVersion`] for what the version cannot say; ids, KIDs and texts that it cannot hold.
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

    /// The ContentKey element of a KID.
    pub fn content_key(&self, kid: KeyId) -> Option<&ContentKey> {
        self.content_keys.iter().find(|key| key.kid == kid)
    }

    /// Decrypts all encrypted keys; those that are clear stay so.
    ///
    /// # Errors
    /// [`Error::NotARecipient`]; [`Error::Unwrap`]; a MAC or key that is wrong, with its KID. The keys before it are decrypted then.
    pub fn decrypt(&mut self, private: &dyn UnwrapKey) -> Result<(), Error> {
        let mut deliveries = self.deliveries.iter();
        let own = deliveries.find(|delivery| private.is_of(&delivery.certificate));
        let own = own.ok_or(Error::NotARecipient)?;
        let unwrapped = own.unwrap(private)?;
        for key in &mut self.content_keys {
            if let KeyData::Encrypted(value) = &key.data {
                let keys = unwrapped.of(key.kid).ok_or(Error::NotARecipient)?;
                key.data = KeyData::Clear(keys.decrypt(value, key.kid)?);
            }
        }
        Ok(())
    }

    /// Encrypts all keys to each of the recipients, who take the place of those that the document has.
    ///
    /// # Errors
    /// [`Error::StillEncrypted`] for a key that is encrypted already; what a recipient's key says.
    pub fn encrypt_to(
        &mut self,
        recipients: &[&dyn WrapKey],
        random: &dyn Random,
    ) -> Result<(), Error> {
        let keys = DocumentKeys::generate(random)?;
        let deliveries = recipients
            .iter()
            .map(|recipient| Delivery::wrap(*recipient, &keys));
        let deliveries = deliveries.collect::<Result<_, _>>()?;
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

    /// What every document must keep, whoever wrote it.
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
        let mut roots = self
            .content_keys
            .iter()
            .filter_map(|key| key.depends_on_key);
        roots.try_for_each(|kid| known("dependsOnKey", kid))?;
        let mut rules = self.usage_rules.iter();
        rules.try_for_each(|rule| known("a usage rule", rule.kid))?;
        let mut systems = self.drm_systems.iter();
        systems.try_for_each(|system| known("a DRMSystem", system.kid))
    }

    /// xs:ID is a name without colon.
    fn check_ids(&self) -> Result<(), Error> {
        let (name, expected) = (
            "id",
            "a letter or '_', then letters, digits, '.', '-' and '_'",
        );
        let first = |c: char| c == '_' || c.is_ascii_alphabetic();
        let inner = |c: char| first(c) || c.is_ascii_digit() || matches!(c, '.' | '-');
        let is_name = |id: &str| id.starts_with(first) && id.chars().all(inner);
        match self.ids().all(is_name) {
            true => Ok(()),
            false => Err(Error::BadValue { name, expected }),
        }
    }

    /// What 2.4 says of leaf keys and of content ids: many readers do not mind, so only what is written must keep to it.
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
        let leaves = self
            .content_keys
            .iter()
            .filter(|key| key.depends_on_key.is_some());
        let leaves: HashSet<_> = leaves.map(|key| key.kid).collect();
        for key in &self.content_keys {
            let own = key.scheme.is_some() || key.hdcp.is_some() || key.content_id.is_some();
            let is_leaf = leaves.contains(&key.kid);
            refuse(
                is_leaf && own,
                "a key with dependsOnKey takes scheme, hdcp and content id from its root",
            )?;
            let twice = self.content_id.is_some() && key.content_id.is_some();
            refuse(twice, "the document has a content id, and a key another")?;
        }
        for system in &self.drm_systems {
            let manifests = system.content_protection.is_some()
                || system.smooth.is_some()
                || !system.hls.is_empty();
            let is_leaf = leaves.contains(&system.kid);
            refuse(
                is_leaf && manifests,
                "manifests signal the root of a key with dependsOnKey",
            )?;
        }
        let by_root = self
            .usage_rules
            .iter()
            .any(|rule| roots.contains(&rule.kid));
        refuse(
            by_root,
            "a usage rule names a root key: only its leaves protect tracks",
        )
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        let deliveries = self.deliveries.iter().map(|delivery| &delivery.id);
        let wrapped = self
            .deliveries
            .iter()
            .flat_map(|delivery| &delivery.document_keys);
        let keys = self.content_keys.iter().map(|key| &key.id);
        let systems = self.drm_systems.iter().map(|system| &system.id);
        let periods = self.periods.iter().map(|period| &period.id);
        let rules = self.usage_rules.iter().map(|rule| &rule.id);
        let all = deliveries.chain(wrapped.map(|key| &key.id)).chain(keys);
        all.chain(systems)
            .chain(periods)
            .chain(rules)
            .filter_map(Option::as_deref)
    }
}

impl Version {
    /// CPIX@version, which came with 2.3.
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
