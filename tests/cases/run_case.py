#!/usr/bin/env python3
"""Runs one text case against the real host command: `run_case.py PROGRAM CASE [--accept]`. The format is described in
README.md. With --accept, what the program did becomes what is expected."""

import argparse
import difflib
import hashlib
import io
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from device_api import DeviceApi

REPOSITORY = Path(__file__).resolve().parents[2]
KEYS = REPOSITORY / "tests/data/keys"
SECTION = re.compile(r"^== (\w+)(?: (.*))?$")


def read_case(path):
    """The sections of a case in order: [kind, argument, text]; what stands before the first is a comment."""
    sections = [["comment", "", ""]]
    for line in path.read_text().splitlines(keepends=True):
        if head := SECTION.match(line.rstrip("\n")):
            sections.append([head[1], head[2] or "", ""])
        else:
            sections[-1][2] += line
    return sections


def write_case(path, sections):
    text = sections[0][2]
    for kind, argument, body in sections[1:]:
        text += f"== {kind}{' ' + argument if argument else ''}\n{body}"
    path.write_text(text)


def make_archive(lines):
    """A tar of lines such as "file a/b some text", "symlink a/c ../target", "hardlink a/d a/b", "device a/null"."""
    kinds = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE,
             "device": tarfile.CHRTYPE, "fifo": tarfile.FIFOTYPE}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for line in lines.splitlines():
            kind, name, *rest = line.split(" ", 2)
            entry = tarfile.TarInfo(name)
            entry.type = kinds[kind]
            text = (rest[0] if rest else "").replace("\\n", "\n").encode()
            if kind == "file":
                entry.size = len(text)
            else:
                entry.linkname = text.decode()
            tar.addfile(entry, io.BytesIO(text) if kind == "file" else None)
    return out.getvalue()


class Project:
    """A directory that looks like a small clone, with a cache and a mirror of sources of its own."""

    def __init__(self, place, program):
        self.root, self.cache, self.mirror, self.programs = (place / name for name in ("project", "cache", "mirror", "bin"))
        for folder in (self.root, self.mirror, self.programs):
            folder.mkdir()
        for name in ("pkg/build/steps.sh", "images/users.toml", "cairn", "packages.txt"):
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((REPOSITORY / name).read_bytes())
            target.chmod(0o755)
        (self.root / "recipes").mkdir()
        self.program = program
        (self.programs / "cairn").symlink_to(program.resolve())
        (self.programs / "cairnctl").symlink_to(program.resolve().parents[1] / "device" / "cairnctl")
        self.hashes = {}
        self.api = place / "api"
        self.device = None
        self.input = ""

    def add(self, kind, name, text):
        if kind in ("archive", "bytes"):
            content = make_archive(text) if kind == "archive" else text.encode()
            self.hashes[name] = hashlib.sha256(content).hexdigest()
            (self.mirror / self.hashes[name]).write_bytes(content)
            return
        for archive, sha256 in self.hashes.items():
            text = text.replace(f"@sha256({archive})@", sha256)
        path = {"program": self.programs}.get(kind, self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if kind == "program":
            path.chmod(0o755)

    def answer(self, request, body):
        self.device = self.device or DeviceApi(self.api)
        self.device.add(request, body)

    def damage(self, archive):
        path = self.mirror / self.hashes[archive]
        path.write_bytes(path.read_bytes() + b"more")

    def run(self, command):
        words = [str(self.program) if word == "cairn" else word for word in shlex.split(self.with_places(command))]
        environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.root.parent), "LC_ALL": "C.UTF-8",
            "TMPDIR": str(self.root.parent), "CAIRN_ROOT": str(self.root), "CAIRN_CACHE": str(self.cache),
            "CAIRN_KEYS": str(KEYS), "CAIRN_SOURCE_MIRROR": str(self.mirror),
            "CAIRN_DEBIAN_MIRROR": "http://127.0.0.1:9",
        }
        result = subprocess.run(words, cwd=self.root, env=environment, input=self.input, capture_output=True, text=True, timeout=100)
        self.input = ""
        if self.device:
            self.device.end_run()
        return result.returncode, self.errors_of(result.stderr), self.without_places(result.stdout)

    def places(self):
        return (("root", self.root), ("cache", self.cache), ("keys", KEYS), ("api", self.api))

    def with_places(self, text):
        return text.replace("@keys@", str(KEYS)).replace("@api@", str(self.api))

    def without_places(self, text):
        for name, path in self.places():
            text = text.replace(str(path), f"@{name}@")
        return text

    def take_asked(self):
        lines = "".join(f"{line}\n" for line in self.device.asked)
        self.device.asked.clear()
        return lines

    def errors_of(self, text):
        """From the first error on, without what differs from run to run."""
        start = re.search(r"^error: ", text, re.M)
        text = text[start.start():] if start else text
        text = self.without_places(text)
        for archive, sha256 in self.hashes.items():
            text = text.replace(sha256, f"@sha256({archive})@")
        return text


def differences(expected, found, what):
    """`…` in a line of what is expected stands for anything."""
    wanted, lines = expected.splitlines(), found.splitlines()
    same = len(wanted) == len(lines) and all(
        re.fullmatch(".*".join(map(re.escape, want.split("…"))), line) for want, line in zip(wanted, lines))
    return [] if same else list(difflib.unified_diff(wanted, lines, f"expected {what}", f"found {what}", lineterm=""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("case", type=Path)
    parser.add_argument("--accept", action="store_true")
    arguments = parser.parse_args()
    sections = read_case(arguments.case)
    problems = []
    with tempfile.TemporaryDirectory() as place:
        project = Project(Path(place), arguments.program.resolve())
        code, errors, output = None, "", ""
        for section in sections[1:]:
            kind, argument, text = section
            if kind in ("file", "archive", "bytes", "program"):
                project.add(kind, argument, text)
            elif kind == "damage":
                project.damage(argument)
            elif kind == "answer":
                project.answer(argument, text)
            elif kind == "input":
                project.input = text
            elif kind == "run":
                code, errors, output = project.run(argument)
            elif arguments.accept:
                if kind == "exit":
                    section[1] = str(code)
                else:
                    section[2] = errors if kind == "errors" else project.take_asked() if kind == "asked" else output
            elif kind == "exit":
                if code != int(argument):
                    problems.append(f"expected exit code {argument}, found {code}")
            elif kind == "errors":
                problems += differences(text, errors, "errors")
            elif kind == "output":
                problems += differences(text, output, "output")
            elif kind == "asked":
                problems += differences(text, project.take_asked(), "requests to the device")
            else:
                problems.append(f"unknown section '{kind}'")
    if arguments.accept:
        write_case(arguments.case, sections)
    if not any(kind == "exit" for kind, _, _ in sections):
        problems.append("the case expects no exit code")
    if problems:
        print("\n".join(problems))
        print(f"errors as found:\n{errors}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
