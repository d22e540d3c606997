#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Converts an MP4 file with H.264 and AAC to a fragmented MP4 file, protected by the cenc scheme with a PlayReady Header.
# The samples are not re-encoded. The first run creates the key in OUTPUT_FOLDER/content.keys, for the licence server.
#
# usage: file-to-protected-fmp4.sh OUTPUT_FOLDER [INPUT.mp4]
set -eu
output=${1:?give the folder for the output}
input=${2:-}

if [ -z "$input" ]; then
    input=$output/input.tmp
    gst-launch-1.0 -q mp4mux name=mux ! filesink location="$input" \
        videotestsrc num-buffers=75 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
        ! x264enc key-int-max=25 ! h264parse ! queue ! mux. \
        audiotestsrc num-buffers=130 samplesperbuffer=1024 ! audio/x-raw,rate=44100,channels=2 \
        ! avenc_aac ! aacparse ! queue ! mux.
fi

gst-launch-1.0 -q filesrc location="$input" ! qtdemux name=demux \
    demux.video_0 ! queue ! h264parse ! mux. \
    demux.audio_0 ! queue ! aacparse ! mux. \
    mp4mux name=mux fragment-duration=2000 \
    ! playreadyenc scheme=cenc key-uri="file://$output/content.keys" la-url=https://licence.example/rightsmanager.asmx \
    ! filesink location="$output/protected.mp4"
