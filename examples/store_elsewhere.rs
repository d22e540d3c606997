// SPDX-License-Identifier: MPL-2.0
//! A live channel on an HTTP origin: `playreadysink` gives its files to the application, which stores them by PUT and DELETE.
//!
//! A file is collected in memory and sent when the element closes its stream. The element waits for the answer, and it closes the
//! stream of a segment before it opens that of a manifest which names it. So a manifest never names a segment that the origin does
//! not have.
//!
//! usage: store_elsewhere ORIGIN KEYS, with GST_PLUGIN_PATH naming the folder of libgstplayready.so
//!
//! ORIGIN is the URL of a folder, such as http://origin.example.com/news, and KEYS a `.keys` file. The default features of `ureq`,
//! which this example does without, add https.

use std::error::Error;
use std::time::Duration;

use gio::prelude::*;
use gio::subclass::prelude::*;
use gst::glib;
use gst::prelude::*;

const PIPELINE: &str = "
    playreadysink name=out segment-duration=1000000000 window=4000000000
    videotestsrc is-live=true num-buffers=375 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1
    ! x264enc tune=zerolatency ! h264parse ! out.video_0
    audiotestsrc is-live=true num-buffers=646 ! avenc_aac ! aacparse ! out.audio_0";
/// The time for which the channel waits for the origin.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The folder of an HTTP server.
#[derive(Clone)]
struct Origin {
    url: String,
    agent: ureq::Agent,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(keys)) = (arguments.next(), arguments.next()) else {
        return Err("usage: store_elsewhere ORIGIN KEYS".into());
    };
    let origin = Origin::new(url)?;
    gst::init()?;
    let pipeline = gst::parse::launch(PIPELINE)?
        .downcast::<gst::Pipeline>()
        .map_err(|_| "not a pipeline")?;
    let out = pipeline.by_name("out").ok_or("no playreadysink")?;
    let key_uri = glib::filename_to_uri(std::path::absolute(keys)?, None)?;
    out.set_property("key-uri", key_uri);
    for signal in ["get-segment-stream", "get-manifest-stream"] {
        let origin = origin.clone();
        out.connect(signal, false, move |values| {
            let name = values.get(1)?.get().ok()?;
            let stream: Upload = glib::Object::new();
            let destination = (origin.clone(), name);
            stream.imp().destination.set(destination).ok()?;
            Some(stream.upcast::<gio::OutputStream>().to_value())
        });
    }
    out.connect("delete-segment", false, move |values| {
        let sink = values.first()?.get::<gst::Element>().ok()?;
        // The signal returns nothing, so a failure is posted as an error of the element.
        if let Err(error) = origin.delete(values.get(1)?.get().ok()?) {
            gst::element_error!(sink, gst::ResourceError::Write, ("{error}"));
        }
        None
    });
    pipeline.set_state(gst::State::Playing)?;
    let ended = wait_for_the_end(&pipeline);
    pipeline.set_state(gst::State::Null)?;
    ended
}

fn wait_for_the_end(pipeline: &gst::Pipeline) -> Result<(), Box<dyn Error>> {
    let bus = pipeline.bus().ok_or("no bus")?;
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &kinds);
    match message.ok_or("no message")?.view() {
        gst::MessageView::Error(error) => Err(error.error().message().into()),
        _ => Ok(()),
    }
}

impl Origin {
    fn new(url: String) -> Result<Self, Box<dyn Error>> {
        if !url.starts_with("http://") {
            return Err(format!("{url} does not start with http://").into());
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIME_LIMIT))
            // Every answer but a success is a failure: a redirected PUT would become a GET.
            .max_redirects(0)
            .http_status_as_error(false);
        let agent = config.build().new_agent();
        Ok(Self { url, agent })
    }

    fn put(&self, name: &str, body: &[u8]) -> Result<(), String> {
        let url = format!("{}/{name}", self.url);
        let media_type = match name.rsplit('.').next() {
            Some("mpd") => "application/dash+xml",
            Some("m3u8") => "application/vnd.apple.mpegurl",
            _ => "video/mp4",
        };
        let request = self.agent.put(&url).content_type(media_type);
        check(&format!("PUT {url}"), request.send(body))
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        let url = format!("{}/{name}", self.url);
        check(&format!("DELETE {url}"), self.agent.delete(&url).call())
    }
}

/// Returns an error unless a request has succeeded.
fn check(
    request: &str,
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("{request}: {}", answer.status())),
        Err(error) => Err(format!("{request}: {error}")),
    }
}

glib::wrapper! {
    /// The stream of a file that is stored when it is closed.
    pub struct Upload(ObjectSubclass<upload::Upload>) @extends gio::OutputStream;
}

mod upload {
    use std::cell::{OnceCell, RefCell};

    use gio::prelude::*;
    use gio::subclass::prelude::*;
    use gst::glib;

    use super::Origin;

    #[derive(Default)]
    pub struct Upload {
        /// The origin, and the name of the file.
        pub(super) destination: OnceCell<(Origin, String)>,
        body: RefCell<Vec<u8>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Upload {
        const NAME: &'static str = "Upload";
        type Type = super::Upload;
        type ParentType = gio::OutputStream;
    }

    impl ObjectImpl for Upload {}

    impl OutputStreamImpl for Upload {
        fn write(
            &self,
            data: &[u8],
            _cancellable: Option<&gio::Cancellable>,
        ) -> Result<usize, glib::Error> {
            self.body.borrow_mut().extend_from_slice(data);
            Ok(data.len())
        }

        fn close(&self, cancellable: Option<&gio::Cancellable>) -> Result<(), glib::Error> {
            // The element cancels the close of a file that is not complete.
            let is_complete = !cancellable.is_some_and(|cancellable| cancellable.is_cancelled());
            let Some((origin, name)) = self.destination.get().filter(|_| is_complete) else {
                return Ok(());
            };
            let put = origin.put(name, &self.body.borrow());
            put.map_err(|error| glib::Error::new(gio::IOErrorEnum::Failed, &error))
        }
    }
}
