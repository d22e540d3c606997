# SPDX-License-Identifier: MPL-2.0
"""What the tests share: clear files, keys, and pipelines that play to their end."""

import hashlib
import os
import tempfile
import unittest

# qtdemux lets a protected track out only where it finds a decryptor.
os.environ["GST_PLUGIN_FEATURE_RANK"] = "clearkeydec:MARGINAL"

import gi  # noqa: E402

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)

KID = "e0e1e2e3-e4e5-4647-9849-4a4b4c4d4e4f"
KEY = "b7a1c35d0e9f48267d3c5a1be8f60492"
LIMIT = 120 * Gst.SECOND
VIDEO = (
    "videotestsrc num-buffers=200 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 "
    "! x264enc key-int-max=25 bframes=2 threads=1 speed-preset=ultrafast ! h264parse"
)
AUDIO = (
    "audiotestsrc num-buffers=344 samplesperbuffer=1024 ! audio/x-raw,rate=44100,channels=2 ! avenc_aac ! aacparse"
)


class Failure(Exception):
    """The error that ended a pipeline."""


def run(pipeline):
    """Plays a pipeline to its end."""
    pipeline.set_state(Gst.State.PLAYING)
    try:
        wait(pipeline)
    finally:
        pipeline.set_state(Gst.State.NULL)


def wait(pipeline):
    kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(LIMIT, kinds)
    if message is None:
        raise Failure("no end and no error within the time limit")
    if message.type == Gst.MessageType.ERROR:
        error, detail = message.parse_error()
        raise Failure(f"{message.src.get_name()}: {error.message} ({detail})")


def launch(line):
    run(Gst.parse_launch(line))


def record(pad):
    """Collects a digest of each buffer that passes a pad."""
    digests = []

    def take(_, info):
        buffers = info.get_buffer_list() if info.type & Gst.PadProbeType.BUFFER_LIST else None
        count = buffers.length() if buffers else 1
        for index in range(count):
            buffer = buffers.get(index) if buffers else info.get_buffer()
            data = buffer.extract_dup(0, buffer.get_size())
            digests.append(hashlib.sha256(data).hexdigest())
        return Gst.PadProbeReturn.OK

    pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, take)
    return digests


def passed(line):
    """Plays a pipeline to its end, and returns a digest of each buffer that reaches its sink `out`."""
    pipeline = Gst.parse_launch(line)
    digests = record(pipeline.get_by_name("out").get_static_pad("sink"))
    run(pipeline)
    return digests


class Folder(unittest.TestCase):
    """A test with a folder of its own, in which there are clear files and keys."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.folder = cls._folder.name
        os.umask(0o077)
        cls.keys = cls.write_keys("one.keys", f"* {KID} {KEY}\n")
        # Crypto periods with keys of their own for pictures and sound.
        lines = (
            f"{track}@{period} {number:02x}000000-0000-4000-8000-00000000000{period} {number:02x}{period:030x}\n"
            for period in range(8)
            for number, track in enumerate(("video", "audio"), 1)
        )
        cls.period_keys = cls.write_keys("periods.keys", "".join(lines))
        cls.clear = cls.path("clear.mp4")
        launch(
            f"{VIDEO} ! queue ! mux. {AUDIO} ! queue ! mux. mp4mux name=mux fragment-duration=1000 ! filesink location={cls.clear}"
        )

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def write_keys(cls, name, text):
        """Writes a file of keys and returns its URI."""
        with open(cls.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return "file://" + cls.path(name)

    def protect(self, properties):
        """Protects the clear file, and returns the path of the protected one."""
        location = self.path("protected.mp4")
        launch(f"filesrc location={self.clear} ! playreadyenc {properties} ! filesink location={location}")
        return location
