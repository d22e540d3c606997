# SPDX-License-Identifier: MPL-2.0
"""A web server with the page, the players, the presentations and the licences, on a free port of this machine."""

import base64
import json
import re
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
# This name leads to the server from inside the browser, so that manifests can have the address of its licences.
LICENCE_HOST = "licences.test"
LICENCES = "/licence"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mpd": "application/dash+xml",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".vtt": "text/vtt",
}


def of_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read_keys(path):
    """The keys by KID of a key file, whose lines are `selector kid key [iv]`."""
    keys = {}
    for line in Path(path).read_text().splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 3:
            keys[bytes.fromhex(words[1].replace("-", ""))] = bytes.fromhex(words[2])
    return keys


class Job:
    """A presentation that a player plays, and what the server saw of it."""

    def __init__(self, fields):
        self.fields = fields
        self.keys = read_keys(fields["keys"]) if fields.get("keys") else {}
        self.requests = []
        self.missing = []
        # Of the last segment that was requested: its number, and how many newer ones there were.
        self.segment = None
        self.lag = None

    def note_segment(self, path):
        """Notes the request of a segment of a live presentation."""
        newest = max(int(file.stem) for file in path.parent.glob("*.m4s"))
        self.segment = int(path.stem)
        self.lag = newest - self.segment

    def licence(self, body):
        """A ClearKey licence: EME, section 9.1.4."""
        kids = [of_base64url(kid) for kid in json.loads(body)["kids"]]
        self.requests.append([kid.hex() for kid in kids])
        keys = []
        for kid in kids:
            if kid in self.keys:
                key = bytearray(self.keys[kid])
                if self.fields.get("wrong_key"):
                    key[15] ^= 1
                keys.append({"kty": "oct", "kid": to_base64url(kid), "k": to_base64url(bytes(key))})
        return json.dumps({"type": "temporary", "keys": keys}).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *connection):
        """A player that has enough of a file closes the connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*connection)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise a header and its body, which are written one after the other, can be 40 ms apart.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Cache-Control": "no-store", **headers}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_OPTIONS(self):
        self.answer(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # The address is the same for all, since manifests name it: the page's address names the job.
        _, _, name = self.headers.get("Referer", "").partition("?")
        if self.path == LICENCES and name in self.server.jobs:
            self.answer(200, self.server.jobs[name].licence(body), Content_Type="application/json")
        else:
            self.answer(404)

    def do_GET(self):
        kind, _, rest = self.path.partition("?")[0][1:].partition("/")
        if kind == "job":
            job = self.server.jobs[rest]
            licences = f"http://{LICENCE_HOST}{LICENCES}"
            body = json.dumps({**job.fields, "licences": licences}).encode()
            self.answer(200, body, Content_Type="application/json")
        elif kind == "here":
            self.answer_file(HERE / rest)
        elif kind == "tools":
            self.answer_file(self.server.tools / rest)
        elif kind == "film":
            name, _, path = rest.partition("/")
            job = self.server.jobs[name]
            self.answer_file(Path(job.fields["folder"]) / path, job)
        else:
            self.answer(404)

    def do_HEAD(self):
        """Players of live presentations set their clocks by the Date of the answer."""
        self.do_GET()

    def answer_file(self, path, job=None):
        if not path.is_file():
            if job:
                job.missing.append(path.name)
            return self.answer(404)
        data = path.read_bytes()
        if job and path.suffix == ".m4s" and path.stem.isdecimal():
            job.note_segment(path)
        headers = {"Content_Type": TYPES.get(path.suffix, "application/octet-stream"), "Accept_Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return self.answer(200, data, **headers)
        first = int(wanted[1])
        last = min(int(wanted[2] or len(data) - 1), len(data) - 1)
        if first > last:
            return self.answer(416)
        self.answer(206, data[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(data)}", **headers)


@contextmanager
def serving(jobs, tools):
    """Serves the jobs, by their names; gives the address."""
    server = Server(("127.0.0.1", 0), Handler)
    server.jobs = jobs
    server.tools = Path(tools)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
