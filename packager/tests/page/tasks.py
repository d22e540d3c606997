# SPDX-License-Identifier: MPL-2.0
"""What operators do on the page, one after the other, on the store of a server that just started."""

import csv
import io
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import expect

# Published: the key seed of Microsoft's test server, a KID of it with its key (Azure's documentation), and that key's checksum.
SEED = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I"
KID = "bd3c3069-fbcc-4862-9595-64a4d3e1afba"
KEY = "PRasCFTVWww5r0MzGt/uUA=="
CHECKSUM = "A93fI1qpQGo="
# Published: a KID in both orders (Microsoft, DASH content protection using PlayReady).
UUID, BASE64 = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "rk8d+Ox90BGnZQCgyR5r9g=="
# Published: a key of Microsoft's Big Buck Bunny.
ENTERED = "W31bfVt9W31bfVt9W31bfQ=="
CPIX_KID = "b0498601-8a4a-4418-9fa5-5a326ea2961c"
CPIX = f"""<CPIX xmlns="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" contentId="film/2" version="2.3">
<ContentKeyList><ContentKey kid="{CPIX_KID}" commonEncryptionScheme="cbcs"><Data><pskc:Secret>
<pskc:PlainValue>EjRWeBI0VngSNFZ4EjRWeA==</pskc:PlainValue></pskc:Secret></Data></ContentKey></ContentKeyList></CPIX>"""


def sign_in(desk):
    assert desk.go("/contents") == 200 and desk.page.url.endswith("/login")
    desk.is_accessible()
    desk.fill(token="not-the-token-of-anybody-0123456789")
    assert "unknown" in desk.refused("Sign in")
    assert desk.page.locator("[name=token]").input_value() == ""
    focused = desk.page.evaluate("document.activeElement.className")
    assert focused == "summary", focused
    desk.sign_in()
    desk.sees("Overview", "No content has a crypto period")
    cookie = next(c for c in desk.context.cookies() if c["name"] == "session")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["path"] == "/"


def use_the_keyboard(desk):
    desk.go("/")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.className") == "skip"
    desk.page.keyboard.press("Enter")
    assert desk.page.evaluate("document.activeElement.id") == "main"


def set_up_targets(desk, address):
    desk.go("/new-target")
    desk.fill(name="licences", url="ftp://example.org/")
    desk.refused("Add target")
    desk.is_accessible()
    desk.fill(url=address, credentials="bearer secret-of-a-target")
    desk.press("Add target")
    desk.sees("The target was saved.", "licences", "kept")
    desk.lacks("secret-of-a-target")
    desk.go("/new-target")
    desk.fill(name="gone", url="http://127.0.0.1:9/keys")
    desk.press("Add target")
    desk.click("Test licences")
    desk.page.get_by_text("answers").wait_for()
    desk.click("Test gone")
    desk.page.get_by_text("failed").wait_for()
    desk.is_accessible()


def keep_a_seed(desk):
    desk.go("/seeds")
    desk.sees("No key seed yet.")
    desk.fill(name="vod", value="c2hvcnQ=")
    desk.refused("Add key seed")
    assert desk.page.locator("[name=value]").input_value() == ""
    desk.is_accessible()
    desk.fill(value=SEED)
    desk.press("Add key seed")
    desk.sees("The seed was added", "vod", "public one of Microsoft")
    desk.lacks(SEED)
    desk.is_accessible()


def set_up_a_content(desk):
    desk.go("/new-content")
    desk.fill(id="film/1", scheme="cenc", ds_id="nonsense", crypto_period="soon", tracks="video")
    assert desk.refused("Add content").count("\n") >= 3
    assert desk.page.locator("#crypto_period").get_attribute("aria-invalid") == "true"
    assert desk.page.locator("#id").input_value() == "film/1"
    desk.is_accessible()
    desk.fill(ds_id="", crypto_period="", tracks="video = VIDEO\naudio = AUDIO", la_url="https://licence.example/rightsmanager.asmx?a=1&b=<2>")
    desk.page.get_by_label("licences").check()
    desk.press("Add content")
    desk.sees("The content was saved.", "film/1", "No key yet")
    desk.page.get_by_role("link", name="Settings").click()
    desk.fill(lui_url="https://people.example/", custom_attributes="<A>1</A>")
    desk.press("Save settings")
    desk.page.get_by_role("link", name="Settings").click()
    assert desk.page.locator("#lui_url").input_value() == "https://people.example/"
    assert desk.page.get_by_label("licences").is_checked()
    desk.is_accessible()


