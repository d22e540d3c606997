#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Protects a file with keys that the application gives: the first at once, and those of later crypto periods when they are there.

It prints a key file.

usage: give_keys.py CLEAR PROTECTED, with GST_PLUGIN_PATH naming the folder of libgstplayready.so
"""

import secrets
import sys
import uuid

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

Gst.init(None)
source, sink = (f'location="{path}"' for path in sys.argv[1:3])
pipeline = Gst.parse_launch(f"filesrc {source} ! playreadyenc name=enc crypto-period=2000000000 ! filesink {sink}")
encryptor = pipeline.get_by_name("enc")
loop = GLib.MainLoop()
failures = []


def new_key(period, selector, more=False):
    """Makes a key, and writes it as a line of a key file."""
    key = Gst.Structure.new_empty("key")
    key_id, secret = str(uuid.uuid4()), secrets.token_hex(16)
    print(f"{selector}@{period} {key_id} {secret}")
    for field, value in {"period": period, "selector": selector, "key-id": key_id, "key": secret, "more": more}.items():
        key.set_value(field, value)
    return key


def give_keys(period):
    encryptor.emit("set-key", new_key(period, "video", more=True))
    encryptor.emit("set-key", new_key(period, "audio"))
    return GLib.SOURCE_REMOVE


def answer_request(_encryptor, request):
    period = request.get_value("period")
    if period == 0:
        return new_key(period, "*")
    GLib.timeout_add(100, give_keys, period)  # a key service would answer in the main loop
    return Gst.Structure.new_empty("pending")


def handle_message(_bus, message):
    if message.type == Gst.MessageType.ERROR:
        failures.append(message.parse_error()[0].message)
    if message.type in (Gst.MessageType.EOS, Gst.MessageType.ERROR):
        loop.quit()
    for name in ("playready-protection", "playready-key-change"):
        if message.has_name(name):
            print("#", name, *message.get_structure().get_value("key-id-list"))


encryptor.connect("request-key", answer_request)
pipeline.get_bus().add_signal_watch()
pipeline.get_bus().connect("message", handle_message)
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
sys.exit("\n".join(failures) or None)
