// SPDX-License-Identifier: MPL-2.0
// How each player plays a job. The fields of a job that are used here:
//   url      the manifest
//   manifest its name
//   system   playready; clearkey: licences from `licences`; manifest: licences from where the manifest says; clear
//   licences the licence server
//   quality  low, high, or low-high: a switch from the lowest to the highest after `switch_at` seconds
//   text     whether to show the first text track

const KEY_SYSTEMS = {playready: "com.microsoft.playready", clearkey: "org.w3.clearkey"};
/** Seconds of film that the players load ahead where the quality changes, so that there is something left to load. */
const SHORT_BUFFER = 2;

/** As in crates/presentation/src/writer/smooth.rs. */
const isSmooth = (job) => job.manifest === "Manifest";
const startsHigh = (job) => job.quality === "high";
const changesQuality = (job) => job.quality === "low-high";

async function playShaka(job, page) {
  shaka.log.setLevel(shaka.log.Level.ERROR);
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(page.video);
  const name = (error) => `shaka ${error.severity}/${error.category}/${error.code} ${JSON.stringify(error.data)}`;
  player.addEventListener("error", ({detail}) => {
    const report = detail.severity === shaka.util.Error.Severity.CRITICAL ? page.fail : page.note;
    report(name(detail));
  });
  player.configure("abr.enabled", false);
  player.configure("abr.useNetworkInformation", false);
  player.configure("abr.defaultBandwidthEstimate", startsHigh(job) ? 1e9 : 1);
  const system = KEY_SYSTEMS[job.system];
  if (system) {
    player.configure("drm.servers", {[system]: job.licences});
  }
  if (changesQuality(job)) {
    player.configure("streaming.bufferingGoal", SHORT_BUFFER);
    page.atTime(job.switch_at, () => {
      const byHeight = player.getVariantTracks().sort((a, b) => b.height - a.height);
      player.selectVariantTrack(byHeight[0]);
    });
  }
  try {
    await player.load(job.url);
  } catch (error) {
    page.fail(`load: ${error.code ? name(error) : error}`);
    return;
  }
  if (job.text) {
    player.selectTextTrack(player.getTextTracks()[0]);
    // On a busy machine a short film could be over before its texts are there.
    if (!player.isLive()) {
      await textsAreLoaded(player);
    }
  }
  await page.video.play();
}

