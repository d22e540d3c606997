# SPDX-License-Identifier: MPL-2.0
"""A browser at the page, which complains of what no page should do: errors, refused scripts and styles, requests to elsewhere."""

import os
from contextlib import contextmanager
from importlib.resources import files

from playwright.sync_api import sync_playwright

URL = os.environ.get("PAGE_URL", "")
TOKEN = os.environ.get("PAGE_TOKEN", "")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def browser():
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        # Chromium's own requests, such as for updates, are none of the page's.
        chromium = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=root + ["--disable-background-networking"]
        )
        yield chromium
        chromium.close()


class Desk:
    """Somebody's browser window. `wrong` collects what must not happen."""

    def __init__(self, chromium, scripts=True, **looks):
        self.context = chromium.new_context(java_script_enabled=scripts, base_url=URL, **looks)
        self.context.set_default_timeout(15_000)
        self.scheme = looks.get("color_scheme", "light")
        self.page = self.context.new_page()
        self.wrong = []
        self.expected = set()
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", self.asked)

    def heard(self, message):
        # Chromium logs each refused form: the status is what was wanted.
        if "status of 4" in message.text and self.expected:
            return
        # htmx's word for a check that was under way when somebody went on to the next screen.
        if message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
            return
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text} at {self.page.url}")

    def asked(self, request):
        if not request.url.startswith((URL, "data:", "blob:")):
            self.wrong.append(f"request to {request.url}")

    def go(self, path):
        answer = self.page.goto(path)
        return answer.status if answer else None

    def sign_in(self, token=TOKEN):
        self.go("/login")
        self.page.get_by_label("Token").fill(token)
        self.press("Sign in")

    def fill(self, **fields):
        for name, value in fields.items():
            field = self.page.locator(f"main [name={name}]:visible").first
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def click(self, name):
        self.page.get_by_role("button", name=name).first.click()

    def press(self, name):
        """Sends a form and waits for the page that answers: a click alone may be over while the old one is still there."""
        with self.page.expect_navigation():
            self.click(name)

    def refused(self, name):
        """Presses a button whose form the server sends back."""
        self.expected.add(name)
        self.press(name)
        summary = self.page.locator(".summary").first
        summary.wait_for()
        self.expected.discard(name)
        return summary.inner_text()

    def text(self):
        return self.page.locator("main").inner_text()

    def sees(self, *texts):
        for text in texts:
            assert text in self.text(), f"{text!r} is not on {self.page.url}:\n{self.text()[:3000]}"

    def lacks(self, *texts):
        whole = self.page.content()
        for text in texts:
            assert text not in whole, f"{text!r} is on {self.page.url}"

    def is_accessible(self):
        """axe-core finds nothing, in light and dark."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate(AXE)
            found = self.page.evaluate("rules => axe.run(document, rules)", RULES)
            for violation in found["violations"]:
                nodes = [node["html"] + " " + node["failureSummary"] for node in violation["nodes"][:3]]
                self.wrong.append(f"{scheme} {self.page.url}: {violation['id']}: {nodes}")
        self.page.emulate_media(color_scheme=self.scheme)

    def is_clean(self):
        assert not self.wrong, "\n".join(self.wrong)
