// SPDX-License-Identifier: MPL-2.0
//! The structures that qtdemux 1.22 gave for files that Bento4 protected, with KID and bytes of another file.

use std::str::FromStr;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::*;
use cenc_types::ContentKey;
use common_encryption::{IvSource, SampleKey};

const KID: [u8; 16] = [0xc0; 16];
const CENC: &str = "application/x-cenc, iv_size=(uint)16, encrypted=(boolean)true, \
    kid=(buffer)c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0, cipher-mode=(string)cenc, \
    iv=(buffer)01020304050607080000000000000000, subsample_count=(uint)1, subsamples=(buffer)035400001920;";
const CBCS_VIDEO: &str = "application/x-cenc, iv_size=(uint)16, encrypted=(boolean)true, \
    kid=(buffer)c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0, crypt_byte_block=(uint)1, skip_byte_block=(uint)9, \
    iv=(buffer)01020304050607080000000000000000, cipher-mode=(string)cbcs, subsample_count=(uint)1, \
    subsamples=(buffer)02f400001980;";
const CBCS_AUDIO: &str = "application/x-cenc, iv_size=(uint)0, encrypted=(boolean)true, \
    kid=(buffer)c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0, constant_iv_size=(uint)16, \
    iv=(buffer)01020304050607080000000000000000, cipher-mode=(string)cbcs;";

fn structure(text: &str) -> gst::Structure {
    gst::init().unwrap();
    gst::Structure::from_str(text).unwrap()
}

fn iv() -> Iv {
    Iv::new(&[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap()
}

fn written(scheme: Scheme, pattern: Pattern, map: &[(u16, u32)]) -> gst::Structure {
    gst::init().unwrap();
    let map = map.iter();
    let subsamples: Vec<_> = map
        .map(|&(clear_bytes, protected_bytes)| Subsample {
            clear_bytes,
            protected_bytes,
        })
        .collect();
    let sample = ProtectedSample {
        iv: iv(),
        subsamples: &subsamples,
    };
    metas(scheme, pattern).sample(&sample)
}

fn metas(scheme: Scheme, pattern: Pattern) -> Metas {
    gst::init().unwrap();
    let key = ContentKey::from_bytes(Zeroizing::new([7; 16]));
    let ivs = IvSource::new(scheme, iv()).unwrap();
    let key = SampleKey::new(KeyId::from_bytes(KID), &key, scheme, ivs);
    Metas::new(&TrackProtection {
        key: Arc::new(key),
        method: EncryptionMethod { scheme, pattern },
        root_kid: None,
    })
}

/// Structures compare buffers by their address: their text has the bytes.
fn fields(structure: &gst::StructureRef) -> Vec<String> {
    let field = |(name, value): (_, &gst::glib::SendValue)| match value.get::<gst::Buffer>() {
        Ok(buffer) => format!("{name}={:?}", buffer.map_readable().unwrap().as_slice()),
        Err(_) => format!("{name}={value:?}"),
    };
    let mut fields: Vec<_> = structure.iter().map(field).collect();
    fields.sort();
    fields
}

#[test]
fn fields_are_those_of_qtdemux() {
    let cenc = written(Scheme::Cenc, Pattern::NONE, &[(0x354, 0x1920)]);
    assert_eq!(fields(&cenc), fields(&structure(CENC)));
    let cbcs = written(Scheme::Cbcs, Pattern::ONE_IN_TEN, &[(0x2f4, 0x1980)]);
    assert_eq!(fields(&cbcs), fields(&structure(CBCS_VIDEO)));
}

#[test]
fn sample_that_is_protected_whole_says_so_by_a_count_of_zero() {
    let audio = written(Scheme::Cbcs, Pattern::NONE, &[]);
    assert_eq!(audio.get("subsample_count"), Ok(0u32));
    assert_eq!(audio.get("iv_size"), Ok(16u32));
    for absent in ["subsamples", "crypt_byte_block", "constant_iv_size"] {
        assert!(!audio.has_field(absent), "{absent}");
    }
}

#[test]
fn what_qtdemux_says_is_understood() {
    for (text, scheme, pattern, map) in [
        (CENC, Scheme::Cenc, Pattern::NONE, Some((0x354, 0x1920))),
        (
            CBCS_VIDEO,
            Scheme::Cbcs,
            Pattern::ONE_IN_TEN,
            Some((0x2f4, 0x1980)),
        ),
        (CBCS_AUDIO, Scheme::Cbcs, Pattern::NONE, None),
    ] {
        let found = read(&structure(text), Scheme::Cens).unwrap().unwrap();
        assert_eq!(found.kid, Some(KeyId::from_bytes(KID)));
        assert_eq!(found.method, EncryptionMethod { scheme, pattern });
        assert_eq!(found.iv, iv());
        let subsamples = found.subsamples.iter();
        let subsamples = subsamples.map(|s| (s.clear_bytes, s.protected_bytes));
        assert_eq!(subsamples.collect::<Vec<_>>(), Vec::from_iter(map));
    }
    let unnamed = structure(&CENC.replace("cipher-mode", "unknown"));
    let found = read(&unnamed, Scheme::Cens).unwrap().unwrap();
    assert_eq!(found.method.scheme, Scheme::Cens);
}

#[test]
fn clear_buffer_in_a_protected_stream_is_clear() {
    gst::init().unwrap();
    let info = metas(Scheme::Cenc, Pattern::NONE).clear();
    assert_eq!(info.get("encrypted"), Ok(false));
    assert_eq!(read(&info, Scheme::Cenc), Ok(None));
}

#[test]
fn fields_that_cannot_be_are_refused() {
    for (field, other) in [
        ("iv_size=(uint)16", "iv_size=(uint)8"),
        ("iv_size=(uint)16", "iv_size=(uint)0"),
        ("iv_size=(uint)16", "iv_size=(string)16"),
        ("encrypted=(boolean)true", "encrypted=(string)yes"),
        ("kid=(buffer)c0", "kid=(buffer)"),
        ("iv=(buffer)0102", "iv=(buffer)"),
        ("subsamples=(buffer)0354", "subsamples=(buffer)"),
        ("subsample_count=(uint)1", "subsample_count=(uint)2"),
        (
            "subsample_count=(uint)1",
            "subsample_count=(uint)4000000000",
        ),
        ("subsamples=", "other="),
        ("cipher-mode=(string)cenc", "cipher-mode=(string)cbc2"),
        ("cipher-mode=(string)cenc", "crypt_byte_block=(uint)16"),
    ] {
        let text = CENC.replace(field, other);
        assert_ne!(text, CENC, "{field}");
        assert!(read(&structure(&text), Scheme::Cenc).is_err(), "{other}");
    }
}
