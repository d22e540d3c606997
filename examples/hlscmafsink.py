#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Protected HLS: puts playreadyenc into hlscmafsink and its EXT-X-KEY lines into the playlist.

hlscmafsink (gst-plugins-rs, plugin hlssink3) holds a cmafmux named "muxer" and an appsink named "sink". Before it starts,
an application may unlink the two and link playreadyenc between them. hlscmafsink requests a stream for the playlist by a signal:
the playlist is collected in memory, and written when it has the lines.

usage: hlscmafsink.py FOLDER [SCHEME [SECONDS [PROPERTY=VALUE...]]], with GST_PLUGIN_PATH naming the folders of both plugins

After each SECONDS the key changes: FOLDER/hls.keys must then have a line for each crypto period. With key-change=init, hlscmafsink writes
an init segment and EXT-X-MAP for each key.
"""

import collections
import os
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gio, Gst

folder = os.path.abspath(sys.argv[1])
scheme = sys.argv[2] if len(sys.argv) > 2 else "cbcs"
crypto_period = int(sys.argv[3]) * Gst.SECOND if len(sys.argv) > 3 else 0
playlist_file = os.path.join(folder, "playlist.m3u8")

Gst.init(None)
pipeline = Gst.parse_launch(
    "videotestsrc num-buffers=200 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1"
    " ! x264enc key-int-max=50 ! h264parse ! hlscmafsink name=hls target-duration=2 sync=false playlist-length=0"
)
hls = pipeline.get_by_name("hls")
hls.set_property("playlist-location", playlist_file)
hls.set_property("init-location", os.path.join(folder, "init%05d.mp4"))
hls.set_property("location", os.path.join(folder, "segment%05d.m4s"))

encryptor = Gst.ElementFactory.make("playreadyenc", "enc")
Gst.util_set_object_arg(encryptor, "scheme", scheme)
encryptor.set_property("key-uri", f"file://{folder}/hls.keys")
encryptor.set_property("crypto-period", crypto_period)
for setting in sys.argv[4:]:
    Gst.util_set_object_arg(encryptor, *setting.split("=", 1))
muxer, sink = hls.get_by_name("muxer"), hls.get_by_name("sink")
# The encoder has key frames where segments begin. One that the muxer requests would come late and make a short segment.
muxer.set_property("send-force-keyunit", False)
muxer.unlink(sink)
hls.add(encryptor)
if not (muxer.link(encryptor) and encryptor.link(sink)):
    sys.exit("hlscmafsink does not take playreadyenc")

playlists = collections.deque()  # one stream for each time that hlscmafsink writes
key_lines = []  # running time from which EXT-X-KEY lines count, and the lines
starts = {}  # running time of each segment by the name of its file


def get_playlist_stream(_hls, _location):
    playlists.append(Gio.MemoryOutputStream.new_resizable())
    return playlists[-1]


def with_keys(playlist):
    """Puts EXT-X-KEY lines before each segment whose key is not that of the segment before, and before that segment's tags."""
    lines, tags, last = [], [], None
    for line in playlist.splitlines():
        if line.startswith(("#EXT-X-MAP", "#EXT-X-PROGRAM-DATE-TIME", "#EXTINF")) or line == "#EXT-X-DISCONTINUITY":
            tags.append(line)
        elif line.startswith("#"):
            lines.append(line)
        else:
            key = [key for start, key in key_lines if start <= starts[os.path.basename(line)]][-1]
            lines += ([key] if key != last else []) + tags + [line]
            tags, last = [], key
    return "\n".join(lines + [""])


def write_playlist():
    """Writes the oldest playlist that is complete."""
    stream = playlists.popleft()
    stream.close(None)
    with open(playlist_file + ".new", "w", encoding="utf-8") as fresh:
        fresh.write(with_keys(stream.steal_as_bytes().get_data().decode()))
    os.replace(playlist_file + ".new", playlist_file)  # a player never sees half of it


def take(structure):
    if structure.get_name() == "playready-protection":
        key_lines.append((0, structure.get_string("hls-key")))
    elif structure.get_name() == "playready-key-change":
        key_lines.append((structure.get_value("running-time"), structure.get_string("hls-key")))
    elif structure.get_name() == "playready-protection-state":
        line = structure.get_string("hls-key") if structure.get_value("protected") else "#EXT-X-KEY:METHOD=NONE"
        key_lines.append((structure.get_value("running-time"), line))
    elif structure.get_name() == "hls-segment-added":
        starts[os.path.basename(structure.get_string("location"))] = structure.get_value("running-time")
        write_playlist()


hls.connect("get-playlist-stream", get_playlist_stream)
pipeline.set_state(Gst.State.PLAYING)
kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.ELEMENT
failure = None
while True:
    message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, kinds)
    if message.type == Gst.MessageType.EOS:
        break
    if message.type == Gst.MessageType.ERROR:
        failure = " ".join(map(str, message.parse_error()))
        break
    take(message.get_structure())
pipeline.set_state(Gst.State.NULL)
while failure is None and playlists:  # the last one, with its end, is written on the way down
    write_playlist()
sys.exit(failure)
