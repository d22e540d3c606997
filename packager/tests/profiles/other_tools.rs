// SPDX-License-Identifier: MPL-2.0
//! Published files of other packagers.

use crate::Expected;

/// Files in the folder of vectors, with what their descriptions there lead to.
pub const VECTORS: [(&str, &[Expected]); 10] = [
    // Shaka Packager 3.8: the rest of a range is an entry of its own.
    (
        "peer/o-avc/enc-cenc.mp4",
        &[
            ("playready-3", &[]),
            ("playready-4", &[]),
            ("cmaf", &["pssh-in-moov"]),
            ("dash-if", &["pssh-in-moov"]),
            ("hbbtv", &["subsample-end"]),
        ],
    ),
    (
        "peer/o-avc/enc-cbcs.mp4",
        &[
            ("playready-3", &["header-version", "scheme-cbcs"]),
            ("playready-4", &[]),
            ("hbbtv", &["scheme-cbcs"]),
        ],
    ),
    (
        "peer/o-avc/enc-cbc1.mp4",
        &[
            ("playready-3", &["header-version", "scheme-cens-cbc1"]),
            ("playready-4", &["scheme-cens-cbc1"]),
            ("dash-if", &["pssh-in-moov", "scheme-cens-cbc1"]),
        ],
    ),
    // Key rotation, without a KID in the init segment.
    (
        "peer/o-rotation/enc-cenc.mp4",
        &[
            ("playready-3", &["seig-keys"]),
            ("playready-4", &["seig-keys"]),
            ("cmaf", &[]),
            ("dash-if", &["seig-keys", "tenc-kid-nil"]),
            ("hbbtv", &["subsample-end"]),
        ],
    ),
    // Two tracks in each fragment under one KID, with the box of W3C alone.
    (
        "enc/o-cenc-avc-aac/prog_8s_enc_dashinit.mp4",
        &[
            ("playready-3", &["kid-shared", "pssh-missing"]),
            ("dash-if", &["pssh-in-moov", "several-tracks"]),
            ("hbbtv", &["kid-shared", "several-trafs"]),
        ],
    ),
    // The boxes of PIFF, without tfdt.
    (
        "enc/o-piff-scheme-wma/audio.mp4",
        &[
            ("playready-3", &["pssh-missing"]),
            ("cmaf", &["brand-missing", "scheme-piff", "tfdt-missing"]),
            ("dash-if", &["scheme-piff", "tfdt-missing"]),
            ("hbbtv", &["scheme-piff", "tfdt-missing"]),
        ],
    ),
    // Progressive, IVs of 16 bytes, ranges of any length.
    (
        "enc/o-short-cenc/short-cenc.mp4",
        &[
            (
                "playready-3",
                &[
                    "iv-16",
                    "iv-16",
                    "pssh-missing",
                    "senc-in-moov",
                    "senc-in-moov",
                ],
            ),
            (
                "playready-4",
                &["pssh-missing", "senc-in-moov", "senc-in-moov"],
            ),
            (
                "cmaf",
                &[
                    "brand-missing",
                    "progressive",
                    "several-tracks",
                    "subsample-alignment",
                    "subsample-alignment",
                ],
            ),
            ("dash-if", &["progressive", "several-tracks"]),
            ("hbbtv", &["progressive"]),
        ],
    ),
    // A clear and a protected sample entry.
    (
        "struct/o-bipbop-cbcs-init/bipbop_cbcs_video_init.mp4",
        &[
            ("playready-4", &["clear-samples", "pssh-missing"]),
            ("hbbtv", &["scheme-cbcs"]),
        ],
    ),
    (
        "struct/o-av1-cbcs-clearlead/av1-clearkey-cbcs-video.mp4",
        &[
            ("playready-4", &["clear-samples", "pssh-missing"]),
            ("dash-if", &["pssh-in-moov"]),
        ],
    ),
    // An init segment with a PlayReady Header and LA_URL.
    (
        "struct/o-init-cenc-m4i/init_cenc_test.m4i",
        &[
            ("playready-3", &[]),
            ("playready-4", &[]),
            ("cmaf", &["brand-missing", "pssh-in-moov"]),
            ("dash-if", &["pssh-in-moov"]),
            ("hbbtv", &[]),
        ],
    ),
];
