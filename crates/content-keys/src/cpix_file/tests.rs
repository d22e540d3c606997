// SPDX-License-Identifier: MPL-2.0
//! Compares the facts that a document states about its keys with their use.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host_access::SecretFileError;
use zeroize::Zeroizing;

use super::*;
use cenc_types::{Media, Track};

const KID: &str = "0c1d2e3f-4051-6273-8495-a6b7c8d9eafb";
const OTHER_KID: &str = "10000000-1000-1000-1000-100000000001";
const AUDIO: Track = Track {
    track_id: 2,
    media: Media::Audio,
};
const VIDEO: Track = Track {
    track_id: 1,
    media: Media::Video {
        width: 320,
        height: 240,
    },
};

/// A machine with one document.
struct OneDocument(String);

impl SecretFiles for OneDocument {
    fn read(&self, _: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        Ok(Zeroizing::new(self.0.clone()))
    }

    fn create(&self, _: &Path, _: &[u8]) -> Result<(), SecretFileError> {
        unreachable!("the document is there")
    }
}

fn key(kid: &str, scheme: &str) -> String {
    let scheme = match scheme {
        "" => String::new(),
        scheme => format!("commonEncryptionScheme='{scheme}'"),
    };
    format!(
        "<ContentKey kid='{kid}' {scheme}><Data><pskc:Secret><pskc:PlainValue>ABEiM0RVZneImaq7zN3u/w==\
         </pskc:PlainValue></pskc:Secret></Data></ContentKey>"
    )
}

fn keys(keys: &str, lists: &str, scheme: Scheme) -> Result<Arc<PeriodKeys>, Error> {
    requested(keys, lists, &ContentRequest::new(scheme))
}

fn requested(keys: &str, lists: &str, request: &ContentRequest) -> Result<Arc<PeriodKeys>, Error> {
    let host = Host {
        files: Arc::new(OneDocument(format!(
            "<CPIX xmlns='urn:dashif:org:cpix' xmlns:pskc='urn:ietf:params:xml:ns:keyprov:pskc'>\
             <ContentKeyList>{keys}</ContentKeyList>{lists}</CPIX>"
        ))),
        ..Host::system()
    };
    CpixFile::open("any.cpix".into(), request, &host)?.period_keys(0)
}

#[test]
fn key_is_used_with_its_scheme_only() {
    let schemes = [Scheme::Cenc, Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs];
    for used in schemes {
        assert!(keys(&key(KID, ""), "", used).is_ok());
        for stated in schemes {
            match keys(&key(KID, stated.name()), "", used).err() {
                None => assert_eq!(stated, used),
                Some(error) => {
                    assert_ne!(stated, used);
                    let remedy = format!("set scheme={stated}");
                    assert!(error.to_string().contains(&remedy), "{error}");
                }
            }
        }
        let hls = keys(&key(KID, "SAMPLE-AES"), "", used).err().unwrap();
        assert!(hls.to_string().contains("take a key for scheme"), "{hls}");
    }
}

#[test]
fn rule_for_a_track_of_another_scheme_is_refused_where_the_track_is() {
    let rules = format!(
        "<ContentKeyUsageRuleList><ContentKeyUsageRule kid='{KID}'><VideoFilter/></ContentKeyUsageRule>\
         <ContentKeyUsageRule kid='{OTHER_KID}'><AudioFilter/></ContentKeyUsageRule></ContentKeyUsageRuleList>"
    );
    let both = key(KID, "cenc") + &key(OTHER_KID, "cbcs");
    let keys = keys(&both, &rules, Scheme::Cenc).unwrap();
    let kid = keys.select(&VIDEO, 0).unwrap().unwrap().kid;
    assert_eq!(kid.to_string(), KID);
    let error = keys.select(&AUDIO, 0).err().unwrap().to_string();
    assert!(error.contains("set scheme=cbcs"), "{error}");
    // The PlayReady Header lists no key of another scheme.
    assert_eq!(keys.keys.entries().len(), 1);
    // A track that stays clear needs no key.
    let clear = keys.select_unless_clear(&AUDIO, 0, &[Selector::Audio]);
    assert!(clear.unwrap().is_none());
}

