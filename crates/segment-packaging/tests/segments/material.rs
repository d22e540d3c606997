// SPDX-License-Identifier: MPL-2.0
//! Clear fragments, keys, and a sink that keeps all that it gets.

use std::sync::Arc;

use bytes::BytesMut;
use cenc_types::{KeyId, Scheme};
use content_keys::SeedKeys;
use host_access::Host;
use isobmff_boxes::{BoxHeader, FourCc};
use playready_header::KeySeed;
use protection_policy::{Config, KeyChange, Packaging, SampleKeys};
use segment_packaging::{
    InitKeys, PushedFragment, SegmentProtector, SegmentSink, StartedFragment, StartedInit,
    StreamStart, StreamWarning,
};
use test_support::decrypt::{Keys, hex};

/// The KID of the first crypto period.
pub const KID: [u8; 16] = *b"a KID for tests.";
/// Microsoft's public test key seed.
const SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";

/// A sound track in three fragments, which start after 0, 0.384 and 0.768 seconds.
const SOUND: &[u8] = include_bytes!("../../../../fuzz/corpus/mp4/ffmpeg-sidx");

/// A clear stream.
pub struct ClearStream {
    pub init: Vec<u8>,
    /// Each with `moof` and `mdat`.
    pub fragments: Vec<Vec<u8>>,
}

impl ClearStream {
    /// The sound track of FFmpeg.
    pub fn sound() -> Self {
        let mut rest = SOUND;
        let boxes: Vec<&[u8]> = std::iter::from_fn(|| {
            let header = BoxHeader::read(rest, FourCc(*b"file")).ok()?;
            rest.split_off(..header.size_within(rest.len()).unwrap())
        })
        .collect();
        let fragments = boxes[3..9].chunks(2).map(<[_]>::concat);
        Self {
            init: boxes[..2].concat(),
            fragments: fragments.collect(),
        }
    }

    /// The whole stream, in the order in which its fragments are pushed.
    pub fn file(&self) -> Vec<u8> {
        [self.init.clone(), self.fragments.concat()].concat()
    }
}

/// Keys from a seed, one for each crypto period.
pub fn packaging(change: impl FnOnce(&mut Config)) -> Packaging {
    let seed = KeySeed::parse(SEED).unwrap();
    let keys = Box::new(SeedKeys::new(KeyId::from_bytes(KID), seed));
    let mut config = Config::new(Scheme::Cenc, Host::system());
    change(&mut config);
    Packaging::open(config, keys, SampleKeys::default(), Arc::default()).unwrap()
}

/// The keys of KIDs in the form of the independent decryptor.
pub fn keys_of(kids: &[KeyId]) -> Keys {
    let seed = KeySeed::parse(SEED).unwrap();
    let first = KeyId::from_bytes(KID);
    let pair = |kid: &KeyId| {
        let key = seed.content_key(kid);
        (hex(kid.as_bytes()), hex(key.as_bytes()))
    };
    let (kid, key) = pair(&first);
    kids.iter().fold(Keys::one(&kid, &key), |keys, kid| {
        let (kid, key) = pair(kid);
        keys.with(&kid, &key)
    })
}

/// What a sink gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Init(InitKeys),
    Fragment {
        track: usize,
        segment: u64,
        kid: Option<KeyId>,
    },
    Media {
        track: usize,
    },
    End {
        track: usize,
        segment: u64,
    },
    Keys(KeyChange),
    Warning(StreamWarning),
}

/// Keeps all that it gets.
#[derive(Debug, Default)]
pub struct Recorder {
    pub calls: Vec<Call>,
    /// The protected streams, each with one init segment.
    pub files: Vec<Vec<u8>>,
    /// The number of calls after which it fails.
    pub limit: Option<usize>,
}

/// The error of a sink.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sink is full")]
pub struct Full;

impl Recorder {
    fn note(&mut self, call: Call, bytes: &[u8]) -> Result<(), Full> {
        self.calls.push(call);
        self.files.last_mut().unwrap().extend(bytes);
        match self.limit == Some(self.calls.len()) {
            true => Err(Full),
            false => Ok(()),
        }
    }

    /// The KID of each fragment in turn.
    pub fn kids(&self) -> Vec<Option<KeyId>> {
        let kid = |call: &Call| match call {
            Call::Fragment { kid, .. } => Some(*kid),
            _ => None,
        };
        self.calls.iter().filter_map(kid).collect()
    }
}

impl SegmentSink<BytesMut> for Recorder {
    type Error = Full;

    fn start_part(&mut self, init: StartedInit<'_>) -> Result<(), Full> {
        self.files.push(Vec::new());
        self.note(Call::Init(init.keys.clone()), init.bytes)
    }

    fn start_fragment(&mut self, fragment: StartedFragment<'_>) -> Result<(), Full> {
        let StartedFragment {
            track,
            segment,
            kid,
            boxes,
        } = fragment;
        let call = Call::Fragment {
            track,
            segment,
            kid,
        };
        self.note(call, boxes)
    }

    fn write_media(&mut self, track: usize, media: BytesMut) -> Result<(), Full> {
        self.note(Call::Media { track }, &media)
    }

    fn end_segment(&mut self, track: usize, segment: u64) -> Result<(), Full> {
        self.note(Call::End { track, segment }, &[])
    }

    fn change_keys(&mut self, change: KeyChange) {
        self.calls.push(Call::Keys(change));
    }

    fn warn(&mut self, warning: StreamWarning) {
        self.calls.push(Call::Warning(warning));
    }
}

/// A protector whose sink keeps all that it gets.
pub type Recording = SegmentProtector<BytesMut, Recorder>;

/// Starts a stream on one thread.
pub fn start(init: &[u8], packaging: Packaging) -> Recording {
    start_on(StreamStart {
        init,
        packaging,
        threads: 1,
        looks_ahead: false,
    })
}

/// Starts a stream.
pub fn start_on(start: StreamStart<'_>) -> Recording {
    SegmentProtector::start(start, |init| {
        let mut sink = Recorder::default();
        sink.start_part(init)?;
        Ok(sink)
    })
    .unwrap()
}

/// Pushes fragments of the only track, each a segment of its own.
pub fn push_all(protector: &mut Recording, fragments: &[Vec<u8>]) {
    for (segment, fragment) in (1..).zip(fragments) {
        let pushed = PushedFragment {
            track: 0,
            segment,
            is_last: true,
        };
        protector
            .push(pushed, [BytesMut::from(fragment.as_slice())])
            .unwrap();
    }
}
