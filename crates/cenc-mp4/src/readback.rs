// SPDX-License-Identifier: MPL-2.0
//! Reads a `moov` again before it is output, with the reader of decryption: what this reader does not find, no player finds.

use common_encryption::TrackProtection;
use isobmff_boxes::BoxTree;

use super::Error;
use super::auxiliary::is_pssh;
use super::decrypt::{EncryptedTrack, FoundScheme, read_tracks};

/// Checks that the sample entries of a `moov` say of each track how it is protected, or that it is clear, and that it has these
/// `pssh` boxes and no others.
///
/// # Errors
/// [`Error::UnreadableOutput`].
pub(super) fn check_moov(
    moov: &[u8],
    protections: &[Option<&TrackProtection>],
    pssh: &[BoxTree<'_>],
) -> Result<(), Error> {
    let moov = BoxTree::parse(moov).map_err(|_| Error::UnreadableOutput)?;
    let tracks = read_tracks(&moov).map_err(|_| Error::UnreadableOutput)?;
    let is_signaled = tracks.len() == protections.len()
        && tracks
            .iter()
            .zip(protections)
            .all(|(track, protection)| signals(track, *protection));
    match is_signaled && has_pssh_boxes(&moov, pssh) {
        true => Ok(()),
        false => Err(Error::UnreadableOutput),
    }
}

/// True if the `pssh` boxes of a `moov` or `moof`, those of PIFF included, are these in this order.
pub(super) fn has_pssh_boxes<'a>(parent: &BoxTree<'a>, expected: &[BoxTree<'a>]) -> bool {
    parent
        .children()
        .iter()
        .filter(|child| is_pssh(child))
        .eq(expected)
}

/// True if all sample entries of a track signal its protection.
fn signals(track: &EncryptedTrack, protection: Option<&TrackProtection>) -> bool {
    track.entries.iter().all(|entry| match (entry, protection) {
        (None, None) => true,
        (Some(entry), Some(protection)) => {
            let is_scheme = match entry.scheme {
                FoundScheme::Cenc(scheme) => scheme == protection.method.scheme,
                FoundScheme::Piff => true,
            };
            is_scheme
                && entry
                    .default
                    .as_ref()
                    .is_some_and(|found| found.states(&protection.tenc()))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as StdError;

    use cenc_types::{Scheme, Track};
    use common_encryption::{BoxFlavor, InitProtection, Protector};
    use test_support::build::{boxed, init};
    use test_support::encrypted::{FixedKey, KID};

    use super::*;
    use crate::init::protect_init;
    use crate::piff;

    /// One key, and boxes of two systems, of which one lists a KID.
    struct Signaled(BoxFlavor);

    impl Protector for Signaled {
        fn flavor(&self) -> BoxFlavor {
            self.0
        }

        fn protect(
            &mut self,
            tracks: &[Track],
        ) -> Result<InitProtection, Box<dyn StdError + Send + Sync>> {
            let fields: [&[u8]; 2] = [&[0, 0, 0, 2, 7, 8], &[0, 0, 0, 1, 9]];
            let listed = [[0, 0, 0, 1].as_slice(), &KID, fields[1]].concat();
            Ok(InitProtection {
                pssh: vec![
                    boxed(b"pssh", &[&[0; 4], b"a system by test", fields[0]]),
                    boxed(b"pssh", &[&[1, 0, 0, 0], b"another system!!", &listed]),
                ],
                ..FixedKey::new(Scheme::Cenc).protect(tracks)?
            })
        }
    }

    #[test]
    fn damage_of_what_was_written_is_found() {
        for flavor in [BoxFlavor::Cenc, BoxFlavor::Piff] {
            let mut protector = Signaled(flavor);
            let written = protect_init(&init(), &mut protector, &mut Default::default())
                .unwrap()
                .bytes;
            let moov_at = written.windows(4).position(|found| found == b"moov");
            let moov = &written[moov_at.unwrap() - 4..];
            let track = Track {
                track_id: 1,
                media: cenc_types::Media::Audio,
            };
            let protection = protector.protect(&[track]).unwrap();
            let protections = [protection.tracks[0].as_ref()];
            let pssh: Vec<_> = protection
                .pssh
                .iter()
                .map(|pssh| piff::pssh(flavor, pssh).unwrap())
                .collect();
            let check = |moov: &[u8]| check_moov(moov, &protections, &pssh);
            assert!(check(moov).is_ok());
            assert!(check_moov(moov, &[None], &pssh).is_err());
            assert!(check_moov(moov, &[], &pssh).is_err());
            for other in [&pssh[..1], &pssh[1..], &[&pssh[..], &pssh[..]].concat()] {
                assert!(check_moov(moov, &protections, other).is_err());
            }
            let is_damage_found = |at: usize| {
                let mut damaged = moov.to_vec();
                damaged[at] ^= 1;
                matches!(check(&damaged), Err(Error::UnreadableOutput))
            };
            for name in [b"sinf".as_slice(), b"tenc", b"enca", b"cenc", &KID] {
                // PIFF has names of its own.
                let at = moov.windows(name.len()).position(|found| found == name);
                assert!(at.is_none_or(is_damage_found), "{name:?}");
            }
            // The boxes of the systems are the last ones.
            let len: usize = pssh.iter().map(BoxTree::size).sum();
            for at in moov.len() - len..moov.len() {
                assert!(is_damage_found(at), "{flavor:?} byte {at}");
            }
        }
    }
}
