// SPDX-License-Identifier: MPL-2.0
//! A key-encryption key from a passphrase: Argon2id (RFC 9106), version 0x13.

use argon2::{Algorithm, Argon2, Params, Version};
use host_access::Random;
use zeroize::Zeroizing;

use super::Error;
use super::database::Row;

/// The parameters of Argon2id, without the passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) salt: Vec<u8>,
    /// Memory in KiB.
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

/// The limits of the parameters, which come from a database that is not authenticated yet.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 64;

impl Stretch {
    /// Makes the parameters of the second recommended choice of RFC 9106, section 4 (64 MiB, 3 passes, 4 lanes), with a new salt of 16 bytes.
    pub(super) fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut salt = vec![0; 16];
        random.fill(&mut salt)?;
        Ok(Self {
            salt,
            memory_kib: 64 << 10,
            passes: 3,
            lanes: 4,
        })
    }

    /// Takes salt, memory, passes and lanes from a row; None if they are NULL.
    pub(super) fn from_row(row: &mut Row) -> Result<Option<Self>, Error> {
        let Some(salt) = row.optional_blob()? else {
            return Ok(None);
        };
        let mut number = |max| {
            u32::try_from(row.int()?)
                .ok()
                .filter(|number| *number <= max)
                .ok_or(Error::BadPassphraseParameters)
        };
        Ok(Some(Self {
            salt,
            memory_kib: number(MAX_MEMORY_KIB)?,
            passes: number(MAX_PASSES)?,
            lanes: number(MAX_LANES)?,
        }))
    }

    pub(super) fn key(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut key = Zeroizing::new([0; 32]);
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .and_then(|argon2| {
                argon2.hash_password_into(passphrase.as_bytes(), &self.salt, key.as_mut_slice())
            })
            .map_err(|_| Error::BadPassphraseParameters)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::decode_hex;

    use super::*;
    use crate::database::Value;

    // From test.c of the reference implementation of Argon2, Argon2id version 0x13.
    #[test]
    fn key_is_that_of_the_reference_implementation() {
        let stretch = Stretch {
            salt: b"somesalt".to_vec(),
            memory_kib: 256,
            passes: 2,
            lanes: 2,
        };
        let expected = "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037";
        let key = stretch.key("password").unwrap();
        assert_eq!(key.as_slice(), decode_hex(expected).unwrap().as_slice());
    }

    #[test]
    fn parameters_beyond_reason_are_refused() {
        for (memory, passes, lanes) in [
            (1 << 21, 3, 4),
            (65_536, 65, 4),
            (65_536, 3, 65),
            (-1, 3, 4),
        ] {
            let values = vec![
                Value::Blob(vec![0; 16]),
                Value::Int(memory),
                Value::Int(passes),
                Value::Int(lanes),
            ];
            let refused = Stretch::from_row(&mut Row::new(values));
            assert!(matches!(refused, Err(Error::BadPassphraseParameters)));
        }
    }
}
