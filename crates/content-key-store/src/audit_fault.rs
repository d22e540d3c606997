// SPDX-License-Identifier: MPL-2.0
//! The ways in which the audit is not what was written.

/// The kind of change to a row of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// Its content or its place is another.
    #[error("changed or moved")]
    Changed,
    /// It is gone.
    #[error("removed")]
    Removed,
}
