#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Protects a file with keys of the application, the first at once and those of later crypto periods later, and prints a key file.

usage: give_keys.py CLEAR PROTECTED, with GST_PLUGIN_PATH naming the folder of libgstplayready.so
"""

import secrets
import sys
import threading
import uuid

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst


def new_key(period, selector, more):
    key_id, key = uuid.uuid4(), secrets.token_hex(16)
    sys.stdout.write(f"{selector}@{period} {key_id} {key}\n")  # in one piece, since threads write
    fields = f'period={period}, selector="{selector}", key-id=(string){key_id}, key=(string){key}, more={more}'
    return Gst.Structure.from_string(f"key, {fields}")[0]


def give_keys(period):
    encryptor.emit("set-key", new_key(period, "video", True))
    encryptor.emit("set-key", new_key(period, "audio", False))


def answer_request(_encryptor, request):
    period = request.get_value("period")
    if period == 0:
        return new_key(period, "*", False)
    threading.Timer(0.1, give_keys, [period]).start()  # when a key service has answered, for example
    return Gst.Structure.new_empty("pending")


Gst.init(None)
source, sink = (f'location="{path}"' for path in sys.argv[1:3])
pipeline = Gst.parse_launch(f"filesrc {source} ! playreadyenc name=enc crypto-period=2000000000 ! filesink {sink}")
encryptor, bus = pipeline.get_by_name("enc"), pipeline.get_bus()
encryptor.connect("request-key", answer_request)
pipeline.set_state(Gst.State.PLAYING)
kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.ELEMENT
while (message := bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, kinds)).type == Gst.MessageType.ELEMENT:
    if message.get_structure().get_name() in ("playready-protection", "playready-key-change"):
        print("#", message.get_structure().get_name(), *message.get_structure().get_value("key-id-list"))
pipeline.set_state(Gst.State.NULL)
sys.exit(message.parse_error()[0].message if message.type == Gst.MessageType.ERROR else None)
