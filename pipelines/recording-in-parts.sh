#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Records protected files of 2 s; splitmuxsink accepts the element before its sink. All files have the same key; no IV is used
# twice. The source is live because splitmuxsink of GStreamer 1.22 can hang between two files, with any muxer, when frames
# arrive faster than in real time.
#
# usage: recording-in-parts.sh OUTPUT_FOLDER
set -eu
output=${1:?give the folder for the output}

gst-launch-1.0 -q videotestsrc is-live=true num-buffers=100 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
    ! x264enc key-int-max=25 ! h264parse \
    ! splitmuxsink max-size-time=2000000000 location="$output/part-%03d.mp4" \
        muxer="mp4mux fragment-duration=1000" \
        sink="playreadyenc key-uri=file://$output/parts.keys ! filesink async=false"
