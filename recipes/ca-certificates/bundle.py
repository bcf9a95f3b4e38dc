"""Prints, as PEM, the certificates of a Mozilla certdata.txt that are trusted to vouch for web servers."""

import base64
import re
import sys
import textwrap


def read_objects(path):
    """The file is a list of objects, each a list of lines `attribute type [value]`, separated by empty lines."""
    current, octal = {}, None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if octal is not None:
            if line == "END":
                octal = None
            else:
                octal.extend(int(digits, 8) for digits in re.findall(r"\\([0-3][0-7]{2})", line))
        elif not line or line.startswith(("#", "BEGINDATA")):
            if current and not line:
                yield current
                current = {}
        else:
            attribute, kind, *value = line.split(" ", 2)
            if kind == "MULTILINE_OCTAL":
                octal = current[attribute] = bytearray()
            else:
                current[attribute] = value[0] if value else ""
    if current:
        yield current


objects = list(read_objects(sys.argv[1]))
# A certificate and what it is trusted for are two objects, tied by issuer and serial number.
trusted = {
    (bytes(o["CKA_ISSUER"]), bytes(o["CKA_SERIAL_NUMBER"]))
    for o in objects
    if o.get("CKA_CLASS") == "CKO_NSS_TRUST" and o["CKA_TRUST_SERVER_AUTH"] == "CKT_NSS_TRUSTED_DELEGATOR"
}
certificates = sorted(
    (o["CKA_LABEL"].strip('"'), bytes(o["CKA_VALUE"]))
    for o in objects
    if o.get("CKA_CLASS") == "CKO_CERTIFICATE" and (bytes(o["CKA_ISSUER"]), bytes(o["CKA_SERIAL_NUMBER"])) in trusted
)
if len(certificates) < 100:
    sys.exit(f"only {len(certificates)} trusted certificates found")
for _, der in certificates:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    print(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----")
