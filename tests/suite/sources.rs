// SPDX-License-Identifier: MPL-2.0
//! Keys from CPIX files, key stores and SPEKE servers, which the element gets through `key-uri`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, KekSource, KeyFilter, KeySlot, KeyState, KeyStore, Page};
use content_keys::ContentRequest;
use content_keys::{speke::KeyPeriod, speke::KeyRequest, speke::SpekeClient, speke::TrackRule};

use playready_header::SYSTEM_ID;

use crate::decrypt::{self, Keys, hex};
use crate::enc::{self, KEY, KID};
use crate::launch::Run;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::Twin;
use crate::scratch::Scratch;
use crate::speke_peer as peer;

const FRAGMENTED: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
const AUDIO_KID: &str = "a0a1a2a3-a4a5-4647-9849-aaabacadaeaf";
const AUDIO_KEY: &str = "3f92d08c61b74e05a9e8c7d6102b4f5a";

fn protect(properties: &str, folder: &Scratch, name: &str) -> Run {
    let element = format!("playreadyenc {properties}");
    enc::protect_file(&FRAGMENTED.clear(), 4096, &element, &folder.join(name))
}

fn check(folder: &Scratch, name: &str, keys: Keys) {
    let twin = Twin {
        clear: &FRAGMENTED.clear(),
        protected: &folder.join(name),
        keys,
    };
    twin.check_own();
    twin.check_cencbox();
}

/// A document with a key for video and one for audio, and with a box of another system.
fn cpix(pssh: &[u8]) -> String {
    let key = |kid: &str, key: &str| {
        let key = STANDARD.encode(decrypt::unhex(key));
        format!(
            "<ContentKey kid=\"{kid}\" commonEncryptionScheme=\"cenc\"><Data><p:Secret><p:PlainValue>{key}</p:PlainValue>\
             </p:Secret></Data></ContentKey>"
        )
    };
    let pssh = STANDARD.encode(pssh);
    format!(
        "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:p=\"urn:ietf:params:xml:ns:keyprov:pskc\" contentId=\"film\" version=\"2.3\">\
         <ContentKeyList>{}{}</ContentKeyList>\
         <DRMSystemList><DRMSystem systemId=\"abababab-abab-abab-abab-abababababab\" kid=\"{KID}\"><PSSH>{pssh}</PSSH></DRMSystem></DRMSystemList>\
         <ContentKeyUsageRuleList><ContentKeyUsageRule kid=\"{KID}\" intendedTrackType=\"VIDEO\"><VideoFilter/></ContentKeyUsageRule>\
         <ContentKeyUsageRule kid=\"{AUDIO_KID}\" intendedTrackType=\"AUDIO\"><AudioFilter/></ContentKeyUsageRule></ContentKeyUsageRuleList></CPIX>",
        key(KID, KEY),
        key(AUDIO_KID, AUDIO_KEY),
    )
}

#[test]
fn cpix_file_says_which_key_is_whose_and_what_goes_into_the_stream() {
    let folder = Scratch::new("sources");
    let pssh = [
        b"\0\0\0\x24pssh\0\0\0\0".as_slice(),
        &[0xab; 16],
        b"\0\0\0\x04data",
    ]
    .concat();
    let file = folder.write_secret("film.cpix", &cpix(&pssh));
    let uri = format!("key-uri=file://{}", file.display());
    protect(&uri, &folder, "protected.mp4").succeeded();
    let keys = Keys::one(KID, KEY).with(AUDIO_KID, AUDIO_KEY);
    check(&folder, "protected.mp4", keys);
    let movie = Movie::open(&folder.join("protected.mp4"));
    assert_eq!(movie.systems.len(), 2, "PlayReady's box and the given one");
    assert!(movie.file.windows(pssh.len()).any(|bytes| bytes == pssh));
    let kids: Vec<_> = movie
        .tracks
        .iter()
        .map(|track| track.entries[0].tenc.as_ref().unwrap().kid)
        .collect();
    assert_eq!(kids, [KID, AUDIO_KID].map(decrypt::unhex));
}

#[test]
fn cpix_file_without_a_rule_for_a_track_is_refused() {
    let folder = Scratch::new("sources");
    let document = cpix(b"").replace("<AudioFilter/>", "<VideoFilter minPixels=\"9999999\"/>");
    let document = document.replace("<PSSH></PSSH>", "");
    let file = folder.write_secret("film.cpix", &document);
    let run = protect(
        &format!("key-uri=file://{}", file.display()),
        &folder,
        "protected.mp4",
    );
    assert!(!run.status.success());
    assert!(
        run.stderr
            .contains("no usage rule of the CPIX document matches audio track"),
        "{}",
        run.stderr
    );
}

#[test]
fn packagers_that_share_a_store_use_the_same_keys() {
    let folder = Scratch::new("sources");
    let store = folder.join("store").join("keys.db");
    let uri = format!("key-uri=sqlite://{} content-id=channel", store.display());
    for name in ["first.mp4", "second.mp4"] {
        protect(&uri, &folder, name).succeeded();
    }
    let mut kek = store.clone().into_os_string();
    kek.push(".kek");
    let store = KeyStore::open(
        &format!("sqlite://{}", store.display()),
        &[KekSource::File(kek.into())],
        &host_access::Host::system(),
    );
    let key = store.unwrap().get_or_create_key(&KeySlot {
        content_id: "channel".into(),
        label: "ALL".into(),
        period: 0,
        mode: CipherMode::Ctr,
    });
    let key = key.unwrap();
    assert!(!key.is_new && key.info.state == KeyState::Active);
    for name in ["first.mp4", "second.mp4"] {
        let keys = Keys::one(&key.info.kid.to_string(), &hex(key.key.as_bytes()));
        check(&folder, name, keys);
    }
    let run = protect(
        &uri.replace("channel", "channel scheme=cbcs"),
        &folder,
        "cbcs.mp4",
    );
    assert!(
        run.stderr
            .contains("cenc, whose keys cannot be used with cbcs"),
        "{}",
        run.stderr
    );
    let run = protect(uri.split(' ').next().unwrap(), &folder, "none.mp4");
    assert!(run.stderr.contains("set content-id"), "{}", run.stderr);
}

