# SPDX-License-Identifier: MPL-2.0
"""Pictures of the screens, for docs/page. Environment: as walk.py's; argument: the folder."""

import sys
from pathlib import Path
from urllib.parse import quote

import tasks
from desk import Desk, browser
from receiver import receiver

WIDE = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}}


def fill_the_store(desk, address):
    desk.sign_in()
    desk.go("/new-target")
    desk.fill(name="licences", url=address, credentials="bearer a-token-of-the-target")
    desk.press("Add target")
    desk.go("/new-target")
    desk.fill(name="backup", url="http://127.0.0.1:9/keys")
    desk.press("Add target")
    tasks.keep_a_seed(desk)
    for name, period, seed in [("news-24", "1m", ""), ("sports-1", "5m", ""), ("films/the-third-man", "", "vod"), ("archive/1962-0417", "", "")]:
        desk.go("/new-content")
        tracks = "video = VIDEO\naudio = AUDIO"
        desk.fill(id=name, scheme="cbcs" if period else "cenc", crypto_period=period, seed=seed, tracks=tracks, la_url="https://licence.example/rightsmanager.asmx")
        desk.page.get_by_label("licences").check()
        desk.press("Add content")
        if period:
            desk.press("Rotate now")
            continue
        for label in ("VIDEO", "AUDIO"):
            desk.page.get_by_role("link", name="New key for this content").click()
            desk.fill(label=label)
            desk.press("Add key")
            desk.go("/contents/" + quote(name, safe=""))
    desk.go("/new-account")
    for name, role in [("encoder-1", "packager:"), ("vera", "viewer:"), ("kim", "key-admin:"), ("licence-server", "license-server:")]:
        desk.go("/new-account")
        desk.fill(name=name)
        desk.page.get_by_label(role).check()
        desk.press("Add account")


class Album:
    def __init__(self, folder):
        self.folder = folder

    def keep(self, desk, name, whole=True):
        desk.page.wait_for_timeout(300)
        desk.page.screenshot(path=self.folder / f"{name}.png", full_page=whole)


def take(desk, album):
    for name, path in [
        ("overview", "/"), ("contents", "/contents"), ("content", "/contents/films%2Fthe%2Dthird%2Dman"), ("channel", "/contents/news-24"),
        ("settings", "/contents/news-24/settings"), ("keys", "/keys"), ("import", "/import"), ("seeds", "/seeds"), ("target", "/new-target"),
        ("export", "/contents/news-24/cpix"), ("audit", "/audit"), ("accounts", "/accounts"), ("store", "/store"),
    ]:
        desk.go(path)
        album.keep(desk, name, whole=name not in ("audit", "keys"))
    desk.go("/contents/films%2Fthe%2Dthird%2Dman/preview")
    album.keep(desk, "preview", whole=False)
    desk.go("/keys?content=films/the-third-man")
    desk.page.locator("tbody a").first.click()
    desk.page.get_by_text("Show the clear key").click()
    album.keep(desk, "key")
    desk.go("/accounts/encoder-1")
    desk.fill(label="rack 4", lifetime="365d")
    desk.press("Make a token")
    album.keep(desk, "account")
    desk.go("/targets")
    desk.click("Test licences")
    desk.page.get_by_text("answers").wait_for()
    desk.click("Test backup")
    desk.page.get_by_text("failed").wait_for()
    album.keep(desk, "targets")


def type_a_key(desk, album, name):
    desk.go("/new-key?content=films/the-third-man")
    desk.page.get_by_label("Derived from a key seed").check()
    desk.fill(seed="vod", label="UHD", kid=tasks.BASE64)
    desk.page.locator("#live").get_by_text("WRMHEADER").first.wait_for()
    desk.page.set_viewport_size({"width": 1280, "height": 1600})
    album.keep(desk, name, whole=False)
    desk.page.set_viewport_size(WIDE["viewport"])


def main(folder):
    album = Album(Path(folder))
    with browser() as chromium, receiver() as address:
        light = Desk(chromium, color_scheme="light", **WIDE)
        light.go("/login")
        album.keep(light, "login")
        fill_the_store(light, address)
        take(light, album)
        type_a_key(light, album, "new-key")
        light.go("/new-key")
        light.page.get_by_label("Entered here").check()
        light.fill(kid="{BD3C3069-FBCC-4862-9595-64A4D3E1AFBA", key="0011")
        light.page.locator("#live").get_by_text("16 bytes").wait_for()
        light.refused("Add key")
        album.keep(light, "new-key-refused")
        dark = Desk(chromium, color_scheme="dark", **WIDE)
        dark.sign_in()
        for name, path in [("overview-dark", "/"), ("content-dark", "/contents/films%2Fthe%2Dthird%2Dman")]:
            dark.go(path)
            album.keep(dark, name)
        type_a_key(dark, album, "new-key-dark")
        phone = Desk(chromium, color_scheme="light", **PHONE)
        phone.sign_in()
        album.keep(phone, "overview-narrow", whole=False)
        phone.go("/contents/films%2Fthe%2Dthird%2Dman")
        album.keep(phone, "content-narrow", whole=False)


if __name__ == "__main__":
    main(sys.argv[1])
