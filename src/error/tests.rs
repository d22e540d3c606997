// SPDX-License-Identifier: MPL-2.0
//! Each kind of error has the domain and the code that docs/elements.md says.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use cenc_mp4::{DecryptionError, Error as Mp4Error, OtherFormat};
use cenc_types::{IvSize, KeyId, Media, Scheme, Track};
use codec_headers::Error as CodecError;
use content_keys::Error as KeyError;
use gst::ResourceError as Resource;
use gst::StreamError as Stream;
use host_access::SecretFileError;
use isobmff_boxes::FourCc;
use protection_policy::Error as SetupError;

use super::codes::{ErrorCode, PostedError};
use super::{StoppedDownstream, UnmappableBuffer};
use crate::cencenc::StreamError;
use crate::clear_caps::FormatError;
use crate::clearkeydec::DecryptError;
use crate::settings::SettingsError;

const TRACK: Track = Track {
    track_id: 1,
    media: Media::Audio,
};
const KID: KeyId = KeyId::from_bytes([7; 16]);
const UNKNOWN: [u8; 4] = *b"xvid";
const NO_RULE: CodecError = CodecError::Unsupported { format: UNKNOWN };
const NO_CONFIG: CodecError = CodecError::MissingConfig { format: UNKNOWN };

/// Errors of one kind, which share a code.
struct Kind {
    code: ErrorCode,
    errors: Vec<Box<dyn TestedError>>,
}

trait TestedError: PostedError + Error {}

impl<E: PostedError + Error> TestedError for E {}

fn kind<const N: usize>(code: impl Into<ErrorCode>, errors: [Box<dyn TestedError>; N]) -> Kind {
    Kind {
        code: code.into(),
        errors: errors.into(),
    }
}

fn boxed(error: impl TestedError + 'static) -> Box<dyn TestedError> {
    Box::new(error)
}

fn codec(source: CodecError) -> Box<dyn TestedError> {
    boxed(Mp4Error::Codec {
        track_id: 1,
        source,
    })
}

fn io() -> std::io::Error {
    std::io::Error::other("no")
}

/// The errors about the order and the format of the input.
fn of_the_format() -> [Kind; 2] {
    let position = 0;
    [
        kind(
            Stream::Format,
            [
                boxed(Mp4Error::NotMp4(OtherFormat::Matroska)),
                boxed(Mp4Error::CoarseInterleaving { limit: 1 }),
                boxed(Mp4Error::MediaBeforeMoov),
                boxed(Mp4Error::MediaWithoutMoof),
                boxed(Mp4Error::SamplesInMoov),
                boxed(Mp4Error::Rewrites { position }),
                boxed(Mp4Error::ProgressivePiff),
                boxed(Mp4Error::ProgressivePeriods),
                codec(NO_CONFIG),
                boxed(StreamError::Format(FormatError::Codec(NO_CONFIG))),
                boxed(StreamError::Format(FormatError::NotFramed(
                    gst::Caps::new_any(),
                ))),
                boxed(StreamError::Format(FormatError::NoSize(
                    gst::Caps::new_any(),
                ))),
                boxed(StreamError::NoCaps),
                boxed(DecryptError::NoType(gst::Caps::new_any())),
                boxed(DecryptError::Jump { from: 1, to: 2 }),
                boxed(DecryptError::Mp4(Mp4Error::NotMp4(OtherFormat::Unknown))),
            ],
        ),
        kind(
            Stream::WrongType,
            [
                codec(NO_RULE),
                codec(CodecError::UnsupportedFeature { feature: "SVC" }),
                boxed(Mp4Error::AlreadyProtected { by: FourCc::MOOV }),
                boxed(Mp4Error::SchemeForFormat {
                    track_id: 1,
                    format: FourCc(UNKNOWN),
                    scheme: Scheme::Cbcs,
                    reason: "of no rule",
                }),
                boxed(StreamError::Format(FormatError::Codec(NO_RULE))),
                boxed(StreamError::AlreadyProtected),
                boxed(StreamError::OtherKind {
                    required: "audio",
                    found: "video",
                }),
            ],
        ),
    ]
}

/// The errors of input that is damaged, or cannot be protected.
fn of_the_media() -> [Kind; 3] {
    let (track_id, position) = (1, 0);
    [
        kind(
            Stream::Demux,
            [
                boxed(Mp4Error::NoMoov),
                boxed(Mp4Error::NoTracks),
                boxed(Mp4Error::NoSamples),
                boxed(Mp4Error::NoSampleEntry { track_id }),
                boxed(Mp4Error::DuplicateTrack { track_id }),
                boxed(Mp4Error::HandlerMismatch {
                    track_id,
                    format: FourCc(UNKNOWN),
                    handler: FourCc(*b"soun"),
                }),
                boxed(Mp4Error::SharedMedia { position }),
                boxed(Mp4Error::BadIndex { position }),
                boxed(Mp4Error::SamplesElsewhere { position }),
                boxed(Mp4Error::UnclaimedMedia { position }),
                boxed(Mp4Error::Incomplete {
                    inside: FourCc::MOOF,
                }),
            ],
        ),
        kind(
            Stream::NotImplemented,
            [
                boxed(Mp4Error::Unsupported(FourCc::MOOV)),
                boxed(Mp4Error::CompressedMoov),
                boxed(Mp4Error::TooLarge {
                    what: "a box",
                    limit: 1,
                }),
            ],
        ),
        kind(
            Stream::Encode,
            [
                boxed(Mp4Error::NothingToEncrypt {
                    track_id,
                    scheme: Scheme::Cbcs,
                }),
                boxed(Mp4Error::NothingProtected {
                    track_id,
                    samples: 1,
                }),
                boxed(Mp4Error::UnreadableOutput),
                boxed(Mp4Error::WrittenWrong {
                    position,
                    fault: "senc",
                }),
                boxed(StreamError::Sample {
                    pts: None,
                    reason: NO_CONFIG.into(),
                }),
            ],
        ),
    ]
}

