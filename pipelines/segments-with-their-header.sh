#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Writes a stream as files that can each be played alone: multifilesink starts a file at each fragment with the streamheader of
# the caps, which is the protected header. souphttpclientsink sends it to its server in the same way.
#
# usage: segments-with-their-header.sh OUTPUT_FOLDER
set -eu
output=${1:?give the folder for the output}
gst-inspect-1.0 --exists --atleast-version=0.0.0 cmafmux || { echo "needs cmafmux, of the plugin fmp4 in gst-plugins-rs" >&2; exit 77; }

gst-launch-1.0 -q videotestsrc num-buffers=150 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
    ! x264enc key-int-max=50 ! h264parse \
    ! cmafmux fragment-duration=2000000000 \
    ! playreadyenc key-uri="file://$output/segments.keys" \
    ! multifilesink next-file=key-frame location="$output/segment-%03d.mp4"
