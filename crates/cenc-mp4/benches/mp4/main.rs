// SPDX-License-Identifier: MPL-2.0
//! Protects fragments in memory: measures the speed next to the bare ciphers, the growth of the cost, and the delay of a
//! live stream.
//!
//! Run `PLAYREADY_FILM=FILE cargo bench -p cenc-mp4`, with FILE from `benches/compare --film FILE`. Without a film only the
//! parts that need no video run.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a benchmark, of its own data"
)]

mod film;
mod growth;
mod live;

use aes::Aes128Enc;
use cenc_types::Scheme;
use cipher::{InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::Ctr64BE;
use film::Film;
use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use test_support::channel::Channel;
use test_support::encrypted::KEY;
use test_support::measure::{Variant, compare};

/// The counter block of the bare ciphers.
const IV: [u8; 16] = [0x51; 16];

/// Only the start of a film is read, so that either all of it fits the cache that the cores share, or hardly any of it.
const SIZES: [(usize, &str); 2] = [(2 << 20, "in the shared cache"), (256 << 20, "in memory")];

fn main() {
    match std::env::var_os("PLAYREADY_FILM") {
        Some(path) => {
            for (most, place) in SIZES {
                let film = Film::read(path.as_ref(), most);
                beside_ciphers(&film, place);
                in_chunks(&film, place);
                by_threads(&film, place);
                if most == SIZES[0].0 {
                    live::latency(&film);
                }
            }
        }
        None => println!("PLAYREADY_FILM is not set: nothing with video"),
    }
    live::channels();
    growth::all();
}

/// Runs all schemes over the film's fragments, and the ciphers alone over the same payload.
fn beside_ciphers(film: &Film, place: &str) {
    let total = film.media_len();
    let key = Aes128Enc::new(&KEY.into());
    let mut data = film.fragments.clone();
    let mut evp_data = film.fragments.clone();
    let mut evp = CipherCtx::new().unwrap();
    evp.encrypt_init(Some(Cipher::aes_128_ctr()), Some(&KEY), Some(&IV))
        .unwrap();
    let mut films = Scheme::ALL.map(|scheme| (scheme, film.clone()));
    let mut variants = vec![
        Variant::new("ctr crate over the payload", || {
            for fragment in &mut data {
                let core = InnerIvInit::inner_iv_init(&key, &IV.into());
                let mut stream: Ctr64BE<&Aes128Enc> = StreamCipherCoreWrapper::from_core(core);
                stream.apply_keystream(&mut fragment.media);
            }
        }),
        Variant::new("OpenSSL EVP, CTR over the payload", || {
            for fragment in &mut evp_data {
                let len = fragment.media.len();
                evp.cipher_update_inplace(&mut fragment.media, len).unwrap();
            }
        }),
    ];
    for (scheme, film) in &mut films {
        let scheme = *scheme;
        variants.push(Variant::new(format!("mp4, {scheme:?}"), move || {
            film.protect(scheme);
        }));
    }
    let count = film.fragments.len();
    compare(
        &format!("{count} fragments of A/V {place}"),
        total,
        variants,
    );
}

/// The chunks end anywhere, as those of a network source do: nearly every video sample spans several.
fn in_chunks(film: &Film, place: &str) {
    for scheme in Scheme::ALL {
        let ways = [
            ("payload in one chunk", usize::MAX),
            ("in chunks of 65536 bytes", 65_536),
            ("in chunks of 4096 bytes", 4096),
        ];
        let mut films = ways.map(|(name, len)| (name, len, film.clone()));
        let variants = films.iter_mut().map(|(name, len, film)| {
            let len = *len;
            Variant::new(*name, move || film.protect_chunks(scheme, len))
        });
        let title = format!("{scheme:?}, A/V {place}, by chunks");
        compare(&title, film.media_len(), variants.collect());
    }
}

/// Uses threads that live as long as the stream: on several fragments at a time, as for a file, or on one, as for a live
/// stream.
fn by_threads(film: &Film, place: &str) {
    for scheme in Scheme::ALL {
        let ways = [
            ("1 thread", 1, false),
            ("2 threads, a live stream", 2, false),
            ("2 threads, a file", 2, true),
        ];
        let mut streams = ways.map(|(name, threads, ahead)| {
            let mut channel = Channel::new(scheme, &film.init);
            channel.set_threads(threads, ahead);
            (name, channel, film.clone())
        });
        let variants = streams.iter_mut().map(|(name, channel, film)| {
            Variant::new(*name, move || film.protect_through(channel))
        });
        let title = format!("{scheme:?}, A/V {place}, by threads");
        compare(&title, film.media_len(), variants.collect());
    }
}
