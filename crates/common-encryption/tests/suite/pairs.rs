// SPDX-License-Identifier: MPL-2.0
//! The ciphers on every sample of the shared pairs, with each pair's own IVs and subsamples.

use common_encryption::{SampleCipher, SampleDecryptor};
use test_support::pairs;

#[test]
fn every_sample_of_every_pair_is_encrypted_to_the_same_bytes() {
    let test = "every_sample_of_every_pair_is_encrypted_to_the_same_bytes";
    pairs::each(test, pairs::From::Clear, |sample, with| {
        let cipher = SampleCipher::new(&with.key);
        let done = cipher.encrypt(with.method, &with.iv, sample, &with.subsamples);
        done.unwrap();
    });
}

#[test]
fn every_sample_of_every_pair_is_decrypted_to_the_clear_bytes() {
    let test = "every_sample_of_every_pair_is_decrypted_to_the_clear_bytes";
    pairs::each(test, pairs::From::Protected, |sample, with| {
        let decryptor = SampleDecryptor::new(&with.key);
        let done = decryptor.decrypt(with.method, &with.iv, sample, &with.subsamples);
        done.unwrap();
    });
}
