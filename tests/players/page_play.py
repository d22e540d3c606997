# SPDX-License-Identifier: MPL-2.0
"""A presentation in a page of its own."""


import time


class Play:
    """A job in a page of its own."""

    def __init__(self, browser, name, job, port):
        self.name = name
        self.job = job
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.console = []
        self.page.on("console", self.heard)
        # What the page reported last.
        self.seen = {}
        self.advanced = time.monotonic()
        self.page.goto(f"http://127.0.0.1:{port}/here/page.html?{name}", wait_until="commit")

    def heard(self, message):
        if message.type in ("error", "warning") and len(self.console) < 12:
            self.console.append(message.text[:300])

    def read(self):
        """Reads the report of the page. Returns that of the last time."""
        before = self.seen
        self.seen = self.page.evaluate("() => window.report ? window.report() : {}")
        return before

    def result(self):
        self.context.close()
        seen = {"ended": False, "frames": 0, "time": 0, **self.seen}
        return {"name": self.name, **seen, "licences": self.job.requests, "missing": self.job.missing, "console": self.console}
