# SPDX-License-Identifier: MPL-2.0
"""Plays live presentations, in steps. The steps of a job are done one after the other:

    {"do": "play", "seconds": S}   S seconds of film are played
    {"do": "seek", "seconds": S}   the player seeks by S seconds
    {"do": "picture", "file": F}   F becomes a picture of the page, a PNG
    {"do": "wait", "file": F}      the file F appears, and the player requests the segment whose number is in it, or a later one
    {"do": "come", "seconds": S}   the film comes to S seconds after what was loaded at the end of `wait`

At the start of `wait`, a line says {"waits": NAME}. The result has in `steps` what each step saw that is done. If no picture comes while the
player waits for a segment, the page is loaded anew, once.
"""

import json
import time
from pathlib import Path

from page_play import Play

# A job is over after so many seconds in which no picture came, unless it has a field `patience`; fewer after an error.
PATIENCE = 25
SHORT_PATIENCE = 5
# The seconds by which the film may advance more than the clock, since both are read one after the other.
TOLERANCE = 0.5


class LivePlay(Play):
    """A job with steps in a page of its own."""

    def __init__(self, browser, name, job, port):
        super().__init__(browser, name, job, port)
        self.steps = list(job.fields["steps"])
        self.done = []
        self.reloads = 0
        # The time up to which the film was loaded at the end of `wait`.
        self.loaded = 0
        self.read_at = time.monotonic()
        self.begin_step()

    def begin_step(self):
        self.began = time.monotonic()
        self.played = 0
        self.frames = 0

    def advance(self):
        """Counts the film and the pictures since the last time; a jump, and a time with a seek or without pictures, is not counted."""
        before = self.read()
        now = time.monotonic()
        elapsed, self.read_at = now - self.read_at, now
        seconds = self.seen.get("time", 0) - before.get("time", 0)
        frames = self.seen.get("frames", 0)
        # A player that decodes a Period apart counts its pictures anew.
        new_frames = frames - before.get("frames", 0) if frames >= before.get("frames", 0) else frames
        if new_frames > 0:
            self.advanced = now
        self.frames += new_frames
        has_sought = self.seen.get("seeks") != before.get("seeks")
        if new_frames > 0 and not has_sought and 0 < seconds < elapsed + TOLERANCE:
            self.played += seconds

    def is_over(self):
        self.advance()
        while self.steps and self.is_done(self.steps[0]):
            self.end_step(self.steps.pop(0))
        if not self.steps:
            return True
        patience = SHORT_PATIENCE if self.seen.get("errors") else self.job.fields.get("patience", PATIENCE)
        if time.monotonic() - self.advanced <= patience:
            return False
        if self.steps[0]["do"] == "wait" and Path(self.steps[0]["file"]).exists() and not self.reloads:
            self.reload()
            return False
        return True

    def reload(self):
        self.reloads += 1
        self.page.reload(wait_until="commit")
        self.seen = {}
        self.advanced = time.monotonic()

    def is_done(self, step):
        if step["do"] == "play":
            return self.played >= step["seconds"]
        if step["do"] == "come":
            return self.seen.get("time", 0) >= self.loaded + step["seconds"]
        if step["do"] == "wait":
            file = Path(step["file"])
            self.loaded = self.seen.get("time", 0) + self.seen.get("ahead", 0)
            return file.exists() and self.job.segment >= int(file.read_text())
        if step["do"] == "seek":
            self.page.evaluate("(seconds) => window.seekBy(seconds)", step["seconds"])
        elif step["do"] == "picture":
            self.page.locator("#shown").screenshot(path=step["file"])
        return True

    def end_step(self, step):
        self.done.append({
            "do": step["do"],
            "seconds": round(time.monotonic() - self.began, 1),
            # Seconds of film, and pictures, that were played in this step.
            "played": self.played,
            "frames": self.frames,
            # At its end: the time of the film, the seconds that are loaded, and the segments that the player has still to request.
            "time": self.seen.get("time"),
            "ahead": self.seen.get("ahead"),
            "lag": self.job.lag,
        })
        self.begin_step()
        if self.steps and self.steps[0]["do"] == "wait":
            print(json.dumps({"waits": self.name}), flush=True)

    def result(self):
        result = super().result()
        stand_in = result.get("playready") or {"faults": [], "requests": []}
        live = {
            "steps": self.done,
            "is_done": not self.steps,
            "played": self.played,
            "reloads": self.reloads,
            # Of the licence requests, which can be many, the KIDs.
            "licences": all_of(result["licences"]),
            "playready": {"faults": stand_in["faults"], "requests": all_of(stand_in["requests"])},
        }
        return {**result, **live}


def all_of(requests):
    return sorted({kid for kids in requests for kid in kids})
