# SPDX-License-Identifier: MPL-2.0
"""Prints cues of SCTE 35 in hex, made by threefive. Each argument is one: its kind, then fields such as id=7 time=2.5."""

import base64
import sys

from threefive import Cue, SegmentationDescriptor, SpliceInsert, SpliceNull, TimeSignal


def splice(fields, **flags):
    """A splice_insert of the whole program."""
    insert = SpliceInsert()
    insert.splice_event_id = int(fields["id"])
    insert.splice_event_cancel_indicator = flags.get("cancel", False)
    insert.out_of_network_indicator = flags.get("out", False)
    insert.program_splice_flag = True
    insert.event_id_compliance_flag = True
    insert.splice_immediate_flag = "time" not in fields
    insert.time_specified_flag = "time" in fields
    insert.pts_time = float(fields.get("time", 0))
    insert.duration_flag = "duration" in fields
    insert.break_auto_return = insert.duration_flag
    insert.break_duration = float(fields.get("duration", 0))
    insert.unique_program_id = 1
    insert.avail_num = insert.avails_expected = 0
    return insert, []


def segment(fields):
    """A time_signal with one segmentation_descriptor, whose type is in decimal."""
    signal = TimeSignal()
    signal.time_specified_flag = True
    signal.pts_time = float(fields["time"])
    segmentation = SegmentationDescriptor()
    segmentation.segmentation_event_id = hex(int(fields["id"]))
    segmentation.segmentation_event_cancel_indicator = False
    segmentation.segmentation_event_id_compliance_indicator = True
    segmentation.program_segmentation_flag = True
    segmentation.segmentation_duration_flag = "duration" in fields
    segmentation.segmentation_duration = float(fields.get("duration", 0))
    segmentation.delivery_not_restricted_flag = True
    segmentation.segmentation_upid_type = 0
    segmentation.segmentation_upid_length = 0
    segmentation.segmentation_upid = ""
    segmentation.segmentation_type_id = int(fields["type"])
    segmentation.segment_num = segmentation.segments_expected = 0
    return signal, [segmentation]


KINDS = {
    "out": lambda fields: splice(fields, out=True),
    "back": splice,
    "cancel": lambda fields: splice(fields, cancel=True),
    "segment": segment,
    "null": lambda fields: (SpliceNull(), []),
}

for argument in sys.argv[1:]:
    kind, *rest = argument.split()
    fields = dict(field.split("=") for field in rest)
    cue = Cue()
    cue.command, cue.descriptors = KINDS[kind](fields)
    cue.info_section.pts_adjustment = int(fields.get("adjustment", 0)) / 90000
    text = cue.encode()
    assert text, argument
    print(base64.b64decode(text).hex())
