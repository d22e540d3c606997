// SPDX-License-Identifier: MPL-2.0
//! Common Encryption with PlayReady signaling for GStreamer pipelines, and as a plain library without them.
//!
//! The modules from bottom to top; each uses only those named behind it:
//!
//! - [`bmff`] (nothing): ISO/IEC 14496-12, bytes and boxes
//! - [`codec`] (nothing): which bytes of a sample may be protected
//! - [`cenc`] (bmff, codec): ISO/IEC 23001-7, the schemes, keys, IVs, subsamples and ciphers
//! - [`playready`] (cenc): PlayReady Header, PlayReady Object, key seed
//! - [`cpix`] (cenc): CPIX documents, by which key servers and packagers exchange keys
//! - [`signaling`] (cenc, playready): what DASH, HLS and Smooth manifests say of the protection
//! - [`keys`] (cenc, playready, cpix): where content keys come from, the store where they rest (features
//!   sqlite, postgres), and their way to licence servers (feature handoff)
//! - [`mp4`] (bmff, codec, cenc): clear init and fragments in, protected ones out, and the way back
//! - [`packaging`] (all above): what the operator asked for, applied to the tracks of a stream
//! - `elements` (all): the GStreamer elements, with feature `plugin`

pub mod bmff;
pub mod cenc;
pub mod codec;
pub mod cpix;
#[cfg(feature = "plugin")]
mod elements;
pub mod keys;
pub mod mp4;
pub mod packaging;
pub mod playready;
pub mod signaling;

#[cfg(feature = "plugin")]
use elements::register as plugin_init;

#[cfg(feature = "plugin")]
gst::plugin_define!(
    playready,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MPL-2.0",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_REPOSITORY"),
    env!("BUILD_REL_DATE")
);
