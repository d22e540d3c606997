# SPDX-License-Identifier: MPL-2.0
"""Prints as JSON what PyPI's cpix finds in a document."""
import base64
import json
import sys

import cpix

document = cpix.parse(open(sys.argv[1], "rb").read())


def hexadecimal(value):
    return base64.b64decode(value).hex() if value else None


print(json.dumps({
    "content_id": document.content_id,
    "keys": [[str(key.kid), hexadecimal(key.cek), key.common_encryption_scheme, hexadecimal(key.explicit_iv)]
             for key in document.content_keys],
    "systems": [[str(system.kid), base64.b64decode(system.pssh).decode()] for system in document.drm_systems],
    "periods": [[period.id, int(period.index)] for period in document.periods],
    "rules": [[str(rule.kid), rule.intended_track_type, [type(item).__name__ for item in rule]]
              for rule in document.usage_rules],
}))
