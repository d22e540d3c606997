# SPDX-License-Identifier: MPL-2.0
"""The essential forms without scripts, and all screens on a telephone's width."""

SCREENS = [
    "/", "/contents", "/new-content", "/contents/film%2F1", "/contents/film%2F1/settings", "/contents/film%2F1/preview",
    "/contents/film%2F1/cpix", "/keys", "/new-key", "/import", "/keys/bd3c3069-fbcc-4862-9595-64a4d3e1afba", "/seeds",
    "/targets", "/new-target", "/targets/licences", "/audit", "/accounts", "/accounts/admin", "/new-account", "/store",
]


def walk(desk):
    desk.sign_in()
    desk.sees("Overview")
    desk.go("/new-content")
    desk.fill(id="plain", scheme="cbcs", tracks="* = ALL")
    desk.press("Add content")
    desk.sees("The content was saved.")
    desk.go("/new-key?content=plain")
    desk.fill(kid="not a KID")
    desk.press("Check only")
    desk.sees("not a KID", "error")
    desk.press("Generate")
    assert len(desk.page.locator("#kid").input_value()) == 36
    desk.press("Check only")
    desk.sees("Preview", "<WRMHEADER")
    desk.press("Add key")
    desk.sees("The key is in the store", "plain")
    desk.go("/targets")
    desk.press("Test licences")
    desk.sees("answers")
    desk.go("/contents/plain")
    desk.sees("Keys do not change")
    desk.lacks("Rotate now")
    desk.go("/contents?q=PLAIN")
    desk.sees("plain")
    desk.press("Sign out")
    desk.sees("You are signed out.")


def fits(desk):
    desk.sign_in()
    for path in SCREENS:
        assert desk.go(path) == 200, path
        wide = desk.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{path} is {wide} wide"
        desk.is_accessible()
    desk.is_clean()
