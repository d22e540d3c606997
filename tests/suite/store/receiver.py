# SPDX-License-Identifier: MPL-2.0
"""A licence server that keys are handed to: receiver.py ORACLES KEY.pem [CERTIFICATE.pem CERTIFICATE-KEY.pem]

Decrypts each document by ../shared/oracles/cpix_oracle.py and prints, as a line of JSON, what is in it and the status that it answers.
The first part of a request's path names what is wrong with the server. Prints its port first; ends with its standard input.
"""
import base64
import collections
import http.server
import json
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import cpix_oracle
from cryptography.hazmat.primitives import serialization
from lxml import etree

private = serialization.load_pem_private_key(open(sys.argv[2], "rb").read(), None)
counts = collections.Counter()
# libxml2 sets up its schema types at first use, which two threads must not do at once.
lock = threading.Lock()


def status_of(fault, count, headers):
    if fault == "busy":
        return {1: 500, 2: 429}.get(count, 201)
    if fault == "refuse":
        return 400 if count == 1 else 200
    if fault == "login":
        return 200 if headers["Authorization"] == "Basic " + base64.b64encode(b"user:pass word").decode() else 401
    return 204 if fault == "empty" else 200


def contents(body):
    root = etree.fromstring(body)
    find = lambda name: list(root.iter(cpix_oracle.C(name)))
    return {
        "problems": cpix_oracle.validate(body, "2.3"),
        "keys": {kid: key.hex() for kid, key in cpix_oracle.decrypt(body, private).items()},
        "is_clear": root.find(".//" + cpix_oracle.P("PlainValue")) is not None,
        "content": root.get("contentId"),
        "scheme": [key.get("commonEncryptionScheme") for key in find("ContentKey")],
        "periods": {period.get("id"): period.get("index") for period in find("ContentKeyPeriod")},
        "rules": [[rule.get("intendedTrackType")] + [next(iter(item.attrib.values()), None) for item in rule]
                  for rule in find("ContentKeyUsageRule")],
    }


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            counts[self.path] += 1
            count = counts[self.path]
            fault = self.path.split("/")[1]
            status = status_of(fault, count, self.headers)
            seen = {"path": self.path, "status": status, "type": self.headers["Content-Type"], **contents(body)}
            print(json.dumps(seen), flush=True)
        if count == 1 and fault in ("slow", "hang"):
            time.sleep(1.5 if fault == "slow" else 600)
        # A server that repeats what it was given, which must not get into errors.
        text = f'not taken: {seen["keys"]}'.encode() if status == 400 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
if len(sys.argv) > 3:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
