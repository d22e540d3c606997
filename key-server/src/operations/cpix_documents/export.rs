// SPDX-License-Identifier: MPL-2.0
//! Exports a content's keys as a CPIX document, encrypted to a recipient's certificate, or in the clear for a stated reason.

use std::collections::BTreeMap;

use cenc_types::KeyId;
use content_key_store::{AssignedSlot, KeySlot, KeyStore};
use content_keys::LeafLicence;
use cpix::{ContentKey, Document, RsaRecipient, Version, WrapKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

use crate::delivery::{KeyUse, document};
use crate::fingerprints::fingerprint;
use crate::operations::{Error, content};

/// The recipient of the keys.
pub enum Recipient {
    /// Encrypted to an RSA certificate, the first of a PEM text.
    Certificate {
        /// The PEM text.
        pem: Vec<u8>,
        /// The name of its owner, for the audit.
        name: String,
    },
    /// In the clear.
    Clear {
        /// The reason for the audit: 1 to 200 characters.
        reason: String,
    },
}

/// A document that was exported.
pub struct Export {
    /// The document, which holds the keys in the clear unless there is a recipient.
    pub xml: Zeroizing<String>,
    /// The KIDs in the order of the document.
    pub kids: Vec<KeyId>,
    /// A warning about the recipient's key.
    pub warning: Option<String>,
}

/// Exports all keys of a content with their leaf licences, and with usage rules for its tracks and crypto periods. Each key gets a row in
/// the audit.
///
/// # Errors
/// [`Error::NoKeys`]; errors of the certificate, before a key is read.
pub fn export(
    store: &KeyStore,
    content_id: &str,
    recipient: &Recipient,
    version: Version,
) -> Result<Export, Error> {
    let content = store.content(content_id)?;
    let (certificate, reason) = match recipient {
        Recipient::Certificate { pem, name } => {
            let certificate =
                CertificateDer::from_pem_slice(pem).map_err(|_| Error::Pem("certificate"))?;
            let reason = format!(
                "exported, encrypted to {name:.150}, {}",
                fingerprint(&certificate)
            );
            (
                Some(RsaRecipient::from_certificate(certificate.to_vec())?),
                reason,
            )
        }
        Recipient::Clear { reason } => (None, format!("exported in the clear: {reason}")),
    };
    let mut slots = BTreeMap::<KeyId, Vec<KeySlot>>::new();
    for AssignedSlot { slot, kid } in content::slots(store, &content)? {
        slots.entry(kid).or_default().push(slot);
    }
    if slots.is_empty() {
        return Err(Error::NoKeys(content.id));
    }
    let kids: Vec<KeyId> = slots.keys().copied().collect();
    let keys = slots
        .into_iter()
        .map(|(kid, slots)| {
            let key = store.key_for(&kid, &reason)?;
            Ok(KeyUse { key, slots })
        })
        .collect::<Result<_, Error>>()?;
    let mut document = document(Some(&content), keys);
    for kid in &kids {
        if let Some(licence) = store.leaf_licence(kid)? {
            add_leaf_licence(&mut document, *kid, licence);
        }
    }
    if let Some(certificate) = &certificate {
        document.encrypt_to(&[certificate as &dyn WrapKey], &*store.host().random)?;
    }
    Ok(Export {
        xml: document.to_xml(version)?,
        kids,
        warning: certificate
            .and_then(|key| key.weakness())
            .map(|note| note.to_string()),
    })
}

/// Adds the leaf licence of a key, which takes its scheme from its root key (CPIX 2.4). A root key has one scheme: keys of another one are
/// left as they are.
fn add_leaf_licence(document: &mut Document, kid: KeyId, licence: LeafLicence) {
    let root_kid = licence.root_kid;
    let Some(scheme) = document
        .content_key(kid)
        .and_then(ContentKey::common_scheme)
    else {
        return;
    };
    match document
        .content_key(root_kid)
        .map(ContentKey::common_scheme)
    {
        Some(of_root) if of_root != Some(scheme) => return,
        Some(_) => (),
        None => document
            .content_keys
            .push(ContentKey::request(root_kid, scheme)),
    }
    if let Some(key) = document.content_keys.iter_mut().find(|key| key.kid == kid) {
        key.depends_on_key = Some(root_kid);
        key.scheme = None;
    }
    document.drm_systems.push(licence.to_drm_system(kid));
}
