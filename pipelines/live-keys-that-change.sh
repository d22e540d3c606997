#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Protects a live stream with a key that changes every 2 s. Each fragment names its key in a sample group (seig) and has the
# PlayReady Header of that key in its moof.
#
# usage: live-keys-that-change.sh OUTPUT_FOLDER
set -eu
output=${1:?give the folder for the output}

# One key per crypto period. Lines can be added while the stream runs, because the file is read again when it has no key for
# the next period.
umask 077
for period in 0 1 2 3; do
    kid=$(cat /proc/sys/kernel/random/uuid)
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "*@$period $kid $key"
done >"$output/periods.keys"

gst-launch-1.0 -q videotestsrc is-live=true num-buffers=150 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
    ! x264enc tune=zerolatency key-int-max=50 ! h264parse ! queue ! mux. \
    audiotestsrc is-live=true num-buffers=258 samplesperbuffer=1024 ! avenc_aac ! aacparse ! queue ! mux. \
    mp4mux name=mux fragment-duration=2000 \
    ! playreadyenc key-uri="file://$output/periods.keys" crypto-period=2000000000 \
    ! filesink location="$output/live.mp4"
