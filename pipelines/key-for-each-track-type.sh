#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Protects video and audio with different keys, so that a licence can contain one without the other. Each line of a .keys file
# has a selector, a KID and a key. Each run of this example creates new keys in a file that other users cannot read.
#
# usage: key-for-each-track-type.sh OUTPUT_FOLDER
set -eu
output=${1:?give the folder for the output}
random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

umask 077
{
    echo "video $(random) $(random)"
    echo "audio $(random) $(random)"
} > "$output/title.keys"

gst-launch-1.0 -q mp4mux name=mux fragment-duration=2000 \
    ! playreadyenc scheme=cbcs key-uri="file://$output/title.keys" \
    ! filesink location="$output/protected.mp4" \
    videotestsrc num-buffers=75 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
    ! x264enc key-int-max=50 ! h264parse ! queue ! mux. \
    audiotestsrc num-buffers=130 samplesperbuffer=1024 ! audio/x-raw,rate=44100,channels=2 \
    ! avenc_aac ! aacparse ! queue ! mux.