def make_a_random_key(desk):
    desk.go("/contents/film%2F1")
    desk.page.get_by_role("link", name="New key for this content").click()
    assert desk.page.locator("#content").input_value() == "film/1"
    desk.fill(label="VIDEO")
    desk.click("Generate")
    expect(desk.page.locator("#kid")).to_have_value(re.compile("^.{36}$"))
    desk.press("Add key")
    desk.sees("The key is in the store", "film/1", "VIDEO", "planned")
    desk.is_accessible()
    return desk.page.locator("h1").inner_text()


def enter_a_key(desk, taken):
    desk.go("/new-key")
    live = desk.page.locator("#live")
    desk.page.get_by_label("Entered here").check()
    desk.fill(key="00112233")
    live.get_by_text("16 bytes, not 4").wait_for()
    desk.fill(kid="00000000-0000-0000-0000-000000000000")
    live.get_by_text("nil key id").wait_for()
    desk.fill(kid=taken)
    desk.fill(key=ENTERED)
    live.get_by_text("another key").first.wait_for()
    desk.is_accessible()
    assert "another key" in desk.refused("Add key")
    assert desk.page.locator("#key").input_value() == ""
    desk.fill(kid=BASE64, content="film/1", label="AUDIO", key=ENTERED)
    live.get_by_text(UUID).first.wait_for()
    live.get_by_text("LA_URL").first.wait_for()
    live.get_by_text("<2>").first.wait_for()
    desk.is_accessible()
    desk.lacks(ENTERED)
    desk.press("Add key")
    desk.sees(UUID, BASE64, "entered", "AUDIO")
    desk.lacks(ENTERED)


def derive_a_key(desk):
    desk.go("/new-key")
    desk.page.get_by_label("Derived from a key seed").check()
    desk.fill(seed="vod", kid=KID)
    desk.page.locator("#live").get_by_text(CHECKSUM).first.wait_for()
    desk.press("Add key")
    desk.sees(CHECKSUM, "seed vod")
    desk.lacks(KEY)


def show_a_clear_key(desk):
    desk.go(f"/keys/{KID}")
    desk.page.get_by_text("Show the clear key").click()
    desk.refused("Show clear key")
    desk.is_accessible()
    desk.fill(reason="a test of the page")
    desk.press("Show clear key")
    desk.sees(KEY, "The clear key")
    desk.is_accessible()
    desk.go(f"/keys/{KID}")
    desk.lacks(KEY)
    desk.go("/audit?action=read")
    desk.sees("shown in clear: a test of the page", KID)


def retire_a_key(desk):
    desk.go(f"/keys/{KID}")
    desk.page.get_by_text("Retire this key").click()
    desk.press("Retire")
    desk.sees("The key was retired", "retired")


def find_keys(desk):
    for notation in (UUID, "{" + UUID.upper() + "}", UUID.replace("-", ""), BASE64):
        desk.go("/keys")
        desk.fill(kid=notation)
        desk.press("Search")
        assert desk.page.locator("tbody tr").count() == 1
        desk.sees(UUID)
    desk.fill(kid="nothing")
    desk.press("Search")
    desk.sees("not a KID")
    desk.go("/keys?state=retired")
    desk.sees(KID)
    desk.is_accessible()


def import_keys(desk):
    desk.go("/import")
    desk.fill(cpix="<CPIX")
    desk.refused("Import")
    assert desk.page.locator("#cpix").input_value() == ""
    desk.is_accessible()
    chosen = {"name": "keys.cpix", "mimeType": "application/xml", "buffer": CPIX.encode()}
    desk.page.locator("#cpix-file").set_input_files(chosen)
    expect(desk.page.locator("#cpix")).to_have_value(re.compile("ContentKey"))
    desk.press("Import")
    desk.sees("1 key", "film/2", CPIX_KID, "added")
    desk.is_accessible()


def rotate(desk):
    desk.go("/contents/film%2F1")
    desk.sees("Keys do not change", "licences")
    desk.lacks("Rotate now")
    assert desk.page.get_by_role("img", name="Crypto periods of film/1").locator(".mark").count() >= 2
    desk.is_accessible()


def follow_a_channel(desk):
    desk.go("/new-content")
    desk.fill(id="channel", scheme="cbcs", crypto_period="1h")
    desk.press("Add content")
    desk.press("Rotate now")
    desk.sees("The next crypto period has its keys")
    picture = desk.page.get_by_role("img", name="Crypto periods of channel")
    assert picture.locator(".period").count() >= 1
    desk.is_accessible()
    desk.go("/")
    desk.sees("channel", "1h", "planned")
    desk.is_accessible()