/// A `DRMSystem` with a PlayReady Object whose header names the KID with an algorithm.
fn playready(algorithm: &str) -> String {
    // The KID in GUID order.
    let kid = STANDARD.encode(b"\x3f\x2e\x1d\x0c\x51\x40\x73\x62\x84\x95\xa6\xb7\xc8\xd9\xea\xfb");
    let header: Vec<u8> = format!(
        "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.3.0.0\"><DATA>\
         <PROTECTINFO><KIDS><KID ALGID=\"{algorithm}\" VALUE=\"{kid}\"></KID></KIDS></PROTECTINFO></DATA></WRMHEADER>"
    )
    .encode_utf16()
    .flat_map(u16::to_le_bytes)
    .collect();
    let record_len = u16::try_from(header.len()).unwrap();
    let object_len = u32::from(record_len) + 10;
    let pssh = [
        &(object_len + 32).to_be_bytes(),
        b"pssh\0\0\0\0".as_slice(),
        b"\x9a\x04\xf0\x79\x98\x40\x42\x86\xab\x92\xe6\x5b\xe0\x88\x5f\x95",
        &object_len.to_be_bytes(),
        &object_len.to_le_bytes(),
        b"\x01\0\x01\0",
        &record_len.to_le_bytes(),
        &header,
    ]
    .concat();
    format!(
        "<DRMSystemList><DRMSystem kid='{KID}' systemId='9a04f079-9840-4286-ab92-e65be0885f95'><PSSH>{}</PSSH>\
         </DRMSystem></DRMSystemList>",
        STANDARD.encode(pssh)
    )
}

#[test]
fn playready_object_is_for_the_mode_of_the_scheme() {
    for (algorithm, scheme, fits) in [
        ("AESCTR", Scheme::Cenc, true),
        ("AESCBC", Scheme::Cbcs, true),
        ("AESCBC", Scheme::Cenc, false),
        ("AESCTR", Scheme::Cbcs, false),
    ] {
        let error = keys(&key(KID, ""), &playready(algorithm), scheme).err();
        assert_eq!(error.is_none(), fits, "{algorithm} {scheme}: {error:?}");
        if let Some(error) = error {
            assert!(error.to_string().contains("ALGID"), "{error}");
        }
    }
}

// CPIX 2.4: start and end of a period are by the clock, their offsets by the presentation.
#[test]
fn period_is_used_at_its_time_only() {
    let ten_seconds = ContentRequest {
        crypto_period: Some(std::time::Duration::from_secs(10)),
        ..ContentRequest::new(Scheme::Cenc)
    };
    let by_clock = ContentRequest {
        by_clock: true,
        ..ten_seconds.clone()
    };
    let offset = "startOffset='PT0S' endOffset='PT10S'";
    let longer = "startOffset='PT0S' endOffset='PT12S'";
    let clock = "start='1970-01-01T00:00:00Z' end='1970-01-01T00:00:10Z'";
    let later = "start='1970-01-01T00:00:05Z' end='1970-01-01T00:00:15Z'";
    for (bounds, request, is_right) in [
        ("", &ten_seconds, true),
        ("", &by_clock, true),
        (offset, &ten_seconds, true),
        (offset, &by_clock, false),
        (longer, &ten_seconds, false),
        (clock, &by_clock, true),
        (clock, &ten_seconds, false),
        (later, &by_clock, false),
        // Without a length, the application decides when a period starts.
        (later, &ContentRequest::new(Scheme::Cenc), true),
    ] {
        let lists = format!(
            "<ContentKeyPeriodList><ContentKeyPeriod id='p' index='0' {bounds}/></ContentKeyPeriodList>"
        );
        let found = requested(&key(KID, ""), &lists, request);
        assert_eq!(found.is_ok(), is_right, "{bounds} {:?}", found.err());
        if !is_right {
            let error = requested(&key(KID, ""), &lists, request).err().unwrap();
            assert!(error.to_string().contains("at another time"), "{error}");
        }
    }
}
