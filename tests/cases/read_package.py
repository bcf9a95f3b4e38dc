#!/usr/bin/env python3
"""Reads packages by pkg/package/FORMAT.md alone, as a program of somebody else would: `read_package.py PROGRAM` has the
host command pack a tree and compares what is found in the file with that tree. What this cannot read, the page does not
describe."""

import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILE, DIRECTORY, SYMLINK, HARD_LINK = range(4)
EXAMPLE = ["--name", "hello", "--version", "1.0", "--license", "MIT", "--summary", "says hello", "--arch", "any"]


def blake2b(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def unpack_zstd(data):
    return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout


def check_signature(key, message, signature, place):
    """With openssl: the key as SubjectPublicKeyInfo (RFC 8410) is a fixed beginning and the 32 bytes."""
    for name, content in (("key", bytes.fromhex("302a300506032b6570032100") + key), ("message", message), ("signature", signature)):
        (place / name).write_bytes(content)
    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", place / "key", "-keyform", "DER", "-rawin", "-in",
                    place / "message", "-sigfile", place / "signature"], check=True, capture_output=True)


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        assert self.at + size <= len(self.data), "it ends early"
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def text(self, size):
        return self.take(self.number(size))


def read_entry(head):
    entry = {"kind": head.number(1), "mode": head.number(2), "owner": (head.number(4), head.number(4)), "path": head.text(2).decode()}
    if entry["kind"] == FILE:
        entry["size"], entry["hash"] = head.number(8), head.take(32)
    if entry["kind"] in (SYMLINK, HARD_LINK):
        entry["target"] = head.text(2).decode()
    entry["attributes"] = [(head.text(1), head.text(2)) for _ in range(head.number(1))]
    return entry


def read_package(data, place):
    """Identity, entries (files with their content) and id."""
    magic, version, stored, plain, reserved, data_size = struct.unpack_from("<8sIIIIQ", data)
    assert (magic, version, reserved) == (b"CAIRNPKG", 1, 0) and len(data) == 160 + stored + data_size
    packed, content = data[160:160 + stored], data[160 + stored:]
    assert blake2b(content) == data[32:64], "the data's hash"
    identifier = blake2b(data[:96] + packed)
    check_signature(data[64:96], b"cairn 1 package-head\n" + identifier, data[96:160], place)
    head = Bytes(unpack_zstd(packed))
    assert len(head.data) == plain
    text = head.text(4)
    identity = json.loads(text)
    assert json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == text, "the identity's spelling"
    entries = [read_entry(head) for _ in range(head.number(4))]
    chunks = [(head.take(32), head.number(4), head.number(4)) for _ in range(head.number(4))]
    assert head.at == plain, "bytes behind the chunk table"
    files = read_chunks(chunks, Bytes(content))
    for entry in entries:
        if entry["kind"] == FILE:
            entry["content"] = files.take(entry["size"])
            assert blake2b(entry["content"]) == entry["hash"], entry["path"]
    assert files.at == len(files.data)
    return identity, entries, identifier.hex()


def read_chunks(chunks, data):
    parts = []
    for name, plain, stored in chunks:
        part = data.take(stored)
        part = part if stored == plain else unpack_zstd(part)
        assert len(part) == plain and blake2b(part) == name, "a chunk"
        parts.append(part)
    assert data.at == len(data.data)
    return Bytes(b"".join(parts))


def make_stage(root):
    """Files of all kinds, with contents that are cut, stored as they are, and empty."""
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").write_bytes(b"#!/bin/sh\n" * 30000)
    (root / "usr/bin/tool").chmod(0o755)
    os.link(root / "usr/bin/tool", root / "usr/bin/tool2")
    (root / "usr/noise").write_bytes(b"".join(blake2b(str(i).encode()) for i in range(20000)))
    (root / "usr/empty").touch()
    (root / "usr/näme").symlink_to("../nowhere/at all")
    (root / "etc").mkdir()
    (root / "etc/settings").write_text("a = 1\n")


def expected_entries(root):
    """The same tree as the page says that it is packed."""
    inodes, entries = {}, []
    for path in sorted(root.rglob("*"), key=lambda path: str(path.relative_to(root)).encode()):
        name, status = str(path.relative_to(root)), path.lstat()
        if path.is_symlink():
            entries.append((name, SYMLINK, 0o777, os.readlink(path)))
        elif path.is_dir():
            entries.append((name, DIRECTORY, 0o755, None))
        else:
            mode = 0o755 if status.st_mode & 0o100 else 0o644
            first = inodes.setdefault(status.st_ino, name)
            entries.append((name, FILE, mode, path.read_bytes()) if first == name else (name, HARD_LINK, mode, first))
    moved = [(re.sub(r"^etc(?=/|$)", "usr/share/factory/etc", name), *rest) for name, *rest in entries]
    moved += [(name, DIRECTORY, 0o755, None) for name in ("usr/share", "usr/share/factory")]
    return sorted(moved, key=lambda entry: entry[0].encode())


def pack(program, stage, output):
    environment = {**os.environ, "CAIRN_ROOT": str(REPOSITORY), "CAIRN_KEYS": str(REPOSITORY / "tests/data/keys"),
                   "CAIRN_CACHE": str(output.parent / "cache")}
    subprocess.run([program, "package", "create", stage, *EXAMPLE, "-o", output], env=environment, check=True, capture_output=True)
    return output.read_bytes()


def check_example(program, place):
    """The example of the page is a real package, byte for byte."""
    page = (REPOSITORY / "pkg/package/FORMAT.md").read_text()
    shown = bytes.fromhex("".join(re.findall(r"^    [0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)$", page, re.M)).replace(" ", ""))
    (place / "example").mkdir()
    (place / "example/hello").write_text("hello\n")
    real = pack(program, place / "example", place / "example.cpkg")
    assert real[:160] == shown, "the preamble of the example is not " + real[:160].hex(" ")
    assert read_package(real, place)[2] in page, "the page does not name the example's id"


def main():
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        make_stage(place / "stage")
        identity, entries, _ = read_package(pack(program, place / "stage", place / "hello.cpkg"), place)
        assert (identity["name"], identity["version"], identity["architecture"]) == ("hello", "1.0", "any")
        assert all(entry["owner"] == (0, 0) and not entry["attributes"] for entry in entries)
        found = [(entry["path"], entry["kind"], entry["mode"], entry.get("content", entry.get("target"))) for entry in entries]
        assert found == expected_entries(place / "stage"), found
        check_example(program, place)


if __name__ == "__main__":
    main()
