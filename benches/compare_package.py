# SPDX-License-Identifier: MPL-2.0
"""The cases of benches/compare --package: one progressive film to segments or single files, an MPD and HLS playlists, by each packager."""

import os
import shutil
import xml.etree.ElementTree as ElementTree

SCHEMES = ["cenc", "cbcs"]
SECONDS = 4
DASH = "{urn:mpeg:dash:schema:mpd:2011}"


def cases(film, folder, packager, key):
    """Name, scheme and form, and command of each case whose tool is here. The output is in `folder`/out."""
    out = folder / "out"
    yield "dd", "", ["dd", f"if={film}", f"of={folder / 'out.mp4'}", "bs=2M"]
    for scheme in SCHEMES:
        for form in ("segments", "single files"):
            yield "playready-packager", f"{scheme}, {form}", [
                packager, "package", film, "--output", out, "--segment-duration", f"{SECONDS}s", "--scheme", scheme,
                "--key-id", key.kid, "--key-file", key.file, *(["--single-file"] if form == "single files" else [])]
    if shaka := os.environ.get("PLAYREADY_PACKAGER"):
        for scheme in SCHEMES:
            for form in ("segments", "single files"):
                yield "Shaka Packager", f"{scheme}, {form}", shaka_command(shaka, film, out, scheme, form, key)
    if shutil.which("gpac"):
        for scheme in SCHEMES:
            drm = folder / f"package-{scheme}.xml"
            drm.write_text(gpac_keys(scheme, key))
            for form, profile in (("segments", "live"), ("single files", "onDemand")):
                yield "GPAC", f"{scheme}, {form}", [
                    "gpac", "-threads=0", "-i", film, f"cecrypt:cfile={drm}", "-o",
                    f"{out / 'gpac.mpd'}:profile={profile}:segdur={SECONDS}:cdur={SECONDS}:stl:bs_switch=off:dual"]


def shaka_command(shaka, film, out, scheme, form, key):
    streams = []
    for kind in ("video", "audio"):
        files = f"output={out}/{kind}.mp4"
        if form == "segments":
            files = f"init_segment={out}/{kind}/init.mp4,segment_template={out}/{kind}/$Number$.m4s"
        streams.append(f"in={film},stream={kind},{files}")
    return [shaka, *streams, "--quiet", "--segment_duration", str(SECONDS), "--mpd_output", out / "shaka.mpd",
            "--hls_master_playlist_output", out / "shaka.m3u8", "--enable_raw_key_encryption", "--protection_systems", "PlayReady",
            "--keys", f"label=:key_id={key.kid}:key={key.text}", "--clear_lead", "0", "--protection_scheme", scheme]


def gpac_keys(scheme, key):
    """The GPACDRM file: one key for both tracks, the pattern for pictures only."""
    pattern = ' crypt_byte_block="1" skip_byte_block="9"' if scheme == "cbcs" else ""
    iv = f'constant_IV="0x{key.iv * 2}" constant_IV_size="16"' if scheme == "cbcs" else f'first_IV="0x{key.iv}" IV_size="8"'
    track = (f'<CrypTrack trackID="{{}}" IsEncrypted="1" {iv}{{}} saiSavedBox="senc"><key KID="0x{key.kid}" value="0x{key.text}"/>'
             '</CrypTrack>')
    return f'<GPACDRM type="{scheme}">{track.format(1, pattern)}{track.format(2, "")}</GPACDRM>'


def shape(out):
    """What can be compared of a presentation: for each track of its MPD, the kind and the starts of the segments in seconds."""
    mpd = next(out.glob("*.mpd"), None)
    if not mpd:
        return None
    tracks = []
    for adaptation in ElementTree.parse(mpd).iter(f"{DASH}AdaptationSet"):
        kind = adaptation.get("contentType") or adaptation.get("mimeType", "") or adaptation[0].get("mimeType", "")
        for representation in adaptation.iter(f"{DASH}Representation"):
            kind = kind or representation.get("mimeType", "")
            template = next(iter([*representation.iter(f"{DASH}SegmentTemplate"), *adaptation.iter(f"{DASH}SegmentTemplate")]), None)
            tracks.append((kind.split("/")[0], () if template is None else tuple(starts(template))))
    return sorted(tracks)


def difference(shape, own):
    """How the tracks and segments of a presentation differ from those of another."""
    if [kind for kind, _ in shape] != [kind for kind, _ in own]:
        return "other tracks"
    return "; ".join(["same tracks", *(
        f"{kind}: {len(other)} segments instead of {len(mine)}" if len(other) != len(mine) else
        f"{kind}: {len(other)} segments that start up to {max((abs(a - b) for a, b in zip(other, mine)), default=0):.2f} s apart"
        for (kind, other), (_, mine) in zip(shape, own) if other or mine)])


def starts(template):
    scale, at = int(template.get("timescale", 1)), 0
    for entry in template.iter(f"{DASH}S"):
        at = int(entry.get("t", at))
        for _ in range(int(entry.get("r", 0)) + 1):
            yield round(at / scale, 2)
            at += int(entry.get("d"))
