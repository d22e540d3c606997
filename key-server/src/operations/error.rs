// SPDX-License-Identifier: MPL-2.0
//! Errors of the operations. No variant holds a key.

use super::finding::Finding;

/// Errors of operations on a key store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused the operation, or failed.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The checks refuse the data that somebody wants to store.
    #[error("{}", texts(.0))]
    Refused(Vec<Finding>),
    /// A CPIX document cannot be read or written.
    #[error(transparent)]
    Cpix(#[from] cpix::Error),
    /// A PEM text lacks the certificate or key.
    #[error("no {0} in the PEM text: give one that begins with -----BEGIN")]
    Pem(&'static str),
    /// A document names no scheme for a key.
    #[error(
        "the cpix document names no common encryption scheme for KID {0}: say which scheme its keys are for"
    )]
    NoScheme(cenc_types::KeyId),
    /// A usage rule names a crypto period without a number.
    #[error(
        "the crypto period '{0}' of the cpix document has no index: only numbered periods can be kept"
    )]
    NoIndex(String),
    /// A content has no keys.
    #[error("content '{0}' has no key yet: make one")]
    NoKeys(String),
    /// A content's keys do not change by the clock.
    #[error(
        "content '{0}' has no crypto period, so its packagers request one key for each track and never the next: give it a crypto period, \
         or protect it again under a new content id"
    )]
    NoCryptoPeriod(String),
    /// The index of the next crypto period is too large.
    #[error("content '{0}' has no crypto period after this one")]
    LastPeriod(String),
    /// A setting of a content does not fit a PlayReady Header.
    #[error("{setting} of content '{content}': {source}")]
    Setting {
        /// The content's id.
        content: String,
        /// The name of the setting.
        setting: &'static str,
        /// The error of its value.
        source: playready_header::Error,
    },
    /// The header cannot be made.
    #[error("PlayReady Header: {0}")]
    Header(#[from] playready_header::Error),
    /// The `pssh` box cannot be made.
    #[error("pssh box: {0}")]
    Box(#[from] isobmff_boxes::Error),
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Generator(String),
}

fn texts(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| finding.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
