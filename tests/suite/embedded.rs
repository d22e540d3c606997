// SPDX-License-Identifier: MPL-2.0
//! Leaf licences in the `moof` boxes, from the application and from a CPIX document: `key-change=embedded`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gst::prelude::*;

use crate::boxes::top_level;
use crate::decrypt::{self, unhex};
use crate::enc;
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::periods::{all_keys, key_of};
use crate::samples;
use crate::scratch::Scratch;

const SECOND: u64 = 1_000_000_000;
const RECIPE: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);
/// The KID of the root key.
const ROOT: &str = "f0f1f2f3f4f5464798494a4b4c4d4e4f";
const PLAYREADY: &str = "9a04f079-9840-4286-ab92-e65be0885f95";

/// The leaf licence of a period, which only has to be found again.
fn leaf(period: u8) -> Vec<u8> {
    format!("leaf licence of period {period}").into_bytes()
}

/// A PlayReady Object with an embedded licence store, [MS] PlayReady Header Object, record type 3.
fn object(store: &[u8]) -> Vec<u8> {
    let len = |bytes: usize| u16::try_from(bytes).unwrap().to_le_bytes();
    let record = [&[3, 0], &len(store.len())[..], store].concat();
    let size = u32::try_from(record.len() + 6).unwrap().to_le_bytes();
    [&size[..], &[1, 0], &record].concat()
}

/// A `pssh` of PlayReady, ISO/IEC 23001-7 clause 8.1.
fn pssh(object: &[u8]) -> Vec<u8> {
    let be = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
    let system = unhex(PLAYREADY);
    [
        &be(32 + object.len())[..],
        b"pssh\0\0\0\0",
        &system,
        &be(object.len()),
        object,
    ]
    .concat()
}

/// Checks a stream with three crypto periods of a second: an ONDEMAND header without KIDs and the root's KID in the init segment, and in
/// each fragment its own KID and licence, and no other one.
fn check(file: Vec<u8>, clear: &Movie) {
    let movie = Movie::parse(file);
    let entry = movie.tracks[0].entries[0].tenc.as_ref().unwrap();
    assert_eq!(entry.kid, unhex(ROOT));
    let pieces = top_level(&movie.file);
    let moov = pieces.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let [header] = moov.all(b"pssh")[..] else {
        panic!("one pssh for PlayReady");
    };
    let units = header.body().as_chunks::<2>().0.iter();
    let text = String::from_utf16_lossy(
        &units
            .map(|unit| u16::from_le_bytes(*unit))
            .collect::<Vec<_>>(),
    );
    assert!(
        text.contains("<DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>"),
        "{text}"
    );
    assert!(!text.contains("<KID"), "{text}");
    let moofs = pieces.iter().filter(|piece| &piece.kind == b"moof");
    let mut count = 0;
    for (period, moof) in (0..).zip(moofs) {
        let [own] = moof.all(b"pssh")[..] else {
            panic!("period {period}: one pssh for PlayReady");
        };
        for other in 0..3 {
            let licence = leaf(other);
            let has = own
                .body()
                .windows(licence.len())
                .any(|bytes| bytes == licence);
            assert_eq!(has, other == period, "period {period}");
        }
        count += 1;
    }
    assert_eq!(count, 3);
    for (index, sample) in movie.tracks[0].samples.iter().enumerate() {
        let [kid, _] = key_of(u8::try_from(index / 25).unwrap(), 0);
        let rules = &sample.protection.as_ref().unwrap().rules;
        assert_eq!(rules.kid, unhex(&kid), "sample {index}");
    }
    let of = |movie: &Movie| decrypt::samples(movie, &movie.tracks[0], &all_keys());
    assert_eq!(samples::differing(&of(clear), &of(&movie)), [0; 0]);
}

#[test]
fn licences_of_the_application_are_in_the_fragments_of_their_keys() {
    in_process::run("embedded::answers", RECIPE.clear().as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn answers() {
    let Some(clear) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let folder = Scratch::new("embedded");
    let out = folder.join("out.mp4");
    let pipeline = in_process::pipeline(&format!(
        "filesrc location={} ! queue ! playreadyenc name=enc key-change=embedded crypto-period={SECOND} ! filesink location={}",
        clear.display(),
        out.display()
    ));
    let element = pipeline.by_name("enc").unwrap();
    element.connect("request-key", false, |values| {
        let question: gst::Structure = values[1].get().unwrap();
        let period = u8::try_from(question.get::<u64>("period").unwrap()).unwrap();
        let [kid, key] = key_of(period, 0);
        let answer = gst::Structure::builder("keys")
            .field("key-id", kid)
            .field("key", key)
            .field("root-key-id", ROOT)
            .field("license-store", STANDARD.encode(leaf(period)));
        Some(Some(answer.build()).to_value())
    });
    in_process::run_to_the_end(&pipeline);
    let clear = Movie::open(std::path::Path::new(&clear));
    check(std::fs::read(out).unwrap(), &clear);
}

#[test]
fn licences_of_a_cpix_document_are_in_the_fragments_of_their_keys() {
    let folder = Scratch::new("embedded");
    let uuid = |hex: &str| {
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
        parts.join("-")
    };
    let root = uuid(ROOT);
    let (mut keys, mut systems, mut periods, mut rules) = Default::default();
    let add = |to: &mut String, text: String| to.push_str(&text);
    add(&mut keys, format!("<ContentKey kid=\"{root}\"/>"));
    // Periods are requested ahead, so there are more than the stream has.
    for period in 0..8 {
        let [kid, key] = key_of(period, 0);
        let (kid, key) = (uuid(&kid), STANDARD.encode(unhex(&key)));
        add(
            &mut keys,
            format!(
                "<ContentKey kid=\"{kid}\" dependsOnKey=\"{root}\"><Data><p:Secret><p:PlainValue>{key}</p:PlainValue></p:Secret></Data>\
                 </ContentKey>"
            ),
        );
        let licence = STANDARD.encode(pssh(&object(&leaf(period))));
        add(
            &mut systems,
            format!(
                "<DRMSystem systemId=\"{PLAYREADY}\" kid=\"{kid}\"><PSSH>{licence}</PSSH></DRMSystem>"
            ),
        );
        add(
            &mut periods,
            format!("<ContentKeyPeriod id=\"p{period}\" index=\"{period}\"/>"),
        );
        add(
            &mut rules,
            format!(
                "<ContentKeyUsageRule kid=\"{kid}\" intendedTrackType=\"VIDEO\"><KeyPeriodFilter periodId=\"p{period}\"/><VideoFilter/>\
                 </ContentKeyUsageRule>"
            ),
        );
    }
    let document = format!(
        "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:p=\"urn:ietf:params:xml:ns:keyprov:pskc\" contentId=\"film\" version=\"2.4\">\
         <ContentKeyList>{keys}</ContentKeyList><DRMSystemList>{systems}</DRMSystemList>\
         <ContentKeyPeriodList>{periods}</ContentKeyPeriodList><ContentKeyUsageRuleList>{rules}</ContentKeyUsageRuleList></CPIX>"
    );
    let file = folder.write_secret("film.cpix", &document);
    let element = format!(
        "playreadyenc key-change=embedded crypto-period={SECOND} key-uri=file://{}",
        file.display()
    );
    let out = folder.join("out.mp4");
    enc::protect_file(&RECIPE.clear(), 4096, &element, &out).succeeded();
    check(std::fs::read(out).unwrap(), &Movie::open(&RECIPE.clear()));
}
