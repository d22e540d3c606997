// SPDX-License-Identifier: MPL-2.0
//! The constant IV of `cbcs`: that of the property `iv`, else that of the source, else one that follows from the key, so that
//! packagers with one key write fragments for each other's init segments.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::CipherMode;
use content_key_store::{KekSource, KeySlot, KeyStore};

use crate::boxes::top_level;
use crate::decrypt::{Keys, hex, unhex};
use crate::enc::{self, KEY, KID};
use crate::launch::{self, Run};
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::{self, Twin};
use crate::scratch::Scratch;
use crate::speke_peer as peer;
use crate::tools;

const CLEAR: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);
/// An IV that no source derives.
const OF_PROPERTY: &str = "0102030405060708090a0b0c0d0e0f10";
const OF_SOURCE: &str = "a1a2a3a4a5a6a7a8a9aaabacadaeafb0";
/// The public seed of Microsoft's test server, and the key that its documentation shows for this KID.
const SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
const SEED_KID: &str = "bd3c3069-fbcc-4862-9595-64a4d3e1afba";
const SEED_KEY: &str = "3d16ac0854d55b0c39af43331adfee50";

/// A source of keys, and the IV without the property.
struct Source {
    name: &'static str,
    properties: String,
    iv: String,
}

/// The IV that the documents describe, by another implementation.
fn derived(kid: &str, key: &str) -> String {
    let script = "import hmac, sys; kid, key = map(bytes.fromhex, sys.argv[1:]); \
                  print(hmac.new(key, b'gst-plugin-playready cbcs constant IV' + kid, 'sha256').hexdigest()[:32])";
    let kid = hex(&unhex(kid));
    let run = Run::of(Command::new(tools::python()).args(["-c", script, &kid, key]));
    run.succeeded().stdout.trim().to_owned()
}

/// A CPIX document with one key; `iv` is an attribute.
fn cpix(iv: &str) -> String {
    format!(
        "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:p=\"urn:ietf:params:xml:ns:keyprov:pskc\" contentId=\"film\" version=\"2.3\">\
         <ContentKeyList><ContentKey kid=\"{KID}\" commonEncryptionScheme=\"cbcs\" {iv}><Data><p:Secret><p:PlainValue>{}\
         </p:PlainValue></p:Secret></Data></ContentKey></ContentKeyList></CPIX>",
        STANDARD.encode(unhex(KEY))
    )
}

fn sources(folder: &Scratch) -> Vec<Source> {
    let given = format!("explicitIV=\"{}\"", STANDARD.encode(unhex(OF_SOURCE)));
    let file = |name: &str, content: &str| {
        format!(
            "key-uri=file://{}",
            folder.write_secret(name, content).display()
        )
    };
    let mut sources = vec![
        Source {
            name: ".keys without IV",
            properties: file("plain.keys", &format!("* {KID} {KEY}\n")),
            iv: derived(KID, KEY),
        },
        Source {
            name: ".keys with IV",
            properties: file("iv.keys", &format!("* {KID} {KEY} {OF_SOURCE}\n")),
            iv: OF_SOURCE.to_owned(),
        },
        Source {
            name: "key seed",
            properties: format!("key-id={SEED_KID} key-seed={SEED}"),
            iv: derived(SEED_KID, SEED_KEY),
        },
        Source {
            name: "CPIX without explicitIV",
            properties: file("plain.cpix", &cpix("")),
            iv: derived(KID, KEY),
        },
        Source {
            name: "CPIX with explicitIV",
            properties: file("iv.cpix", &cpix(&given)),
            iv: OF_SOURCE.to_owned(),
        },
    ];
    if let Some(peer) = peer::shared("constant_ivs with a SPEKE server") {
        sources.push(Source {
            name: "SPEKE with explicitIV",
            properties: format!("key-uri={} content-id=film", peer.uri("/explicit-iv")),
            iv: "22".repeat(16),
        });
    }
    sources
}

fn constant_iv(file: &Path) -> String {
    let movie = Movie::open(file);
    hex(&movie.tracks[0].entries[0]
        .tenc
        .as_ref()
        .unwrap()
        .constant_iv)
}

#[test]
fn property_comes_before_the_source_and_the_source_before_what_follows_from_the_key() {
    let folder = Scratch::new("constant-ivs");
    for Source {
        name,
        properties,
        iv,
    } in sources(&folder)
    {
        for (property, expected) in [
            (String::new(), &*iv),
            (format!("iv={OF_PROPERTY}"), OF_PROPERTY),
        ] {
            let element = format!("playreadyenc scheme=cbcs {properties} {property}");
            let file = folder.join("protected.mp4");
            enc::protect_file(&CLEAR.clear(), 4096, &element, &file).succeeded();
            assert_eq!(constant_iv(&file), expected, "{name} {property}");
        }
    }
}

/// The time for which each key is used. It is so long that no test sees its end.
const PERIOD: Duration = Duration::from_hours(24 * 30);

/// The first bytes of a file up to its first fragment, and the others.
fn parted(file: &[u8]) -> (&[u8], &[u8]) {
    let pieces = top_level(file);
    let first = pieces.iter().find(|piece| piece.kind == *b"moof");
    file.split_at(first.unwrap().start)
}

#[test]
fn fragments_of_one_packager_decode_with_the_init_segment_of_the_other() {
    let folder = Scratch::new("redundant-cbcs");
    let database = folder.join("store").join("keys.db");
    let [first, second] = ["smpte", "ball"].map(|pattern| {
        let [clear, protected] = ["clear", "cbcs"].map(|kind| folder.join(&format!("{pattern}-{kind}.mp4")));
        launch::pipeline(&format!(
            "videotestsrc num-buffers=50 pattern={pattern} ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
             ! x264enc speed-preset=ultrafast key-int-max=25 ! h264parse ! {MP4MUX} ! filesink location={}",
            clear.display()
        ))
        .succeeded();
        let element = format!(
            "playreadyenc scheme=cbcs key-uri=sqlite://{} content-id=channel period-clock=utc crypto-period={}",
            database.display(),
            PERIOD.as_nanos()
        );
        enc::protect_file(&clear, 4096, &element, &protected).succeeded();
        (clear, protected)
    });
    let (ours, theirs) = (
        std::fs::read(&first.1).unwrap(),
        std::fs::read(&second.1).unwrap(),
    );
    let swapped = [parted(&ours).0, parted(&theirs).1].concat();
    assert_ne!(parted(&ours).1, parted(&theirs).1);
    let swapped = folder.write("swapped.mp4", swapped);

    let mut kek = database.clone().into_os_string();
    kek.push(".kek");
    let uri = format!("sqlite://{}", database.display());
    let store = KeyStore::open(
        &uri,
        &[KekSource::File(kek.into())],
        &host_access::Host::system(),
    );
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let key = store
        .unwrap()
        .get_or_create_key(&KeySlot {
            content_id: "channel".into(),
            label: "ALL".into(),
            period: now.unwrap().as_secs() / PERIOD.as_secs(),
            mode: CipherMode::Cbc,
        })
        .unwrap();
    assert!(!key.is_new);
    let (kid, key) = (key.info.kid.to_string(), hex(key.key.as_bytes()));
    assert_eq!(constant_iv(&swapped), derived(&kid, &key));
    let twin = Twin {
        clear: &second.0,
        protected: &swapped,
        keys: Keys::one(&kid, &key),
    };
    twin.check("cbcs");
    samples::decodes_by_ffmpeg8(&swapped, &key);
}
