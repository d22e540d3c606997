#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Protects a live source by cbcs as a low-latency CMAF track with fragments of 2 s in chunks of 500 ms, one buffer list each.
# For a camera, replace videotestsrc with v4l2src and remove num-buffers.
#
# usage: live-cmaf-cbcs.sh OUTPUT_FOLDER
set -eu
output=${1:?give the folder for the output}
gst-inspect-1.0 --exists --atleast-version=0.0.0 cmafmux || { echo "needs cmafmux, of the plugin fmp4 in gst-plugins-rs" >&2; exit 77; }

gst-launch-1.0 -q videotestsrc is-live=true num-buffers=125 \
    ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
    ! x264enc tune=zerolatency key-int-max=50 ! h264parse \
    ! cmafmux fragment-duration=2000000000 chunk-duration=500000000 \
    ! playreadyenc scheme=cbcs key-uri="file://$output/live.keys" \
    ! filesink location="$output/live.mp4"
