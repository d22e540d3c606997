#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Plays presentations in Chromium: play.py JOBS TOOLS. JOBS is a file with a JSON array; TOOLS is the folder of scripts/player-tools.

Writes a line of JSON for each job when it is over, and when it waits (live_play.py). Environment: CHROMIUM. The fields of a job:
    name       unique, without a slash
    player     shaka, dashjs, hlsjs or rx
    title      the player's name in pictures; without one, `player`
    folder     of the presentation
    manifest   in the folder
    keys       the key file
    system     playready, clearkey, manifest or clear (players.js)
    wrong_key  true: one bit of each key is turned
    quality    low, high or low-high
    switch_at  the second of the film at which low-high changes the quality
    text       true: the first text track is shown
    rate       the speed of the film
    steps      what is done with a live presentation (live_play.py)
    patience   the seconds without a picture after which a job with steps is over
"""

import json
import os
import sys

from playwright.sync_api import sync_playwright

import server
from film_play import FilmPlay
from live_play import LivePlay

ABREAST = int(os.environ.get("PLAYERS_ABREAST", "4"))
INTERVAL_MS = 200
DEFAULTS = {"quality": "low", "text": False, "rate": 1, "switch_at": 0.2}
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync", "--mute-audio"]
ARGUMENTS += ["--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--disable-dev-shm-usage"]


def play_all(browser, jobs, port):
    waiting = list(jobs.items())
    plays = []
    while waiting or plays:
        # A live presentation does not wait.
        while waiting and (len(plays) < ABREAST or "steps" in waiting[0][1].fields):
            name, job = waiting.pop(0)
            kind = LivePlay if "steps" in job.fields else FilmPlay
            plays.append(kind(browser, name, job, port))
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
