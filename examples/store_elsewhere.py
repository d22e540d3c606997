#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A live channel on an HTTP origin: playreadysink gives its files to the application, which stores them by PUT and DELETE.

A file is collected in memory and sent when the element closes its stream. The element waits for the answer, and it closes the stream of a
segment before it opens that of a manifest which names it. So a manifest never names a segment that the origin does not have.

usage: store_elsewhere.py ORIGIN KEYS, with GST_PLUGIN_PATH naming the folder of libgstplayready.so

ORIGIN is the URL of a folder, such as http://origin.example.com/news, and KEYS a .keys file.
"""

import http.client
import os
import sys
import urllib.request

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gio, GLib, Gst

PIPELINE = """
    playreadysink name=out segment-duration=1000000000 window=4000000000
    videotestsrc is-live=true num-buffers=375 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1
    ! x264enc tune=zerolatency ! h264parse ! out.video_0
    audiotestsrc is-live=true num-buffers=646 ! avenc_aac ! aacparse ! out.audio_0
"""
TYPES = {"mpd": "application/dash+xml", "m3u8": "application/vnd.apple.mpegurl", "mp4": "video/mp4", "m4s": "video/mp4"}
TIME_LIMIT = 10  # seconds for which the channel waits for the origin

origin, keys = sys.argv[1:]


def request(method, name, body=None):
    """Sends a request. One that does not succeed raises GLib.Error, which is the only exception that an element can take."""
    url = f"{origin}/{name}"
    headers = {"Content-Type": TYPES[name.rsplit(".")[-1]]} if body is not None else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=TIME_LIMIT):
            pass
    except (OSError, http.client.HTTPException) as error:
        raise GLib.Error.new_literal(Gst.ResourceError.quark(), f"{method} {url}: {error}", Gst.ResourceError.WRITE)


class Upload(Gio.OutputStream):
    """The stream of a file that is stored when it is closed."""

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.body = bytearray()

    def do_write_fn(self, data, *_count_and_cancellable):
        self.body += data
        return len(data)

    def do_close_fn(self, cancellable):
        # The element cancels the close of a file that is not complete.
        if cancellable is None or not cancellable.is_cancelled():
            request("PUT", self.name, bytes(self.body))
        return True


def delete(sink, name):
    """Deletes a segment. The signal returns nothing, so a failure is posted as an error of the element."""
    try:
        request("DELETE", name)
    except GLib.Error as error:
        sink.post_message(Gst.Message.new_error(sink, error, ""))


Gst.init(None)
pipeline = Gst.parse_launch(PIPELINE)
out = pipeline.get_by_name("out")
out.set_property("key-uri", GLib.filename_to_uri(os.path.abspath(keys)))
out.connect("get-segment-stream", lambda _sink, name: Upload(name))
out.connect("get-manifest-stream", lambda _sink, name: Upload(name))
out.connect("delete-segment", delete)
pipeline.set_state(Gst.State.PLAYING)
ended = Gst.MessageType.EOS | Gst.MessageType.ERROR
message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, ended)
pipeline.set_state(Gst.State.NULL)
if message.type == Gst.MessageType.ERROR:
    error, details = message.parse_error()
    sys.exit(f"{error.message}\n{details}")
