#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Records protected files of 2 s; a file is finished while the next one is already written. splitmuxsink creates a muxer for each
# file from its element name, so the protection must be in the muxer. All files have the same key; no IV is used twice.
# splitmuxsink of GStreamer 1.22 can hang at a change of file, with any muxer, if the latency is set at this moment; this is rare.
#
# usage: recording-in-parts-async.sh OUTPUT_FOLDER
set -eu
output=${1:?give the folder for the output}

gst-launch-1.0 -q videotestsrc is-live=true num-buffers=100 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
    ! x264enc key-int-max=25 ! h264parse \
    ! splitmuxsink max-size-time=2000000000 location="$output/part-%03d.mp4" \
        async-finalize=true muxer-factory=playreadymp4mux \
        muxer-properties="properties,key-uri=(string)\"file://$output/parts.keys\",fragment-duration=1000"