def preview(desk):
    desk.go("/contents/film%2F1/preview")
    desk.sees("<WRMHEADER", "CUSTOMATTRIBUTES", "ContentProtection", "#EXT-X-SESSION-KEY", "gst-launch-1.0", "content-id=film/1")
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.page.locator("[data-copy=gst-launch]").click()
    desk.page.get_by_role("button", name="Copied").wait_for()
    copied = desk.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("gst-launch-1.0") and copied == desk.page.locator("#gst-launch").inner_text()
    Path(os.environ["PAGE_COPIED"]).write_text(copied)
    desk.is_accessible()


def certificate():
    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "recipient")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def export(desk):
    desk.go("/contents/film%2F1/cpix")
    desk.is_accessible()
    assert "recipient" in desk.refused("Export encrypted")
    for fields, button, element in [
        ({"recipient": "a test", "certificate": certificate()}, "Export encrypted", "EncryptedValue"),
        ({"reason": "a test of the page"}, "Export in clear", "PlainValue"),
    ]:
        desk.go("/contents/film%2F1/cpix")
        if "reason" in fields:
            desk.page.get_by_text("Export in clear").first.click()
        desk.fill(**fields)
        with desk.page.expect_download() as download:
            desk.page.get_by_role("button", name=button).click()
        document = ElementTree.parse(download.value.path())
        pskc = "{urn:ietf:params:xml:ns:keyprov:pskc}"
        found = document.findall(f".//{{urn:dashif:org:cpix}}ContentKey//{pskc}Secret/{pskc}{element}")
        assert len(found) == 2, found


def let_others_in(desk, chromium, other):
    desk.go("/new-account")
    desk.fill(name="vera", certificate="00:11")
    desk.refused("Add account")
    desk.is_accessible()
    desk.fill(certificate="")
    desk.page.get_by_label("viewer:").check()
    desk.press("Add account")
    desk.fill(label="laptop", lifetime="1d")
    desk.press("Make a token")
    desk.sees("not shown again")
    token = desk.page.locator("#new-token").inner_text()
    desk.is_accessible()
    desk.go("/accounts/vera")
    desk.lacks(token)
    desk.sees("laptop", "active")
    vera = other(chromium)
    vera.sign_in(token)
    vera.sees("Overview")
    parts = vera.page.get_by_role("navigation", name="Parts").inner_text()
    assert "Audit" not in parts and "Accounts" not in parts
    vera.expected.add("forbidden")
    for path in ("/audit", "/accounts", "/new-key", "/new-content", "/import", "/targets/licences", "/contents/film%2F1/cpix"):
        assert vera.go(path) == 403, path
        vera.sees("it needs the role")
    vera.is_accessible()
    vera.go(f"/keys/{UUID}")
    assert vera.page.locator("main button").count() == 0
    vera.expected.clear()
    desk.press("Revoke laptop")
    desk.sees("The token was revoked.", "revoked")
    vera.go("/")
    assert vera.page.url.endswith("/login")
    vera.is_clean()
    desk.page.get_by_text("Disable this account").click()
    desk.press("Disable")
    desk.sees("The account was disabled.")
    desk.go("/accounts/admin")
    desk.page.get_by_text("Disable this account").click()
    assert "no administrator could sign in" in desk.refused("Disable")
    desk.go("/accounts")
    desk.sees("vera", "disabled")
    desk.is_accessible()


def read_the_audit(desk):
    desk.go("/audit")
    desk.press("Verify the chain")
    desk.sees("The audit is whole")
    desk.is_accessible()
    desk.go("/audit")
    desk.fill(actor="admin", object=UUID)
    desk.press("Filter")
    assert desk.page.locator("tbody tr").count() >= 1
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="Export as CSV").click()
    rows = list(csv.DictReader(io.StringIO(open(download.value.path(), newline="").read())))
    assert rows and all(row["actor"] == "admin" and UUID in row["object"] for row in rows)
    desk.go("/audit")
    desk.lacks(KEY, ENTERED, SEED)


def look_at_the_store(desk):
    desk.go("/store")
    desk.sees("current", "rows of the audit")
    desk.is_accessible()


def refuse_forms_of_others(desk):
    answer = desk.context.request.post("/seeds/retire", form={"name": "vod", "csrf": "made up"})
    assert answer.status == 403 and "not of this session" in answer.text()
    answer = desk.context.request.post("/login", form={"token": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


def sign_out(desk):
    desk.press("Sign out")
    desk.sees("You are signed out.")
    desk.go("/")
    assert desk.page.url.endswith("/login")
