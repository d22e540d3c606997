// SPDX-License-Identifier: MPL-2.0
//! The place of the files: a folder, or the streams that an application gives by signals.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;

use gio::prelude::*;
use gst::glib;
use gst::glib::subclass::Signal;
use gst::glib::subclass::SignalId;

use presentation_publisher::{FolderStore, PresentationStore};

use super::PlayReadySink;

const GET_SEGMENT_STREAM: &str = "get-segment-stream";
const GET_MANIFEST_STREAM: &str = "get-manifest-stream";
const DELETE_SEGMENT: &str = "delete-segment";

/// The place of the files.
pub(super) enum SinkStore {
    Folder(FolderStore),
    Application(ApplicationStore),
}

/// An application that stores what it gets.
pub(super) struct ApplicationStore {
    sink: PlayReadySink,
}

/// A file under way.
pub(super) enum SinkFile {
    Folder(File),
    Stream(ApplicationStream),
    /// The state of the presentation, which an application does not keep.
    Unwanted,
}

/// A stream of the application. One that is dropped before its file is complete is closed as cancelled, so that the application does not take the
/// file for complete: a `GFile` that is replaced then keeps its old content.
pub(super) struct ApplicationStream(gio::OutputStream);

impl ApplicationStream {
    /// Closes the stream of a complete file.
    fn finish(self) -> io::Result<()> {
        let closed = self.0.close(gio::Cancellable::NONE);
        closed.map_err(io::Error::other)
    }
}

impl Drop for ApplicationStream {
    fn drop(&mut self) {
        if !self.0.is_closed() {
            let cancelled = gio::Cancellable::new();
            cancelled.cancel();
            let _ = self.0.close(Some(&cancelled));
        }
    }
}

/// Returns the signals by which an application stores the files.
pub(super) fn signals() -> Vec<Signal> {
    let get_stream = |name| {
        Signal::builder(name)
            .param_types([String::static_type()])
            .return_type::<Option<gio::OutputStream>>()
            .run_last()
            .accumulator(
                |_, _, stream| match stream.get::<Option<gio::OutputStream>>() {
                    Ok(Some(_)) => ControlFlow::Break(stream.clone()),
                    _ => ControlFlow::Continue(stream.clone()),
                },
            )
            .build()
    };
    vec![
        get_stream(GET_SEGMENT_STREAM),
        get_stream(GET_MANIFEST_STREAM),
        Signal::builder(DELETE_SEGMENT)
            .param_types([String::static_type()])
            .run_last()
            .build(),
    ]
}

/// True if the application stores the segments.
pub(super) fn is_application(sink: &PlayReadySink) -> bool {
    SignalId::lookup(GET_SEGMENT_STREAM, sink.type_())
        .is_some_and(|id| glib::signal::signal_has_handler_pending(sink, id, None, false))
}

impl ApplicationStore {
    pub(super) const fn new(sink: PlayReadySink) -> Self {
        Self { sink }
    }

    fn stream(&self, name: &str) -> io::Result<gio::OutputStream> {
        let signal = match name.contains('/') {
            true => GET_SEGMENT_STREAM,
            false => GET_MANIFEST_STREAM,
        };
        let stream = self
            .sink
            .emit_by_name::<Option<gio::OutputStream>>(signal, &[&name]);
        stream.ok_or_else(|| {
            io::Error::other(format!(
                "no handler of the signal {signal} has returned a stream: connect one that does"
            ))
        })
    }
}

impl Write for SinkFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Folder(file) => file.write(bytes),
            Self::Stream(stream) => {
                let written = stream.0.write(bytes, gio::Cancellable::NONE);
                let written = written.map_err(io::Error::other)?;
                usize::try_from(written).map_err(io::Error::other)
            }
            Self::Unwanted => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Folder(file) => file.flush(),
            Self::Stream(_) | Self::Unwanted => Ok(()),
        }
    }
}

impl PresentationStore for SinkStore {
    type File = SinkFile;

    fn create(&mut self, name: &str) -> io::Result<SinkFile> {
        match self {
            Self::Folder(folder) => folder.create(name).map(SinkFile::Folder),
            Self::Application(_) if name.starts_with('.') => Ok(SinkFile::Unwanted),
            Self::Application(application) => {
                let stream = application.stream(name)?;
                Ok(SinkFile::Stream(ApplicationStream(stream)))
            }
        }
    }

    fn publish(&mut self, name: &str, file: SinkFile) -> io::Result<()> {
        match (self, file) {
            (Self::Folder(folder), SinkFile::Folder(file)) => folder.publish(name, file),
            (_, SinkFile::Stream(stream)) => stream.finish(),
            _ => Ok(()),
        }
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.remove(name),
            Self::Application(application) => {
                application
                    .sink
                    .emit_by_name::<()>(DELETE_SEGMENT, &[&name]);
                Ok(())
            }
        }
    }

    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Folder(folder) => folder.read(name),
            Self::Application(_) => Ok(None),
        }
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        match self {
            Self::Folder(folder) => folder.list(),
            Self::Application(_) => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use test_support::scratch::Scratch;

    use super::*;

    // GLib replaces the old file when the stream is closed, unless the cancellable is cancelled.
    #[test]
    fn file_that_does_not_become_complete_replaces_none() {
        let folder = Scratch::new("sink-store");
        let path = folder.write("manifest.mpd", "old");
        let stream = || {
            let file = gio::File::for_path(&path);
            let flags = gio::FileCreateFlags::NONE;
            let stream = file.replace(None, false, flags, gio::Cancellable::NONE);
            ApplicationStream(stream.unwrap().upcast())
        };
        let content = || std::fs::read_to_string(&path).unwrap();
        let mut file = SinkFile::Stream(stream());
        file.write_all(b"ne").unwrap();
        drop(file);
        assert_eq!(content(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let complete = stream();
        complete.0.write(b"new", gio::Cancellable::NONE).unwrap();
        complete.finish().unwrap();
        assert_eq!(content(), "new");
    }
}
