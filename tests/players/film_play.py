# SPDX-License-Identifier: MPL-2.0
"""Plays presentations on demand to their end."""

import time

from page_play import Play

# A job is over when it has ended, or after so many seconds in which the film did not advance; fewer after an error or at its end.
PATIENCE = 60
SHORT_PATIENCE = 5


class FilmPlay(Play):
    """A job that is over at the end of the film."""

    def is_over(self):
        before = self.read()
        if any(before.get(field) != self.seen.get(field) for field in ("frames", "time")):
            self.advanced = time.monotonic()
        if self.seen.get("ended"):
            return True
        # dash.js at times does not end the stream whose last moment is shown.
        is_at_end = self.seen.get("duration") and self.seen["time"] >= self.seen["duration"]
        patience = SHORT_PATIENCE if is_at_end or self.seen.get("errors") else PATIENCE
        return time.monotonic() - self.advanced > patience
