// SPDX-License-Identifier: MPL-2.0
//! The end of a track's pipeline in the element: takes the output of the muxer, or text.

use std::sync::Arc;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::input_queue::{InputQueue, PadNumber};

/// The receiver of what comes to a collector.
pub(super) struct Destination {
    pub(super) pad: PadNumber,
    pub(super) queue: Arc<InputQueue>,
    /// True for text, false for the output of a muxer.
    pub(super) is_text: bool,
}

glib::wrapper! {
    /// Takes the output of a muxer, or text.
    pub struct Collector(ObjectSubclass<imp::Collector>)
        @extends gst::Element, gst::Object;
}

impl Collector {
    /// Creates a collector for a pad of the element.
    pub(super) fn new(name: &str, destination: Destination) -> Self {
        let collector: Self = glib::Object::builder().property("name", name).build();
        collector.imp().set_destination(destination);
        collector
    }

    /// Posts the end of the stream, when all that came is published.
    pub(super) fn post_end(&self) {
        let _ = self.post_message(gst::message::Eos::builder().src(self).build());
    }
}

mod imp {
    use std::sync::{LazyLock, OnceLock};

    use gst::glib;
    use gst::prelude::*;
    use gst::subclass::prelude::*;

    use crate::byte_stream::not_seekable;
    use crate::caps;
    use crate::playreadysink::CATEGORY;
    use crate::playreadysink::input_queue::TrackInput;
    use crate::playreadysink::text_input::{self, TextBuffer, TextEncoding, TextInput};

    use super::Destination;

    pub struct Collector {
        sinkpad: gst::Pad,
        destination: OnceLock<Destination>,
    }

    impl Collector {
        pub(super) fn set_destination(&self, destination: Destination) {
            let _ = self.destination.set(destination);
        }

        fn is_text(&self) -> bool {
            let destination = self.destination.get();
            destination.is_some_and(|destination| destination.is_text)
        }

        fn take(
            &self,
            pad: &gst::Pad,
            buffer: gst::Buffer,
        ) -> Result<gst::FlowSuccess, gst::FlowError> {
            if !self.is_text() {
                return self.push(TrackInput::Data(buffer));
            }
            let text = TextBuffer::new(pad, buffer).map_err(|error| {
                gst::error!(CATEGORY, imp = self, "{error}");
                gst::FlowError::Error
            })?;
            match text {
                Some(text) => self.push(TrackInput::Text(TextInput::Buffer(text))),
                None => Ok(gst::FlowSuccess::Ok),
            }
        }

        fn push(&self, input: TrackInput) -> Result<gst::FlowSuccess, gst::FlowError> {
            let destination = self.destination.get().ok_or(gst::FlowError::Flushing)?;
            destination.queue.push(destination.pad, input)?;
            Ok(gst::FlowSuccess::Ok)
        }

        fn set_flushing(&self, is_flushing: bool) {
            if let Some(Destination { pad, queue, .. }) = self.destination.get() {
                queue.set_flushing(*pad, is_flushing);
            }
        }

        fn event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
            match event.view() {
                // The element posts the end when everything is published.
                gst::EventView::Eos(_) => self.push(TrackInput::End).is_ok(),
                gst::EventView::FlushStart(_) => {
                    self.set_flushing(true);
                    true
                }
                gst::EventView::FlushStop(_) => {
                    self.set_flushing(false);
                    self.push(TrackInput::Flushed).is_ok()
                }
                gst::EventView::Caps(caps) if self.is_text() => {
                    match TextEncoding::of_caps(caps.caps()) {
                        Some(encoding) => {
                            let input = TrackInput::Text(TextInput::Encoding(encoding));
                            self.push(input).is_ok()
                        }
                        None => false,
                    }
                }
                gst::EventView::Tag(tag) if self.is_text() => {
                    let language = tag.tag().get::<gst::tags::LanguageCode>();
                    language.is_none_or(|language| {
                        let language = TextInput::Language(language.get().to_owned());
                        self.push(TrackInput::Text(language)).is_ok()
                    })
                }
                gst::EventView::Gap(gap) if self.is_text() => self
                    .push(TrackInput::Text(TextInput::gap(pad, gap)))
                    .is_ok(),
                _ => gst::Pad::event_default(pad, Some(&*self.obj()), event),
            }
        }

        fn query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
            match query.view_mut() {
                gst::QueryViewMut::Seeking(seeking) => not_seekable(seeking),
                gst::QueryViewMut::Allocation(_) => false,
                _ => gst::Pad::query_default(pad, Some(&*self.obj()), query),
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Collector {
        const NAME: &'static str = "GstPlayReadyCollector";
        type Type = super::Collector;
        type ParentType = gst::Element;

        fn with_class(class: &Self::Class) -> Self {
            let template = class.pad_template("sink").expect("pad_templates() has it");
            let failed = || Err(gst::FlowError::Error);
            let sinkpad = gst::Pad::builder_from_template(&template)
                .chain_function(move |pad, parent, buffer| {
                    Self::catch_panic_pad_function(parent, failed, |collector| {
                        collector.take(pad, buffer)
                    })
                })
                .chain_list_function(move |pad, parent, list| {
                    Self::catch_panic_pad_function(parent, failed, |collector| {
                        for buffer in crate::byte_stream::buffers_of(list) {
                            collector.take(pad, buffer)?;
                        }
                        Ok(gst::FlowSuccess::Ok)
                    })
                })
                .event_function(|pad, parent, event| {
                    Self::catch_panic_pad_function(parent, || false, |e| e.event(pad, event))
                })
                .query_function(|pad, parent, query| {
                    Self::catch_panic_pad_function(parent, || false, |e| e.query(pad, query))
                })
                .build();
            Self {
                sinkpad,
                destination: OnceLock::new(),
            }
        }
    }

    impl ObjectImpl for Collector {
        fn constructed(&self) {
            self.parent_constructed();
            let element = self.obj();
            // A bin waits for the end of each sink in it.
            element.set_element_flags(gst::ElementFlags::SINK);
            element
                .add_pad(&self.sinkpad)
                .expect("a new element has no pads");
            gst::trace!(CATEGORY, imp = self, "created");
        }
    }

    impl GstObjectImpl for Collector {}

    impl ElementImpl for Collector {
        /// Answers the latency query of the pipeline: what comes early waits in the queue, so that no track limits the latency of another.
        fn query(&self, query: &mut gst::QueryRef) -> bool {
            let gst::QueryViewMut::Latency(latency) = query.view_mut() else {
                return self.parent_query(query);
            };
            let mut upstream = gst::query::Latency::new();
            let is_known = self.sinkpad.peer_query(&mut upstream);
            let (is_live, least, _) = upstream.result();
            latency.set(is_live, least, gst::ClockTime::NONE);
            is_known
        }

        fn pad_templates() -> &'static [gst::PadTemplate] {
            static TEMPLATES: LazyLock<[gst::PadTemplate; 1]> = LazyLock::new(|| {
                let (direction, presence) = (gst::PadDirection::Sink, gst::PadPresence::Always);
                let mut caps = caps::mp4();
                caps.merge(text_input::caps());
                [gst::PadTemplate::new("sink", direction, presence, &caps)
                    .expect("name and caps are valid")]
            });
            &*TEMPLATES
        }
    }
}
