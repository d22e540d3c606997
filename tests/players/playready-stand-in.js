// SPDX-License-Identifier: MPL-2.0
// Stands in for the CDM of PlayReady, which Chromium on Linux does not have. It takes com.microsoft.playready, reads the KIDs
// out of the PlayReady boxes that the player gives to it, and requests them from org.w3.clearkey. So a player goes the ways that
// it has for PlayReady: choice of the system by the manifest, pssh and mspr:pro, the URI of EXT-X-KEY, boxes in moof.
// `window.playreadyStandIn` has what it saw.

"use strict";

(() => {
  const SYSTEM_ID = "9a04f07998404286ab92e65be0885f95";
  const PSSH_FIELDS = 28;
  const seen = {requests: [], faults: [], versions: [], la_urls: []};
  window.playreadyStandIn = seen;

  const isPlayReady = (system) => /^com\.(microsoft|youtube)\.playready/.test(system);
  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytesOfBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const base64UrlOf = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  /** The header of each record of type 1 in a PlayReady Object. */
  function headersOfObject(object) {
    const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
    if (view.getUint32(0, true) !== object.byteLength) {
      throw new TypeError(`the PlayReady Object says ${view.getUint32(0, true)} bytes, its box has ${object.byteLength}`);
    }
    const headers = [];
    let at = 6;
    for (let left = view.getUint16(4, true); left > 0; left -= 1) {
      const type = view.getUint16(at, true);
      const size = view.getUint16(at + 2, true);
      if (type === 1) {
        headers.push(new TextDecoder("utf-16le").decode(object.subarray(at + 4, at + 4 + size)));
      }
      at += 4 + size;
    }
    return headers;
  }

  /** The PlayReady Headers in the pssh boxes of initialization data. */
  function headersOf(data) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const headers = [];
    let start = 0;
    while (start + PSSH_FIELDS + 4 <= data.length) {
      const size = view.getUint32(start);
      if (size < PSSH_FIELDS + 4 || start + size > data.length) {
        throw new TypeError(`a pssh box of ${size} bytes at ${start} of ${data.length}`);
      }
      if (hexOf(data.subarray(start + 12, start + PSSH_FIELDS)) === SYSTEM_ID) {
        let at = start + PSSH_FIELDS;
        if (view.getUint8(start + 8) > 0) {
          at += 4 + 16 * view.getUint32(at);
        }
        headers.push(...headersOfObject(data.subarray(at + 4, at + 4 + view.getUint32(at))));
      }
      start += size;
    }
    return headers;
  }

  /** A KID in the order of a UUID, from that of a GUID. */
  function kidOfGuid(guid) {
    const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    return Uint8Array.from(order, (place) => guid[place]);
  }

  function kidsOf(header) {
    const tree = new DOMParser().parseFromString(header, "text/xml");
    if (tree.getElementsByTagName("parsererror").length) {
      throw new TypeError(`the PlayReady Header is no XML: ${header.slice(0, 200)}`);
    }
    seen.versions.push(tree.documentElement.getAttribute("version"));
    for (const address of tree.getElementsByTagName("LA_URL")) {
      seen.la_urls.push(address.textContent);
    }
    return Array.from(tree.getElementsByTagName("KID"), (kid) =>
      kidOfGuid(bytesOfBase64(kid.getAttribute("VALUE") || kid.textContent)),
    );
  }

  /** The KIDs in the data of a request. Notes what a CDM would refuse, and refuses it. */
  function requestedKids(type, data) {
    try {
      if (type !== "cenc") {
        throw new TypeError(`initialization data of type ${type}`);
      }
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : new Uint8Array(data);
      const kids = headersOf(bytes).flatMap(kidsOf);
      if (!kids.length) {
        throw new TypeError("no PlayReady box with a KID in the initialization data");
      }
      return kids;
    } catch (error) {
      seen.faults.push(String(error));
      throw error;
    }
  }

  /** The message with an even number of bytes, since a message of PlayReady is UTF-16. */
  function evenMessage(event, session) {
    const message = new Uint8Array(event.message.byteLength + (event.message.byteLength % 2)).fill(32);
    message.set(new Uint8Array(event.message));
    return {
      type: "message",
      messageType: event.messageType,
      message: message.buffer,
      target: session,
      currentTarget: session,
    };
  }

  function standInForSession(session) {
    const request = session.generateRequest.bind(session);
    const listen = session.addEventListener.bind(session);
    const withEvenMessages = (listener) => (event) => {
      const handle = listener.handleEvent ? listener.handleEvent.bind(listener) : listener.bind(session);
      handle(evenMessage(event, session));
    };
    session.addEventListener = (type, listener, options) =>
      listen(type, type === "message" ? withEvenMessages(listener) : listener, options);
    Object.defineProperty(session, "onmessage", {set: (listener) => listen("message", withEvenMessages(listener))});
    session.generateRequest = async (type, data) => {
      const kids = requestedKids(type, data);
      seen.requests.push(kids.map(hexOf));
      return request("keyids", new TextEncoder().encode(JSON.stringify({kids: kids.map(base64UrlOf)})));
    };
    return session;
  }

  function standInForKeys(keys) {
    const create = keys.createSession.bind(keys);
    keys.createSession = () => standInForSession(create("temporary"));
    return keys;
  }

  const standInForAccess = (access, keySystem) => ({
    keySystem,
    getConfiguration: () => ({...access.getConfiguration(), initDataTypes: ["cenc"]}),
    createMediaKeys: async () => standInForKeys(await access.createMediaKeys()),
  });

  /** What org.w3.clearkey grants of a configuration for PlayReady. */
  function clearKeyConfiguration(configuration) {
    const granted = structuredClone(configuration);
    for (const capability of [...(granted.videoCapabilities || []), ...(granted.audioCapabilities || [])]) {
      delete capability.robustness;
    }
    return {
      ...granted,
      initDataTypes: ["keyids", "cenc"],
      sessionTypes: ["temporary"],
      persistentState: "optional",
      distinctiveIdentifier: "optional",
    };
  }

  const requestAccess = navigator.requestMediaKeySystemAccess.bind(navigator);
  navigator.requestMediaKeySystemAccess = async (system, configurations) => {
    if (!isPlayReady(system)) {
      return requestAccess(system, configurations);
    }
    const access = await requestAccess("org.w3.clearkey", Array.from(configurations, clearKeyConfiguration));
    return standInForAccess(access, system);
  };

  const decodingInfo = navigator.mediaCapabilities.decodingInfo.bind(navigator.mediaCapabilities);
  navigator.mediaCapabilities.decodingInfo = async (query) => {
    const wanted = query.keySystemConfiguration;
    if (!wanted || !isPlayReady(wanted.keySystem)) {
      return decodingInfo(query);
    }
    const keySystemConfiguration = {
      keySystem: "org.w3.clearkey",
      initDataType: "keyids",
      persistentState: "optional",
      distinctiveIdentifier: "optional",
      sessionTypes: ["temporary"],
    };
    for (const kind of ["audio", "video"]) {
      if (wanted[kind]) {
        const scheme = wanted[kind].encryptionScheme;
        keySystemConfiguration[kind] = scheme ? {encryptionScheme: scheme} : {};
      }
    }
    const {supported, smooth, powerEfficient, keySystemAccess} = await decodingInfo({...query, keySystemConfiguration});
    return {
      supported,
      smooth,
      powerEfficient,
      keySystemAccess: keySystemAccess && standInForAccess(keySystemAccess, wanted.keySystem),
    };
  };
})();
