// SPDX-License-Identifier: MPL-2.0
//! The libraries without GStreamer: protects an MP4 stream from standard input and writes it to standard output.
//!
//! usage: protect_stream KEYS < clear.mp4 > protected.mp4, where KEYS is the absolute path of a `.keys` file, which is made
//! if it does not exist. The texts for manifests go to standard error.

use std::error::Error;
use std::io::{self, Read, Write};

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::Scheme;
use content_keys::{ContentRequest, open_key_file};
use host_access::Host;
use protection_policy::{Config, Controls, Packaging, Published, SampleKeys};

const BLOCK: usize = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let keys = std::env::args()
        .nth(1)
        .ok_or("usage: protect_stream KEYS < clear.mp4 > protected.mp4")?;
    let host = Host::system();
    let provider = open_key_file(
        &format!("file://{keys}"),
        &ContentRequest::new(Scheme::Cbcs),
        &host,
    )?;
    let mut packaging = Packaging::open(
        Config::new(Scheme::Cbcs, host),
        provider,
        SampleKeys::default(),
        std::sync::Arc::<Controls>::default(),
    )?;
    // Standard output cannot be patched, so a `sidx` waits for its sizes.
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let mut outputs = Vec::new();
    let mut stdin = io::stdin().lock();
    let mut stdout = io::stdout().lock();
    loop {
        let mut block = BytesMut::zeroed(BLOCK);
        let length = stdin.read(&mut block)?;
        if length == 0 {
            break;
        }
        block.truncate(length);
        encryptor.push(block, &mut packaging, &mut outputs)?;
        write_all(&mut stdout, &mut outputs, &packaging)?;
    }
    encryptor.finish(&mut packaging, &mut outputs)?;
    write_all(&mut stdout, &mut outputs, &packaging)?;
    stdout.flush()?;
    Ok(())
}

fn write_all(
    stdout: &mut impl Write,
    outputs: &mut Vec<Output<BytesMut>>,
    packaging: &Packaging,
) -> Result<(), Box<dyn Error>> {
    for output in outputs.drain(..) {
        match output {
            Output::Boxes {
                bytes,
                announcement,
                ..
            } => {
                if announcement.init
                    && let Some(signals) = packaging.signals()
                {
                    let published = Published::new(signals, packaging.config().scheme);
                    eprintln!("{}", published.content_protection.unwrap_or_default());
                    eprintln!("{}", published.hls_key.unwrap_or_default());
                }
                stdout.write_all(&bytes)?;
            }
            Output::Media(bytes) => stdout.write_all(&bytes)?,
            Output::Patch { .. } => return Err("standard output cannot be patched".into()),
        }
    }
    Ok(())
}
