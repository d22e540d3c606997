// SPDX-License-Identifier: MPL-2.0
//! Smooth Streaming in GStreamer's demuxer, which reads the client manifest and requests the fragments from a web server.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use test_support::decrypt::{self, Keys};
use test_support::movie::Movie;
use test_support::{launch, tools};

use crate::folder::{AUDIO_KEY, Folder, VIDEO_KEY};

/// A web server on 127.0.0.1 that serves a folder until the test ends; returns its address.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client may open several, and close one early.
            let folder = folder.clone();
            std::thread::spawn(move || answer(connection, &folder));
        }
    });
    address
}

fn answer(mut connection: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.trim_start_matches('/').replace("%28", "(");
    let path = path.replace("%29", ")").replace("%3D", "=");
    let (status, body) = match fs::read(folder.join(path)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let len = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n"
    )?;
    connection.write_all(&body)
}

// mssdemux takes codecs, KIDs and times out of the manifest, qtdemux samples, IVs and subsamples out of the fragments, clearkeydec the keys.
#[test]
fn gstreamer_demuxes_the_samples_of_the_film() {
    const NAME: &str = "package::gstreamer_demuxes";
    let Some(folder) = Folder::new("demuxed") else {
        return;
    };
    if let Some(element) = launch::missing(&["souphttpsrc", "mssdemux", "qtdemux"]) {
        return tools::skip(NAME, &format!("no element {element}"));
    }
    let codecs = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -pix_fmt yuv420p";
    folder.film("film.mp4", "160x90", 6, codecs);
    folder.package("film.mp4 --output out --segment-duration 2s --manifests smooth");
    let address = serve(folder.path("out"));
    let branch = |pad: &str, [kid, key]: [&str; 2]| {
        let output = folder.path(pad);
        format!(
            "demux.{pad} ! queue ! qtdemux ! clearkeydec key-id={kid} key={key} ! filesink location={}",
            output.display()
        )
    };
    let line = format!(
        "souphttpsrc location=http://{address}/Manifest ! application/vnd.ms-sstr+xml ! mssdemux name=demux {} {}",
        branch(
            "video_00",
            ["b0b1b2b3-b4b5-4647-9849-4a4b4c4d4e4f", VIDEO_KEY]
        ),
        branch(
            "audio_00",
            ["c0c1c2c3-c4c5-4647-9849-4a4b4c4d4e4f", AUDIO_KEY]
        ),
    );
    // The demuxers find a track only if there is a decryptor by rank and system.
    let run = launch::Run::of(
        launch::command()
            .env("GST_PLUGIN_FEATURE_RANK", "clearkeydec:MARGINAL")
            .arg("-q")
            .args(launch::words(&line)),
    );
    run.succeeded();
    let clear = Movie::open(&folder.path("film.mp4"));
    for (pad, handler) in [("video_00", b"vide"), ("audio_00", b"soun")] {
        let no_keys = Keys::one(&"0".repeat(32), &"0".repeat(32));
        let samples = decrypt::samples(&clear, clear.track(handler), &no_keys);
        let found = fs::read(folder.path(pad)).unwrap();
        assert!(found == samples.concat(), "{pad}: {} bytes", found.len());
    }
}
