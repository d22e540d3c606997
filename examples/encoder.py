#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""An encoder application: live test pictures as protected HLS, with a new key after two seconds.

The application answers `request-key` with keys of its own, asks for a new crypto period by `rotate-key`, and writes the
EXT-X-KEY lines that the element posts on the bus into the playlist.

usage: encoder.py FOLDER, with GST_PLUGIN_PATH naming the folder of libgstplayready.so
"""

import os
import secrets
import sys
import uuid

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

PIPELINE = """
    videotestsrc is-live=true num-buffers=125 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1
    ! x264enc tune=zerolatency key-int-max=25 ! h264parse ! mp4mux fragment-duration=1000 streamable=true
    ! playreadyenc name=encryptor scheme=cbcs ! appsink name=sink sync=false
"""

folder = sys.argv[1]
segments = []  # name, start and duration in nanoseconds
key_lines = []  # running time from which EXT-X-KEY lines count, and the lines


def answer_request(_encryptor, request):
    """Makes the key of a crypto period, and keeps it where only this user can read it before it is used."""
    period = request.get_uint64("period")[1]
    kid, key = str(uuid.uuid4()), secrets.token_hex(16)
    descriptor = os.open(os.path.join(folder, "channel.keys"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "a", encoding="ascii") as keys:
        keys.write(f"video@{period} {kid} {key}\n")
    answer = Gst.Structure.new_empty("keys")
    answer.set_value("key-id", kid)
    answer.set_value("key", key)
    return answer


def store(sink):
    """Appends a buffer to the init segment or to the last media segment."""
    buffer = sink.emit("pull-sample").get_buffer()
    data = buffer.extract_dup(0, buffer.get_size())
    box = data[4:8]
    if box == b"mfra":  # lists the fragments of one whole file
        return Gst.FlowReturn.OK
    if box == b"moof":
        segments.append({"name": f"segment{len(segments)}.m4s", "start": None, "duration": 0})
    if segments and buffer.pts != Gst.CLOCK_TIME_NONE:
        if segments[-1]["start"] is None:
            segments[-1]["start"] = buffer.pts
        segments[-1]["duration"] += buffer.duration
    with open(os.path.join(folder, segments[-1]["name"] if segments else "init.mp4"), "ab") as file:
        file.write(data)
    return Gst.FlowReturn.OK


def write_playlist():
    """Writes the playlist, with key lines before the first segment that they count for."""
    longest = max(segment["duration"] for segment in segments)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(longest / Gst.SECOND)}"]
    for index, segment in enumerate(segments):
        while key_lines and key_lines[0][0] <= segment["start"]:
            lines.append(key_lines.pop(0)[1])
        if index == 0:
            lines.append('#EXT-X-MAP:URI="init.mp4"')
        lines += [f"#EXTINF:{segment['duration'] / Gst.SECOND:.3f},", segment["name"]]
    with open(os.path.join(folder, "playlist.m3u8"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["#EXT-X-ENDLIST", ""]))


def rotate():
    encryptor.emit("rotate-key")
    return GLib.SOURCE_REMOVE


def handle_message(_bus, message):
    global failure
    if message.type == Gst.MessageType.ERROR:
        error, details = message.parse_error()
        failure = f"{error.message}\n{details}"
        loop.quit()
    elif message.type == Gst.MessageType.EOS:
        loop.quit()
    elif message.type == Gst.MessageType.ELEMENT:
        structure = message.get_structure()
        if structure.get_name() == "playready-protection":
            key_lines.append((0, structure.get_string("hls-key")))
        elif structure.get_name() == "playready-key-change":
            key_lines.append((structure.get_value("running-time"), structure.get_string("hls-key")))


Gst.init(None)
failure = None
loop = GLib.MainLoop()
pipeline = Gst.parse_launch(PIPELINE)
encryptor = pipeline.get_by_name("encryptor")
encryptor.connect("request-key", answer_request)
sink = pipeline.get_by_name("sink")
sink.set_property("emit-signals", True)
sink.connect("new-sample", store)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", handle_message)
GLib.timeout_add(2000, rotate)
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
if failure:
    sys.exit(failure)
write_playlist()
