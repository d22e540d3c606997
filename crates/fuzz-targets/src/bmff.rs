// SPDX-License-Identifier: MPL-2.0
//! Every box reader over any bytes, and every writer over what was read.

use cenc_mp4::description::TrackDescription;
use cenc_types::Pssh;
use codec_headers::configuration::{
    Ac4Configuration, AudioSpecificConfig, Av1Configuration, AvcConfiguration, DtsConfiguration,
    Eac3Configuration, FlacConfiguration, HevcConfiguration, IamfConfiguration, VpConfiguration,
    VvcConfiguration,
};
use isobmff_boxes::{
    BoxHeader, BoxTree, CodedColours, Emsg, EntryLayout, Esds, FourCc, Reader, SampleEntry, Sidx,
    Tfhd, Tkhd, TrackPresentation, Trex, Trun, build_stsd, map_tfra, read_handler_type,
    read_language,
};

/// Reads `data` as a box, and as the body of each box that has a reader.
pub fn bmff(data: &[u8]) {
    read_bodies(data);
    let _ = BoxHeader::read(data, FourCc(*b"file"));
    if let Ok(tree) = BoxTree::parse(data) {
        let mut out = Vec::new();
        tree.write(&mut out).expect("less than 4 GiB");
        assert_eq!(out.len(), tree.size());
        assert_eq!(BoxTree::parse(&out).as_ref(), Ok(&tree));
        visit(&tree);
    }
}

fn visit(tree: &BoxTree<'_>) {
    read_bodies(tree.body());
    if let Ok(described) = TrackDescription::read(tree) {
        // No type of a sample entry may end a value in a manifest.
        assert!(!described.codecs.contains(['"', '<', '&', '\n']));
    }
    tree.children().iter().for_each(visit);
}

fn read_bodies(body: &[u8]) {
    let reader = || Reader::new(FourCc(*b"test"), body);
    let _ = (read_handler_type(reader()), Tkhd::read(reader()));
    let _ = (Trex::read(reader()), Pssh::read(reader()));
    let _ = Emsg::read(reader());
    let _ = (Esds::read(reader()), CodedColours::read(reader()));
    let _ = (TrackPresentation::read(reader()), read_language(reader()));
    read_configurations(body);
    if let Ok(tfhd) = Tfhd::read(reader())
        && body.first() == Some(&0)
    {
        assert_eq!(tfhd.to_box().body(), body);
    }
    if let Ok(trun) = Trun::read(reader()) {
        let count = if trun.has_sizes() {
            trun.sample_count
        } else {
            0
        };
        assert_eq!(u32::try_from(trun.sizes().count()), Ok(count));
        assert_eq!(trun.to_box().body(), body);
    }
    if let Ok(sidx) = Sidx::read(reader()) {
        let written = sidx
            .to_box(sidx.first_offset, &sidx.sizes().collect::<Vec<_>>())
            .expect("the sizes fitted");
        assert_eq!(written.body(), body);
    }
    if let Ok(same) = map_tfra(&BoxTree::leaf(FourCc::TFRA, body.to_vec()), Some) {
        assert!(body.starts_with(same.body()));
    }
    if let Ok(entries) = SampleEntry::read_all(reader()) {
        read_entries(body, &entries);
    }
}

/// Reads a body as each decoder configuration.
fn read_configurations(body: &[u8]) {
    let _ = AvcConfiguration::read(body).map(|avc| avc.colours());
    let _ = HevcConfiguration::read(body).map(|hevc| hevc.colours());
    let _ = (VvcConfiguration::read(body), Av1Configuration::read(body));
    let _ = (VpConfiguration::read(body), IamfConfiguration::read(body));
    let _ = (
        AudioSpecificConfig::read(body),
        FlacConfiguration::read(body),
    );
    if let Ok(eac3) = Eac3Configuration::read(body) {
        assert!(eac3.channels() <= 21);
    }
    if let Ok(ac4) = Ac4Configuration::read(body) {
        let _ = ac4.presentation.map(|first| first.channels());
    }
    if let Ok(dts) = DtsConfiguration::read_ddts(body) {
        assert!(dts.channels() <= 25);
    }
}

fn read_entries(body: &[u8], entries: &[SampleEntry<'_>]) {
    let child = BoxTree::leaf(FourCc::SINF, vec![1]);
    let mut written = Vec::new();
    for entry in entries {
        let _ = entry.visual_size();
        for (layout, format) in [
            (EntryLayout::Visual, FourCc::ENCV),
            (EntryLayout::Audio, FourCc::ENCA),
            (EntryLayout::Other, FourCc::ENCT),
        ] {
            let _ = entry.child(layout, FourCc::PSSH);
            let Ok(longer) = entry.with_child(layout, format, &child) else {
                continue;
            };
            let sinf = SampleEntry {
                format,
                body: longer.body(),
                ..*entry
            }
            .sinf();
            assert!(sinf.expect("it was written").is_some());
            written.push(longer);
        }
    }
    build_stsd(Reader::new(FourCc::STSD, body), &written).expect("it was read before");
}