/// The errors of decryption.
fn of_decryption() -> [Kind; 2] {
    let missing = common_encryption::MissingKey(KID);
    [
        kind(
            Stream::DecryptNokey,
            [
                boxed(DecryptError::NoKey(missing)),
                boxed(DecryptError::NoKid),
                boxed(DecryptError::Mp4(Mp4Error::Decryption(missing.into()))),
            ],
        ),
        kind(
            Stream::Decrypt,
            [
                boxed(DecryptError::NoMeta),
                boxed(DecryptError::LongLead(64)),
                boxed(DecryptError::Cenc(common_encryption::Error::MapMismatch)),
                boxed(Mp4Error::Decryption(DecryptionError::Information {
                    track_id: 1,
                    reason: "is missing",
                })),
            ],
        ),
    ]
}

/// The errors of keys.
fn of_keys() -> [Kind; 3] {
    let path = PathBuf::from("x.keys");
    [
        kind(
            Resource::NotFound,
            [
                boxed(SettingsError::NoKey),
                boxed(SettingsError::OnlyKeyId),
                boxed(SetupError::Keys(KeyError::NoKey(TRACK))),
                boxed(SetupError::Keys(KeyError::NoRule(TRACK))),
                boxed(SetupError::Keys(KeyError::NoPeriod { period: 1 })),
                boxed(SetupError::Keys(KeyError::NotDelivered(KID))),
                boxed(SetupError::NothingProtected),
                boxed(SetupError::ProtectionChanged {
                    track: TRACK,
                    period: 1,
                }),
                boxed(Mp4Error::Protection(Box::new(SetupError::Keys(
                    KeyError::NoKey(TRACK),
                )))),
                boxed(StreamError::Setup(SetupError::Keys(KeyError::NoKey(TRACK)))),
            ],
        ),
        kind(
            Resource::NotAuthorized,
            [boxed(KeyError::File(SecretFileError::TooOpen {
                path: path.clone(),
                mode: 0o644,
            }))],
        ),
        kind(
            Resource::OpenRead,
            [
                boxed(KeyError::NoKek),
                boxed(KeyError::NoContentId),
                boxed(KeyError::BadUri),
                boxed(KeyError::Source(Box::new(io()))),
                boxed(KeyError::File(SecretFileError::TooLong { path })),
                boxed(KeyError::Pending {
                    limit: Duration::from_secs(1),
                }),
            ],
        ),
    ]
}

/// The errors of settings and of the machine.
fn of_settings() -> [Kind; 5] {
    let failed = gst::glib::bool_error!("no memory");
    [
        kind(
            Resource::Settings,
            [
                boxed(SettingsError::NoKeyId),
                boxed(SettingsError::SeveralKeys),
                boxed(SettingsError::Setup(SetupError::Piff)),
                boxed(SetupError::NoPeriods),
                boxed(SetupError::PiffPeriods),
                boxed(SetupError::PsshBase64),
                boxed(SetupError::TooManyKeys),
                boxed(SetupError::FirstIv {
                    kid: KID,
                    scheme: Scheme::Cenc,
                }),
                boxed(SetupError::IvSizeChanged {
                    kid: KID,
                    first: IvSize::Eight,
                    second: IvSize::Sixteen,
                }),
                boxed(KeyError::ContentScheme {
                    stored: Scheme::Cbcs,
                    requested: Scheme::Cenc,
                }),
                boxed(StreamError::LeftClear(TRACK)),
            ],
        ),
        kind(
            Resource::Failed,
            [
                boxed(KeyError::Thread(io())),
                boxed(KeyError::RequestsEnded),
                boxed(Mp4Error::Threads(io())),
            ],
        ),
        kind(
            Resource::Read,
            [boxed(Mp4Error::Input(Box::new(gst::FlowError::Error)))],
        ),
        kind(
            Resource::NoSpaceLeft,
            [
                boxed(UnmappableBuffer(failed)),
                boxed(StreamError::Unmappable),
                boxed(DecryptError::Unmappable),
            ],
        ),
        kind(
            Stream::Failed,
            [boxed(StoppedDownstream(gst::FlowError::NotLinked))],
        ),
    ]
}

#[test]
fn each_kind_of_error_has_its_domain_and_code() {
    gst::init().unwrap();
    let kinds = of_the_format()
        .into_iter()
        .chain(of_the_media())
        .chain(of_decryption())
        .chain(of_keys())
        .chain(of_settings());
    let document = include_str!("../../docs/elements.md");
    for Kind { code, errors } in kinds {
        let (domain, name) = match code {
            ErrorCode::Stream(code) => ("STREAM", format!("{code:?}")),
            ErrorCode::Resource(code) => ("RESOURCE", format!("{code:?}")),
        };
        let name = documented(&name);
        assert!(
            document.contains(&format!("`{domain}/{name}`")),
            "{domain}/{name} is not in docs/elements.md"
        );
        for error in errors {
            assert_eq!(error.code(), code, "{error:?}: {error}");
        }
    }
}

/// The name of a code in C, from its name in Rust.
fn documented(name: &str) -> String {
    let mut written = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_uppercase());
    }
    written
}