/** Waits for texts, for 10 seconds at most. */
async function textsAreLoaded(player) {
  for (let waits = 0; waits < 100 && !player.getBufferedInfo().text.length; waits++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function playDashJs(job, page) {
  if (isSmooth(job)) {
    await page.loadScript("/tools/dash.mss.js");
  }
  const player = dashjs.MediaPlayer().create();
  const events = dashjs.MediaPlayer.events;
  player.on(events.ERROR, (event) => page.fail(`dash.js ${event.error.code} ${event.error.message}`));
  player.on(dashjs.Protection.events.KEY_ERROR, (event) => page.fail(`dash.js key ${JSON.stringify(event.error)}`));
  player.updateSettings({
    debug: {logLevel: 0},
    streaming: {
      abr: {
        autoSwitchBitrate: {video: false, audio: false},
        initialBitrate: {video: startsHigh(job) ? 1e6 : 1},
      },
    },
  });
  if (changesQuality(job)) {
    const buffer = {bufferTimeDefault: SHORT_BUFFER, bufferTimeAtTopQuality: SHORT_BUFFER};
    player.updateSettings({streaming: {buffer}});
    page.atTime(job.switch_at, () => {
      const byHeight = player.getRepresentationsByType("video").sort((a, b) => b.height - a.height);
      player.setRepresentationForTypeById("video", byHeight[0].id, false);
    });
  }
  if (job.text) {
    player.on(events.TEXT_TRACKS_ADDED, () => player.setTextTrack(0));
  }
  // Qualities with different keys are tracks of their own, among which this chooses before there is a quality to choose.
  const bandwidth = (track) => track.bitrateList[0].bandwidth;
  player.setCustomInitialTrackSelectionFunction((tracks) => {
    const byBandwidth = [...tracks].sort((a, b) => bandwidth(a) - bandwidth(b));
    return [byBandwidth[startsHigh(job) ? byBandwidth.length - 1 : 0]];
  });
  player.initialize(page.video, null, true);
  // It draws TTML here, and gives cues of WebVTT to the video.
  player.attachTTMLRenderingDiv(page.captions);
  const system = KEY_SYSTEMS[job.system];
  if (system) {
    player.setProtectionData({[system]: {serverURL: job.licences, priority: 0}});
  }
  player.attachSource(job.url);
}

async function playHlsJs(job, page) {
  const ignore = () => {};
  const warn = (...words) => page.warn(words.join(" "));
  const debug = {trace: ignore, debug: ignore, log: ignore, info: ignore, warn, error: warn};
  const settings = {debug, enableWorker: false};
  const system = KEY_SYSTEMS[job.system];
  if (system) {
    settings.emeEnabled = true;
    settings.drmSystems = {[system]: {licenseUrl: job.licences}};
  }
  if (changesQuality(job)) {
    // It loads a segment more.
    settings.maxBufferLength = SHORT_BUFFER / 2;
    settings.maxMaxBufferLength = SHORT_BUFFER / 2;
  }
  const player = new Hls(settings);
  player.on(Hls.Events.ERROR, (_, data) => {
    const why = (data.error && data.error.message) || data.reason || "";
    const report = data.fatal ? page.fail : page.note;
    report(`hls.js ${data.type} ${data.details}: ${why}`);
  });
  player.on(Hls.Events.MANIFEST_PARSED, () => {
    // The levels are in the order of their bit rates. To set a level ends the automatic choice.
    player.loadLevel = startsHigh(job) ? player.levels.length - 1 : 0;
    if (job.text) {
      player.subtitleTrack = 0;
    }
    page.video.play().catch(page.fail);
  });
  if (changesQuality(job)) {
    page.atTime(job.switch_at, () => {
      player.loadLevel = player.levels.length - 1;
    });
  }
  player.attachMedia(page.video);
  player.loadSource(job.url);
}

/** The licences that rx-player fetches: it gives the function the message of the CDM. */
function rxKeySystems(job) {
  const fetchLicence = async (message) => {
    const answer = await fetch(job.licences, {method: "POST", body: message});
    return answer.arrayBuffer();
  };
  const types = {playready: "com.microsoft.playready", clearkey: "clearkey"};
  const type = types[job.system];
  return type ? [{type, getLicense: fetchLicence}] : undefined;
}

async function playRx(job, page) {
  const settings = {videoElement: page.video};
  if (changesQuality(job)) {
    settings.wantedBufferAhead = SHORT_BUFFER;
  }
  const player = new RxPlayer(settings);
  const lockQuality = (isHigh, periodId, switchingMode) => {
    const {representations} = player.getVideoTrack(periodId);
    const byHeight = [...representations].sort((a, b) => a.height - b.height);
    const wanted = byHeight[isHigh ? byHeight.length - 1 : 0];
    player.lockVideoRepresentations({representations: [wanted.id], periodId, switchingMode});
  };
  player.addEventListener("error", (error) => page.fail(`rx-player ${error.code} ${error.message}`));
  player.addEventListener("warning", (error) => page.note(`rx-player ${error.code} ${error.message}`));
  player.addEventListener("newAvailablePeriods", (periods) => {
    for (const period of periods) {
      lockQuality(startsHigh(job), period.id, "direct");
      const texts = player.getAvailableTextTracks(period.id);
      if (job.text && texts.length) {
        player.setTextTrack({trackId: texts[0].id, periodId: period.id});
      }
    }
  });
  if (changesQuality(job)) {
    page.atTime(job.switch_at, () => {
      lockQuality(true, player.getCurrentPeriod().id, "lazy");
      // After a stall it waits for more film than the short buffer has.
      player.setWantedBufferAhead(Infinity);
    });
  }
  const texts = {textTrackMode: "html", textTrackElement: page.captions};
  player.loadVideo({url: job.url, transport: isSmooth(job) ? "smooth" : "dash", autoPlay: true, keySystems: rxKeySystems(job), ...texts});
}

/** The players by the names that jobs use, each with the script that brings it. */
export const players = {
  shaka: {script: "/tools/shaka-player.js", play: playShaka},
  dashjs: {script: "/tools/dash.js", play: playDashJs},
  hlsjs: {script: "/tools/hls.js", play: playHlsJs},
  rx: {script: "/tools/rx-player.js", play: playRx},
};
