// SPDX-License-Identifier: MPL-2.0
//! A sink pad of the bins: a ghost of the muxer's pad with its property.

use gst::glib;

glib::wrapper! {
    /// A ghost pad for a sink pad of the muxer.
    pub struct MuxPad(ObjectSubclass<imp::MuxPad>)
        @extends gst::GhostPad, gst::ProxyPad, gst::Pad, gst::Object;
}

mod imp {
    use std::sync::LazyLock;

    use gst::glib;
    use gst::prelude::*;
    use gst::subclass::prelude::*;

    #[derive(Default)]
    pub struct MuxPad;

    #[glib::object_subclass]
    impl ObjectSubclass for MuxPad {
        const NAME: &'static str = "GstPlayReadyMuxPad";
        type Type = super::MuxPad;
        type ParentType = gst::GhostPad;
    }

    impl ObjectImpl for MuxPad {
        fn properties() -> &'static [glib::ParamSpec] {
            static PROPERTIES: LazyLock<[glib::ParamSpec; 1]> = LazyLock::new(|| {
                [glib::ParamSpecUInt::builder("trak-timescale")
                    .nick("Track timescale")
                    .blurb("Timescale of the track in units per second, passed to the muxer's pad; 0 is automatic")
                    .build()]
            });
            &*PROPERTIES
        }

        fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
            if let Some(target) = self.obj().target() {
                target.set_property_from_value(spec.name(), value);
            }
        }

        fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
            let target = self.obj().target();
            target.map_or_else(
                || spec.default_value().clone(),
                |target| target.property_value(spec.name()),
            )
        }
    }

    impl GstObjectImpl for MuxPad {}
    impl PadImpl for MuxPad {}
    impl ProxyPadImpl for MuxPad {}
    impl GhostPadImpl for MuxPad {}
}
