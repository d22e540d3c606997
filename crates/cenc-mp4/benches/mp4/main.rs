// SPDX-License-Identifier: MPL-2.0
//! Fragments in memory through the packager: its speed beside the bare ciphers, how cost grows, and what a live stream waits.
//!
//! `PLAYREADY_FILM=FILE cargo bench -p cenc-mp4`, FILE being what `benches/compare --film FILE` makes; without it only what needs no
//! video is run.

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

/// Of a film only its start is taken, so that all of it stays in the cache that the cores share, or none does.
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

/// All schemes over the film's fragments, with the ciphers alone over the same payload.
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

/// Chunks that end anywhere, as a network source pushes them: nearly every video sample lies in several.
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

/// By workers that live as long as the stream: fragments side by side, as in a file, or each by itself, as in a live stream.
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
