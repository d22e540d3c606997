# SPDX-License-Identifier: MPL-2.0
"""An origin that stores files in a folder by PUT and DELETE: origin.py FOLDER [REFUSED]

Refuses a manifest that names a file which is not there, and each request whose method and path end with REFUSED. Prints, as a line of JSON,
each request and the status that it answers. Prints its port first; ends with its standard input.
"""
import http.server
import json
import pathlib
import re
import sys
import threading
import xml.etree.ElementTree

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
LISTED = re.compile(r'#EXT-X-(?:MAP|MEDIA|I-FRAME-STREAM-INF):.*?\bURI="([^"]*)"')

folder = pathlib.Path(sys.argv[1])
refused = sys.argv[2] if len(sys.argv) > 2 else None


def named_by_mpd(text):
    for template in xml.etree.ElementTree.fromstring(text).iter(MPD + "SegmentTemplate"):
        yield template.get("initialization")
        number = int(template.get("startNumber"))
        for entry in template.iter(MPD + "S"):
            for _ in range(1 + int(entry.get("r", 0))):
                yield template.get("media").replace("$Number$", str(number))
                number += 1


def named_by_playlist(text):
    yield from LISTED.findall(text)
    yield from (line for line in text.splitlines() if not line.startswith("#"))


def missing(name, body):
    named = {".mpd": named_by_mpd, ".m3u8": named_by_playlist}.get(pathlib.PurePath(name).suffix)
    return sorted(file for file in named(body.decode()) if not (folder / file).is_file()) if named else []


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        name, body = self.path.removeprefix("/news/"), self.rfile.read(int(self.headers["Content-Length"]))
        file = folder / name
        lacks = missing(name, body)
        if self.is_refused() or lacks:
            return self.answer(name, 409, lacks)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        self.answer(name, 201)

    def do_DELETE(self):
        name = self.path.removeprefix("/news/")
        file = folder / name
        if self.is_refused() or not file.is_file():
            return self.answer(name, 409)
        file.unlink()
        self.answer(name, 200)

    def is_refused(self):
        return refused is not None and f"{self.command} {self.path}".endswith(refused)

    def answer(self, name, status, lacks=()):
        seen = {"method": self.command, "name": name, "type": self.headers["Content-Type"], "status": status, "missing": lacks}
        print(json.dumps(seen), flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
server.daemon_threads = True
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