#[test]
fn period_that_begins_makes_its_key_active_and_no_other_key() {
    let folder = Scratch::new("sources");
    let database = folder.join("store").join("keys.db");
    let uri = format!("sqlite://{}", database.display());
    let request = ContentRequest {
        content_id: Some("channel".into()),
        scheme: Scheme::Cenc,
        systems: Vec::new(),
        crypto_period: Some(std::time::Duration::from_secs(10)),
        by_clock: true,
    };
    let mut source = protection_policy::open(&uri, &request, &host_access::Host::system()).unwrap();
    let mut kek = database.into_os_string();
    kek.push(".kek");
    let store = KeyStore::open(
        &uri,
        &[KekSource::File(kek.into())],
        &host_access::Host::system(),
    )
    .unwrap();
    let states = || {
        let all = Page::first(100);
        let keys = store.keys(&KeyFilter::default(), &all).unwrap();
        keys.into_iter().map(|key| key.state).collect::<Vec<_>>()
    };
    source.period_keys(7).unwrap();
    source.record_period_start(7).unwrap();
    assert_eq!(states(), [KeyState::Active]);
    source.period_keys(8).unwrap();
    let rows = store.verify_audit().unwrap().rows;
    source.record_period_start(8).unwrap();
    let mut states = states();
    states.sort();
    assert_eq!(states, [KeyState::Active, KeyState::Draining]);
    // The audit has the two state changes, and no entry about a key that was handed out.
    assert_eq!(store.verify_audit().unwrap().rows, rows + 2);
}

#[test]
fn store_gives_keys_for_the_scheme_and_the_periods_of_a_content_only() {
    let folder = Scratch::new("sources");
    let database = folder.join("store").join("keys.db");
    let uri = format!("sqlite://{}", database.display());
    let host = host_access::Host::system();
    let request = |content_id: &str, scheme| ContentRequest {
        content_id: Some(content_id.into()),
        ..ContentRequest::new(scheme)
    };
    let opened = |request: &ContentRequest| {
        protection_policy::open(&uri, request, &host).map_err(|error| error.to_string())
    };
    // An unknown content is added for the scheme of its first packager.
    for (id, used) in Scheme::ALL.map(|scheme| (scheme.name(), scheme)) {
        opened(&request(id, used)).unwrap().period_keys(0).unwrap();
        for scheme in Scheme::ALL {
            match opened(&request(id, scheme)).err() {
                None => assert_eq!(scheme, used),
                Some(error) => {
                    assert_ne!(scheme, used);
                    assert!(error.contains(&format!("set scheme={used}")), "{error}");
                }
            }
        }
    }
    let mut kek = database.into_os_string();
    kek.push(".kek");
    let store = KeyStore::open(&uri, &[KekSource::File(kek.into())], &host).unwrap();
    let ten_seconds = Some(std::time::Duration::from_secs(10));
    store
        .put_content(&Content {
            crypto_period: ten_seconds,
            ..Content::new("news", Scheme::Cenc)
        })
        .unwrap();
    for (crypto_period, by_clock) in [
        (None, false),
        (ten_seconds, false),
        (Some(std::time::Duration::from_secs(5)), true),
    ] {
        let other = ContentRequest {
            crypto_period,
            by_clock,
            ..request("news", Scheme::Cenc)
        };
        let error = opened(&other).err().unwrap();
        for word in ["crypto-period=10000000000", "period-clock=utc"] {
            assert!(error.contains(word), "{error}");
        }
    }
    let right = ContentRequest {
        crypto_period: ten_seconds,
        by_clock: true,
        ..request("news", Scheme::Cenc)
    };
    assert!(opened(&right).is_ok());
}

#[test]
fn speke_server_gives_a_key_for_each_track_and_crypto_period() {
    let Some(peer) = peer::shared("speke_server_gives_a_key_for_each_track_and_crypto_period")
    else {
        return;
    };
    let folder = Scratch::new("sources");
    let address = peer.uri("/?speke-tracks=VIDEO,AUDIO");
    let properties =
        format!("key-uri={address} content-id=film crypto-period=1000000000 scheme=cbcs");
    protect(&properties, &folder, "protected.mp4").succeeded();
    let client = SpekeClient::open(&address, &host_access::Host::system()).unwrap();
    let mut keys = Keys::default();
    for index in 0..3 {
        let answer = client.request_keys(&KeyRequest {
            content_id: "film".into(),
            scheme: Scheme::Cbcs,
            tracks: ["VIDEO", "AUDIO"]
                .map(|label| TrackRule::from_label(label).unwrap())
                .into(),
            systems: vec![SYSTEM_ID],
            period: Some(KeyPeriod {
                index,
                bounds: None,
            }),
        });
        for key in answer.unwrap().keys {
            keys = keys.with(&key.kid.to_string(), &hex(key.key.as_bytes()));
        }
    }
    assert_eq!(keys.pairs().len(), 6);
    check(&folder, "protected.mp4", keys);
    let movie = Movie::open(&folder.join("protected.mp4"));
    let samples = movie.tracks.iter().flat_map(|track| &track.samples);
    let kids = samples.map(|sample| sample.protection.as_ref().unwrap().rules.kid);
    let kids: std::collections::BTreeSet<KeyId> = kids.map(KeyId::from_bytes).collect();
    assert_eq!(kids.len(), 6);
}
