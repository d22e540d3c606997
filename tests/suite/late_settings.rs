// SPDX-License-Identifier: MPL-2.0
//! Every property of every element, set while a stream runs: it takes effect, or a warning says that it does not.

use std::ffi::OsStr;

use gst::glib;
use gst::prelude::*;

use crate::between::Between;
use crate::enc::{KEY, KID};
use crate::in_process;
use crate::launch;

const VIDEO: &str = "videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=64 ! x264enc tune=zerolatency ! h264parse";

#[test]
fn properties_are_taken_or_warned_about_while_a_stream_runs() {
    in_process::run("late_settings::sets_every_property", OsStr::new("all"));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn sets_every_property() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let key = format!("name=element key-id={KID} key={KEY}");
    let mut lines = vec![
        format!("playreadyenc {key}"),
        format!("cencenc {key}"),
        format!("clearkeydec {key}"),
        format!("{VIDEO} ! playreadymp4mux {key}"),
    ];
    if launch::has("cmafmux") {
        lines.push(format!("{VIDEO} ! playreadycmafmux {key}"));
    }
    for line in lines {
        let between = Between::play(&line, |_| Ok(gst::FlowSuccess::Ok));
        let element = &between.element;
        let own = element.list_properties().to_vec().into_iter();
        let own = own.filter(|spec| spec.owner_type() == element.type_());
        let mut set = 0;
        for spec in own.filter(|spec| spec.flags().contains(glib::ParamFlags::WRITABLE)) {
            set_late(&between, &spec);
            set += 1;
        }
        assert!(set >= 4, "{line}: {set} properties");
    }
}

fn set_late(between: &Between, spec: &glib::ParamSpec) {
    let (element, name) = (&between.element, spec.name());
    let is_readable = spec.flags().contains(glib::ParamFlags::READABLE);
    let read = || is_readable.then(|| shown(&element.property_value(name)));
    let before = read();
    let new = another_value(spec, is_readable.then(|| element.property_value(name)));
    element.set_property_from_value(name, &new);
    let case = format!("{}, {name}", element.factory().unwrap().name());
    if spec.flags().contains(gst::PARAM_FLAG_MUTABLE_PLAYING) {
        assert_eq!(between.messages(), Vec::<String>::new(), "{case}");
        assert_eq!(read(), Some(shown(&new)), "{case}");
        return;
    }
    assert_eq!(between.messages(), ["warning resource Settings"], "{case}");
    assert_eq!(read(), before, "{case}");
}

fn shown(value: &glib::Value) -> String {
    format!("{value:?}")
}

/// A valid value of a property, other than the current one.
fn another_value(spec: &glib::ParamSpec, now: Option<glib::Value>) -> glib::Value {
    if spec.value_type() == String::static_type() {
        return "another".to_value();
    }
    let now = now.expect("only texts are secret");
    if let Ok(number) = now.get::<u32>() {
        let range = spec.downcast_ref::<glib::ParamSpecUInt>().unwrap();
        return match number < range.maximum() {
            true => (number + 1).to_value(),
            false => (number - 1).to_value(),
        };
    }
    if let Ok(number) = now.get::<u64>() {
        return (number + 1).to_value();
    }
    if let Ok(flag) = now.get::<bool>() {
        return (!flag).to_value();
    }
    if let Some(class) = glib::FlagsClass::with_type(spec.value_type()) {
        return class.to_value_by_nick("common").unwrap();
    }
    let class = glib::EnumClass::with_type(spec.value_type()).unwrap();
    let (_, current) = glib::EnumValue::from_value(&now).unwrap();
    let other = class
        .values()
        .iter()
        .find(|value| value.value() != current.value());
    class.to_value(other.unwrap().value()).unwrap()
}
