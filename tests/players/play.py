#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Plays presentations in Chromium: play.py JOBS TOOLS. JOBS is a file with a JSON array; TOOLS is the folder of scripts/player-tools.

Writes a line of JSON for each job when it is over. Environment: CHROMIUM. The fields of a job:
    name       unique, without a slash
    player     shaka, dashjs, hlsjs or rx
    folder     of the presentation
    manifest   in the folder
    keys       the key file
    system     playready, clearkey, manifest or clear (players.js)
    wrong_key  true: one bit of each key is turned
    quality    low, high or low-high
    switch_at  the second of the film at which low-high changes the quality
    text       true: the first text track is shown
    rate       the speed of the film
"""

import json
import os
import sys
import time

from playwright.sync_api import sync_playwright

import server

ABREAST = int(os.environ.get("PLAYERS_ABREAST", "4"))
INTERVAL_MS = 200
# A job is over when it has ended, or after so many seconds in which the film did not advance; fewer after an error or at its end.
PATIENCE = 60
SHORT_PATIENCE = 5
DEFAULTS = {"quality": "low", "text": False, "rate": 1, "switch_at": 0.2}
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync", "--mute-audio"]
ARGUMENTS += ["--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--disable-dev-shm-usage"]


class Play:
    """A job in a page of its own."""

    def __init__(self, browser, name, job, port):
        self.name = name
        self.job = job
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.console = []
        self.page.on("console", self.heard)
        self.seen = {}
        self.advanced = time.monotonic()
        self.page.goto(f"http://127.0.0.1:{port}/here/page.html?{name}", wait_until="commit")

    def heard(self, message):
        if message.type in ("error", "warning") and len(self.console) < 12:
            self.console.append(message.text[:300])

    def is_over(self):
        before = self.seen.get("frames"), self.seen.get("time")
        self.seen = self.page.evaluate("() => window.report ? window.report() : {}")
        if (self.seen.get("frames"), self.seen.get("time")) != before:
            self.advanced = time.monotonic()
        if self.seen.get("ended"):
            return True
        # dash.js at times does not end the stream whose last moment is shown.
        is_at_end = self.seen.get("duration") and self.seen["time"] >= self.seen["duration"]
        patience = SHORT_PATIENCE if is_at_end or self.seen.get("errors") else PATIENCE
        return time.monotonic() - self.advanced > patience

    def result(self):
        self.context.close()
        seen = {"ended": False, "frames": 0, "time": 0, **self.seen}
        return {"name": self.name, **seen, "licences": self.job.requests, "missing": self.job.missing, "console": self.console}


def play_all(browser, jobs, port):
    waiting = list(jobs.items())
    plays = []
    while waiting or plays:
        while waiting and len(plays) < ABREAST:
            name, job = waiting.pop(0)
            plays.append(Play(browser, name, job, port))
        # In a call of Playwright, so that its events arrive.
        plays[0].page.wait_for_timeout(INTERVAL_MS)
        for play in [play for play in plays if play.is_over()]:
            plays.remove(play)
            print(json.dumps(play.result()), flush=True)


def main():
    with open(sys.argv[1]) as file:
        described = json.load(file)
    jobs = {}
    for fields in described:
        url = f"/film/{fields['name']}/{fields['manifest']}"
        jobs[fields["name"]] = server.Job({**DEFAULTS, **fields, "url": url})
    with server.serving(jobs, sys.argv[2]) as port, sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        licences = [f"--host-resolver-rules=MAP {server.LICENCE_HOST} 127.0.0.1:{port}"]
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=ARGUMENTS + root + licences, timeout=120_000
        )
        play_all(browser, jobs, port)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
