# SPDX-License-Identifier: MPL-2.0
"""The key server of ../shared/oracles/speke_stub.py with faults: the first part of a request's path names the fault.

peer.py ORACLES [FOLDER]: with FOLDER over TLS, asking for a client certificate; writes server.pem, client.pem and client-key.pem there.
Prints its port; ends with its standard input. Requests that the schemas do not hold valid are refused.
"""
import base64
import datetime
import hashlib
import ipaddress
import os
import re
import ssl
import sys
import threading
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import cpix_oracle
import speke_stub
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

C = cpix_oracle.C
LOGIN = {"basic": "Basic " + base64.b64encode(b"user:pass word").decode(), "bearer": "Bearer t0ken"}
server = speke_stub.serve(0)
counts = {}
# libxml2 sets up its schema types at first use, which two threads must not do at once.
schemas = threading.Lock()


def elements(root, name):
    return list(root.iter(C(name)))


def swap(root, name):
    """Exchanges the first and the last text of all elements of that name."""
    first, *_, last = elements(root, name)
    first.text, last.text = last.text, first.text


def set_first(name, attribute, value):
    return lambda root: elements(root, name)[0].set(attribute, value)


def remove_first(name):
    def remove(root):
        element = elements(root, name)[0]
        element.getparent().remove(element)
    return remove


CHANGES = {
    "wrong-content": lambda root: root.set("contentId", "another"),
    "wrong-cpix-version": lambda root: root.set("version", "2.2"),
    "wrong-scheme": set_first("ContentKey", "commonEncryptionScheme", "cens"),
    "wrong-period": set_first("ContentKeyPeriod", "index", "99"),
    "no-period": remove_first("ContentKeyPeriodList"),
    "no-key": remove_first("Data"),
    "no-rule": remove_first("ContentKeyUsageRule"),
    "two-rules": lambda root: root.find(C("ContentKeyUsageRuleList")).append(
        etree.fromstring(etree.tostring(elements(root, "ContentKeyUsageRule")[0]))),
    "swapped-pssh": lambda root: swap(root, "PSSH"),
    "swapped-smooth": lambda root: swap(root, "SmoothStreamingProtectionHeaderData"),
    "swapped-protection": lambda root: swap(root, "ContentProtectionData"),
    "swapped-keys": lambda root: swap_keys(root),
    "not-a-box": lambda root: setattr(elements(root, "PSSH")[0], "text", "AAAA"),
    "explicit-iv": set_first("ContentKey", "explicitIV", base64.b64encode(b"\x22" * 16).decode()),
    "leaf": lambda root: add_root(root),
    "no-signaling": lambda root: [e.getparent().remove(e) for e in elements(root, "DRMSystemList")],
}


def swap_keys(root):
    first, *_, last = root.iter(cpix_oracle.P("PlainValue"))
    first.text, last.text = last.text, first.text


def add_root(root):
    """Makes the first key that of a leaf licence."""
    keys = elements(root, "ContentKeyList")[0]
    keys[0].set("dependsOnKey", "11" * 4 + ("-" + "11" * 2) * 3 + "-" + "11" * 6)
    etree.SubElement(keys, C("ContentKey")).set("kid", keys[0].get("dependsOnKey"))


def digest_accepts(header, method, path):
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', header))
    h = lambda text: hashlib.sha256(text.encode()).hexdigest()
    a1, a2 = h("user:realm of keys:pass word"), h(f"{method}:{path}")
    middle = f'n0nce:{fields.get("nc")}:{fields.get("cnonce")}:auth'
    return header.startswith("Digest ") and fields.get("response") == h(f"{a1}:{middle}:{a2}")


class Faulty(server.RequestHandlerClass):
    fault = ""

    def refuse(self, status, text=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def is_known(self):
        given = self.headers.get("Authorization", "")
        if self.fault == "digest":
            return digest_accepts(given, "POST", self.path)
        if self.fault == "header":
            return self.headers.get("X-Api-Key") == "s3cret"
        if self.fault == "query":
            return self.path.endswith("?a=1&token=s3cret")
        return given == LOGIN.get(self.fault, given)

    def do_POST(self):
        self.fault = self.path.split("/")[1].split("?")[0]
        counts[self.path] = counts.get(self.path, 0) + 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        version = self.headers.get("X-Speke-Version")
        if version in speke_stub.SPEKE_TO_CPIX and b"DeliveryData" not in body:
            with schemas:
                problems = cpix_oracle.validate(body, speke_stub.SPEKE_TO_CPIX[version])
            if problems:
                return self.refuse(499, str(problems).encode())
        if not self.is_known():
            challenges = [("WWW-Authenticate", 'Basic realm="x"'), ("WWW-Authenticate", 'Digest realm="realm of keys", '
                           'nonce="n0nce", algorithm=SHA-256, qop="auth"')]
            return self.refuse(401, b"who is user:pass word or t0ken?", challenges)
        if self.fault == "busy" and counts[self.path] < 3:
            return self.refuse(503 if counts[self.path] == 1 else 429, b"busy", [("Retry-After", "0")])
        if self.fault == "hangs-up" and counts[self.path] < 2:
            self.close_connection = True
            return None
        if self.fault == "down":
            return self.refuse(500, b"down " * 1000)
        if self.fault == "moved":
            return self.refuse(307, headers=[("Location", "/none")])
        if self.fault == "slow" and counts[self.path] < 2:
            time.sleep(1.5)
        if self.fault == "other-kids":
            for kid in sorted(set(re.findall(rb'kid="([^"]*)"', body))):
                body = body.replace(kid, str(uuid.uuid5(uuid.NAMESPACE_URL, kid.decode())).encode())
        try:
            self.out(200, speke_stub.answer(body, version or "1.0", store, "https://la.example/"), "application/xml", version)
        except speke_stub.Err as error:
            self.refuse(error.code, str(error).encode())

    def out(self, status, body, kind, version=None):
        if self.fault in CHANGES:
            root = etree.fromstring(body)
            CHANGES[self.fault](root)
            body = etree.tostring(root)
        elif self.fault == "malformed":
            body = body[:len(body) // 2]
        elif self.fault == "not-cpix":
            body = b"<html>please log in</html>"
        elif self.fault == "dtd":
            body = b"<!DOCTYPE x [<!ENTITY e 'x'>]>" + etree.tostring(etree.fromstring(body))
        elif self.fault == "huge":
            body += b" " * (1 << 20)
        elif self.fault == "wrong-speke-version":
            version = "2.2"
        super().out(status, body, kind, version)


def certificate(path, name, usage):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.ExtendedKeyUsage([usage]), False).sign(key, hashes.SHA256()))
    open(path + ".pem", "wb").write(made.public_bytes(serialization.Encoding.PEM))
    open(path + "-key.pem", "wb", opener=lambda path, flags: os.open(path, flags, 0o600)).write(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path + ".pem", path + "-key.pem"


store = speke_stub.Store()
server.RequestHandlerClass = Faulty
if len(sys.argv) > 2:
    usages = x509.oid.ExtendedKeyUsageOID
    chain, key = certificate(sys.argv[2] + "/server", "server", usages.SERVER_AUTH)
    client, _ = certificate(sys.argv[2] + "/client", "client", usages.CLIENT_AUTH)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(chain, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
