// SPDX-License-Identifier: MPL-2.0
// Plays the presentation of a job, which the server describes. `window.report()` returns what happened until now.

import {players} from "/here/players.js";

const video = document.getElementById("video");
/** rx-player shows text here: it takes its <track> out of the video before it adds the cues. dash.js shows TTML here. */
const captions = document.getElementById("captions");
/** What pictures of the page say under the video. */
const state = document.getElementById("state");
const errors = [];
const notes = [];
const warnings = [];
const sizes = new Set();
/** The texts that were seen, and the time at which each begins; null where the player does not say. */
const cues = new Map();
let waits = 0;
let seeks = 0;

function fail(text) {
  if (errors.length < 12) {
    errors.push(String(text).slice(0, 400));
  }
}

/** Collects cues while they are there: players remove those that are over. */
function collectCues() {
  for (const track of video.textTracks) {
    for (const cue of track.cues || []) {
      cues.set(cue.text, cue.startTime);
    }
  }
}

/** Seconds of film that are loaded after the moment that is shown. */
function loadedAhead() {
  const {buffered, currentTime} = video;
  for (let range = 0; range < buffered.length; range += 1) {
    if (buffered.start(range) <= currentTime && currentTime <= buffered.end(range)) {
      return buffered.end(range) - currentTime;
    }
  }
  return 0;
}

/** Says which player plays, where it is, and for how many licences it has asked. */
function showState(job) {
  const standIn = window.playreadyStandIn;
  const licences = standIn ? `, ${standIn.requests.length} licence requests` : "";
  state.textContent = `${job.title || job.player}: ${video.currentTime.toFixed(1)} s${licences}`;
}

window.seekBy = (seconds) => {
  video.currentTime += seconds;
};

window.report = () => {
  const quality = video.getVideoPlaybackQuality();
  if (video.videoHeight > 0) {
    sizes.add(video.videoHeight);
  }
  collectCues();
  return {
    time: video.currentTime,
    ahead: loadedAhead(),
    duration: Number.isFinite(video.duration) ? video.duration : null,
    ended: video.ended,
    frames: quality.totalVideoFrames,
    audio_bytes: video.webkitAudioDecodedByteCount || 0,
    heights: [...sizes],
    cues: [...cues.keys()],
    cue_times: Object.fromEntries(cues),
    waits_for_key: waits,
    seeks,
    errors,
    notes,
    warnings,
    playready: window.playreadyStandIn || null,
  };
};

function watchCaptions() {
  const collect = () => captions.textContent && cues.set(captions.textContent, null);
  new MutationObserver(collect).observe(captions, {childList: true, subtree: true, characterData: true});
}

function loadScript(address) {
  return new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = loaded;
    script.onerror = () => failed(new Error(`no ${address}`));
    document.head.append(script);
  });
}

function watchVideo(rate) {
  video.addEventListener("error", () => fail(`media: ${video.error.code} ${video.error.message}`));
  video.addEventListener("waitingforkey", () => {
    waits += 1;
  });
  video.addEventListener("playing", () => {
    video.playbackRate = rate;
  });
  video.addEventListener("seeking", () => {
    seeks += 1;
  });
  video.addEventListener("resize", () => sizes.add(video.videoHeight));
}

/** Calls back once, when the film has come to this time. */
function atTime(seconds, action) {
  const check = () => {
    if (video.currentTime >= seconds) {
      video.removeEventListener("timeupdate", check);
      action();
    }
  };
  video.addEventListener("timeupdate", check);
}

async function play() {
  const job = await (await fetch(`/job/${location.search.slice(1)}`)).json();
  watchVideo(job.rate);
  video.addEventListener("timeupdate", () => showState(job));
  watchCaptions();
  if (job.system === "playready") {
    await loadScript("/here/playready-stand-in.js");
  }
  const player = players[job.player];
  await loadScript(player.script);
  await player.play(job, {video, captions, fail, note: (text) => notes.push(text), warn: (text) => warnings.push(text), atTime, loadScript});
}

play().catch((error) => fail(`exception: ${error.stack || error}`));
