#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# A live channel of two qualities and two languages with a key every 4 seconds, for players of DASH and HLS: live-channel.sh FOLDER
set -eu
out=${1:-.}
umask 077
uuid() { cat /proc/sys/kernel/random/uuid; }
for period in 0 1 2 3 4 5; do
    for track in video audio; do
        echo "$track@$period $(uuid) $(uuid | tr -d -)"
    done
done >"$out/channel.keys"

exec gst-launch-1.0 -q playreadysink name=out location="$out/channel" key-uri="file://$out/channel.keys" \
    segment-duration=2000000000 crypto-period=4000000000 window=30000000000 scheme=cbcs \
    audio_0::language=en audio_1::language=de audio_1::role=dub \
    videotestsrc is-live=true num-buffers=250 ! video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! tee name=picture \
    picture. ! queue ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=800 ! h264parse ! out.video_0 \
    picture. ! queue ! videoscale ! video/x-raw,width=320,height=180 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 ! h264parse ! out.video_1 \
    audiotestsrc is-live=true num-buffers=468 samplesperbuffer=1024 ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! out.audio_0 \
    audiotestsrc is-live=true freq=880 num-buffers=468 samplesperbuffer=1024 ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! out.audio_1
