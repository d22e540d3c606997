// SPDX-License-Identifier: MPL-2.0
//! Authentication and permissions.
//!
//! Programs send a token (`Bearer`, or as the password of `Basic`) or a client certificate with each request: [`Client`]. People sign
//! in at the pages with a token and get a session, whose cookie is valid for the pages only: [`Visitor`]. So no other site can make a
//! browser use the REST interface. Forms carry a token of the session against forged requests: [`SafeForm`].

mod account_cache;
mod client;
mod failed_sign_ins;
mod form;
mod identity;
mod permission;
mod refusals;
mod session;
mod visitor;

pub use account_cache::{AccountCache, Proof};
pub use client::Client;
pub use failed_sign_ins::FailedSignIns;
pub use form::{GuardedFields, SafeForm};
pub use identity::Identity;
pub use permission::Permission;
pub use refusals::{Refusal, Refusals};
pub use session::{SESSION_COOKIE, Sessions};
pub use visitor::{Visitor, session_cookie};
