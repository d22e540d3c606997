# SPDX-License-Identifier: MPL-2.0
"""The I-frame playlist of hlscmafsink names exact ranges of bytes when the fragments are protected."""

import os
import re
import struct

from pipelines import Folder, Gst, run

PICTURES = (
    "videotestsrc num-buffers=200 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! x264enc key-int-max=50 "
    "! h264parse ! hlscmafsink name=hls target-duration=2 sync=false playlist-length=0"
)


def boxes(data, start=0, end=None):
    """The boxes between two offsets, as type, start and end."""
    end = len(data) if end is None else end
    while start < end:
        size, name = struct.unpack_from(">I4s", data, start)
        yield name, start, start + size
        start += size


def child(data, path, start, end):
    """The start and end of the first box of these names below each other."""
    for name, first, last in boxes(data, start, end):
        if name == path[0]:
            return (first, last) if len(path) == 1 else child(data, path[1:], first + 8, last)
    raise LookupError(path)


def first_sample_end(data, moof):
    """The end of the sample that comes first in the trun of the moof at an offset."""
    size, name = struct.unpack_from(">I4s", data, moof)
    assert name == b"moof", f"{name} at {moof}"
    tfhd, _ = child(data, [b"traf", b"tfhd"], moof + 8, moof + size)
    trun, _ = child(data, [b"traf", b"trun"], moof + 8, moof + size)
    run_flags = flags(data, trun)
    assert run_flags & 1, "trun has a data offset"
    offset = struct.unpack_from(">i", data, trun + 16)[0]
    if run_flags & 0x200:
        size_at = trun + 20 + 4 * bits(run_flags, 0x104)
    else:
        # The default size, after the base offset, the sample description and the duration.
        assert flags(data, tfhd) & 0x10, "neither box has sizes"
        size_at = tfhd + 16 + 4 * (bits(flags(data, tfhd), 0xA) + 2 * bits(flags(data, tfhd), 1))
    return moof + offset + struct.unpack_from(">I", data, size_at)[0]


def flags(data, box):
    return struct.unpack_from(">I", data, box + 8)[0] & 0xFFFFFF


def bits(value, mask):
    return (value & mask).bit_count()


class Iframes(Folder):
    def write(self, name, properties):
        """Writes a presentation, and returns the ranges of its I-frame playlist with the bytes of the named file."""
        folder = self.path(name)
        os.makedirs(folder)
        pipeline = Gst.parse_launch(PICTURES)
        sink = pipeline.get_by_name("hls")
        for key, value in {
            "playlist-location": "p.m3u8",
            "iframe-playlist-location": "i.m3u8",
            "init-location": "init%05d.mp4",
            "location": "s%05d.m4s",
        }.items():
            sink.set_property(key, os.path.join(folder, value))
        if properties is not None:
            muxer, inner = sink.get_by_name("muxer"), sink.get_by_name("sink")
            encryptor = Gst.parse_launch(f"playreadyenc {properties}")
            muxer.unlink(inner)
            sink.add(encryptor)
            assert muxer.link(encryptor) and encryptor.link(inner)
        run(pipeline)
        with open(os.path.join(folder, "i.m3u8"), encoding="ascii") as file:
            playlist = file.read()
        ranges = re.findall(r"BYTERANGE:(\d+)@(\d+)\n(?:#.*\n)*(\S+)", playlist)
        # x264enc also starts a picture group where hlscmafsink asks for one.
        self.assertGreaterEqual(len(ranges), 4, playlist)
        for length, offset, location in ranges:
            with open(os.path.join(folder, os.path.basename(location)), "rb") as file:
                yield int(length), int(offset), file.read()

    def check(self, name, properties):
        for length, offset, segment in self.write(name, properties):
            exact = first_sample_end(segment, offset) - offset
            print(f"{name}: {length}@{offset}, moof and first sample {exact}")
            self.assertEqual(length, exact)

    def test_clear(self):
        self.check("clear", None)

    def test_one_key(self):
        for scheme in ("cenc", "cbcs"):
            self.check(scheme, f"scheme={scheme} key-uri={self.keys}")

    def test_keys_that_change(self):
        self.check("periods", f"key-uri={self.period_keys} crypto-period=2000000000")
