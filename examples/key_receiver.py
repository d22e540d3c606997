#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A licence server's end of the hand-off: takes the CPIX documents that `playready-packager serve` posts and stores their keys.

The documents are encrypted to the receiver's certificate, which is given to the key server as that of the target. A key that
is stored is acknowledged with 200; anything else makes the key server try again or report the target.

usage: key_receiver.py FOLDER PORT, where FOLDER has certificate.pem and key.pem (RSA, at least 2048 bits)
needs: pip install cryptography
"""

import base64
import http.server
import hmac
import os
import sys
import xml.etree.ElementTree as ElementTree

from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CPIX = "{urn:dashif:org:cpix}"
PSKC = "{urn:ietf:params:xml:ns:keyprov:pskc}"
ENC = "{http://www.w3.org/2001/04/xmlenc#}"
MAX_DOCUMENT = 1 << 20

folder = sys.argv[1]
with open(os.path.join(folder, "key.pem"), "rb") as file:
    private_key = serialization.load_pem_private_key(file.read(), None)


def unwrap(cipher_value):
    """Decrypts a value that is encrypted to the receiver's certificate (CPIX 2.3, clause 8: RSA-OAEP with SHA-1)."""
    oaep = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return private_key.decrypt(base64.b64decode(cipher_value.text), oaep)


def content_keys(document):
    """Returns the content keys of a CPIX document by KID. Raises ValueError if it is damaged or forged."""
    root = ElementTree.fromstring(document)
    delivery = root.find(f"{CPIX}DeliveryDataList/{CPIX}DeliveryData")
    if delivery is None:
        raise ValueError("the document is not encrypted")
    document_key = unwrap(delivery.find(f"{CPIX}DocumentKey//{ENC}CipherValue"))
    mac_key = unwrap(delivery.find(f"{CPIX}MACMethod//{ENC}CipherValue"))
    keys = {}
    for content_key in root.iter(f"{CPIX}ContentKey"):
        secret = content_key.find(f"{CPIX}Data/{PSKC}Secret")
        cipher_text = base64.b64decode(secret.findtext(f".//{ENC}CipherValue"))
        mac = base64.b64decode(secret.findtext(f"{PSKC}ValueMAC"))
        if not hmac.compare_digest(hmac.digest(mac_key, cipher_text, "sha512"), mac):
            raise ValueError("a key's MAC is wrong")
        # AES-256-CBC with the IV in front (XML Encryption, clause 5.2).
        decryptor = Cipher(algorithms.AES(document_key), modes.CBC(cipher_text[:16])).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        padded = decryptor.update(cipher_text[16:]) + decryptor.finalize()
        keys[content_key.get("kid")] = unpadder.update(padded) + unpadder.finalize()
    return keys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if not 0 < length <= MAX_DOCUMENT:
            self.send_error(413)
            return
        try:
            keys = content_keys(self.rfile.read(length))
        except Exception:  # the cause may quote the document: keep it out of the answer
            self.send_error(400, "not a CPIX document for this receiver")
            return
        # A real licence server writes to its database here. The keys are on disk before they are acknowledged.
        descriptor = os.open(os.path.join(folder, "received.keys"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "a", encoding="ascii") as file:
            for kid, key in keys.items():
                file.write(f"* {kid} {key.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass  # the default log has no secrets, but a test's output should stay quiet


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver)
print(f"listening on port {server.server_address[1]}", flush=True)
server.serve_forever()
