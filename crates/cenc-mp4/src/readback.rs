// SPDX-License-Identifier: MPL-2.0
//! Reads a `moov` again before it is output, with the reader of decryption: what this reader does not find, no player finds.

use common_encryption::TrackProtection;
use isobmff_boxes::BoxTree;

use super::Error;
use super::decrypt::{EncryptedTrack, FoundScheme, read_tracks};

/// Checks that the sample entries of a `moov` say of each track how it is protected, or that it is clear.
///
/// # Errors
/// [`Error::UnreadableOutput`].
pub(super) fn check_moov(
    moov: &[u8],
    protections: &[Option<&TrackProtection>],
) -> Result<(), Error> {
    let tracks = BoxTree::parse(moov)
        .map_err(Error::from)
        .and_then(|moov| read_tracks(&moov))
        .map_err(|_| Error::UnreadableOutput)?;
    let is_signaled = tracks.len() == protections.len()
        && tracks
            .iter()
            .zip(protections)
            .all(|(track, protection)| signals(track, *protection));
    match is_signaled {
        true => Ok(()),
        false => Err(Error::UnreadableOutput),
    }
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
    use cenc_types::Scheme;
    use test_support::build::{ftyp, init};
    use test_support::encrypted::{FixedKey, KID};

    use super::*;
    use crate::init::protect_init;

    #[test]
    fn damage_of_what_was_written_is_found() {
        let mut protector = FixedKey::new(Scheme::Cenc);
        let written = protect_init(&init(), &mut protector, &mut Default::default())
            .unwrap()
            .bytes;
        let moov = &written[ftyp().len()..];
        let track = cenc_types::Track {
            track_id: 1,
            media: cenc_types::Media::Audio,
        };
        let protection = common_encryption::Protector::protect(&mut protector, &[track]).unwrap();
        let protections = [protection.tracks[0].as_ref()];
        assert!(check_moov(moov, &protections).is_ok());
        assert!(check_moov(moov, &[None]).is_err());
        assert!(check_moov(moov, &[]).is_err());
        for name in [b"sinf".as_slice(), b"tenc", b"enca", b"cenc", &KID] {
            let at = moov
                .windows(name.len())
                .position(|found| found == name)
                .unwrap();
            let mut damaged = moov.to_vec();
            damaged[at] ^= 1;
            let refused = check_moov(&damaged, &protections);
            assert!(matches!(refused, Err(Error::UnreadableOutput)), "{name:?}");
        }
    }
}
