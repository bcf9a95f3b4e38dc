#!/usr/bin/env python3
"""House rules that a program can check. `house.py CHECK` looks at the files git tracks and prints each place that
breaks the rule; `house.py self-test` breaks every rule in a made-up tree and sees that the check notices."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA_FOLDERS = ("recipes", "kernel", "tests", "images", "installer", "initfs", "cli", "pkg")

# Headers of the libraries in the table's column "wraps".
HEADERS = {
    "nlohmann/json": r"nlohmann/", "toml++": r"toml\+\+/", "CLI11": r"CLI/", "libsodium": r"sodium", "libcrypto": r"openssl/(?!ssl\.h|err\.h)",
    "libarchive": r"archive(_entry)?\.h", "libzstd": r"z(std|dict)", "libcurl": r"curl/", "BLAKE3": r"blake3\.h", "liblzma": r"lzma\.h", "libsolv": r"solv/",
    "libfdisk": r"libfdisk/", "libcryptsetup": r"libcryptsetup", "libdevmapper": r"libdevmapper", "tpm2-tss": r"tss2/",
    "libssl": r"openssl/ssl\.h", "libkmod": r"libkmod", "FTXUI": r"ftxui/", "cpp-httplib": r"httplib",
}

# Each is built so that this file does not match itself.
FORBIDDEN = {
    "path of one machine": re.compile(r"(?<![\w.$}/~-])/(?:work|root|home/[a-z]\w*|Users)/\w"),
    "host of a package mirror": re.compile(
        r"\b(?:deb|security|snapshot|archive|http|ftp(?:\.\w\w)?|cdn-\w+)\.debian" + r"\.org\b|//(?:[\w-]+\.)*mirrors?\.(?!example\b|test\b|invalid\b)", re.I),
}
UNCHECKED = re.compile(r"\.(patch|key|pub|pem)$")  # texts of others


def tracked(root):
    names = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"], check=True, capture_output=True)
    return [name for name in names.stdout.decode().split("\0") if name and (root / name).is_file()]


def read(root, name):
    return (root / name).read_text(encoding="utf-8", errors="replace")


def sources(root):
    return [name for name in tracked(root) if name.endswith((".cpp", ".h")) and not name.startswith("recipes/")]


def folder_table(root):
    """Rows of docs/folders.md in order: (folder, libraries it wraps, is a program)."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|(.*)\|$", read(root, "docs/folders.md"), re.M)
    return [(folder, [word.strip() for word in wraps.split(",") if word.strip()], "(program)" in what)
            for folder, what, wraps in rows]


def check_includes(root):
    """An include leads to the same folder or to one above it in docs/folders.md, and never to a program."""
    table = folder_table(root)
    place = {folder: number for number, (folder, _, _) in enumerate(table)}
    programs = {folder for folder, _, is_program in table if is_program}
    wrapper = {library: folder for folder, libraries, _ in table for library in libraries}
    for name in sources(root):
        if name.startswith("tests/"):
            continue
        folder = os.path.dirname(name)
        if folder not in place:
            yield f"{name}: folder '{folder}' is not in docs/folders.md"
            continue
        for number, line in enumerate(read(root, name).splitlines(), 1):
            if own := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
                target = os.path.dirname(own[1])
                if target == folder:
                    continue
                if target not in place:
                    yield f"{name}:{number}: \"{own[1]}\" is in no folder of docs/folders.md"
                elif place[target] > place[folder]:
                    yield f"{name}:{number}: '{folder}' stands above '{target}' and may not include \"{own[1]}\""
                elif target in programs:
                    yield f"{name}:{number}: nothing includes a program, but \"{own[1]}\" is of one"
            elif other := re.match(r"\s*#\s*include\s+<([^>]+)>", line):
                for library, folder_of_library in wrapper.items():
                    if library in HEADERS and re.match(HEADERS[library], other[1]) and folder != folder_of_library:
                        yield f"{name}:{number}: <{other[1]}>: only '{folder_of_library}' uses {library}"


def check_format(root):
    """Code is laid out as .clang-format says."""
    names = sources(root)
    batches = [names[start::os.cpu_count() or 1] for start in range(os.cpu_count() or 1)]
    runs = [subprocess.Popen(["clang-format-19", "--dry-run", "-Werror", *batch], cwd=root, stderr=subprocess.PIPE, text=True)
            for batch in batches if batch]
    wrong = set()
    for run in runs:
        errors = run.communicate()[1]
        found = re.findall(r"^([^:\n]+):\d+:\d+: error", errors, re.M)
        wrong.update(found)
        if run.returncode != 0 and not found:
            yield errors.strip()
    for name in sorted(wrong):
        yield f"{name}: mend with 'clang-format-19 -i {name}'"


def check_documents(root):
    """Every folder has a README.md, and what documents and comments point at is there."""
    names = tracked(root)
    tops = {name.split("/")[0] for name in names if "/" in name} & set(DATA_FOLDERS)
    for folder in sorted(tops | {folder for folder, _, _ in folder_table(root)}):
        if f"{folder}/README.md" not in names and any(name.startswith(f"{folder}/") for name in names):
            yield f"{folder}: has no README.md"
    for name in names:
        if name.endswith(".md"):
            text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), read(root, name), flags=re.M | re.S)
            for link in re.finditer(r"\]\(([^)\s]+)\)", text):
                target = link[1].split("#")[0]
                if target and "://" not in target and not (root / os.path.dirname(name) / target).exists():
                    yield f"{name}:{text.count(chr(10), 0, link.start()) + 1}: link to '{link[1]}' leads nowhere"
        if name.endswith((".md", ".h", ".cpp", ".sh", ".toml")) and not name.startswith("tests/house/"):
            text = read(root, name)
            for page in re.finditer(r"(?<![\w/.<>-])((?:[\w.-]+/)+(?:README|FORMAT)\.md)\b", text):
                if not (root / page[1]).exists() and not (root / os.path.dirname(name) / page[1]).exists():
                    yield f"{name}:{text.count(chr(10), 0, page.start()) + 1}: there is no '{page[1]}'"


def check_words(root):
    """No path of one machine and no host of a package mirror stands in the repository."""
    for name in tracked(root):
        if UNCHECKED.search(name):
            continue
        for number, line in enumerate(read(root, name).splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                if found := pattern.search(line):
                    yield f"{name}:{number}: {what}: '{found[0]}'"


CHECKS = {"includes": check_includes, "format": check_format, "documents": check_documents, "words": check_words}

# What each check must notice: (check, file, text).
VIOLATIONS = [
    ("includes", "pkg/low/a.h", '#include "pkg/high/a.h"\n'),
    ("includes", "pkg/high/a.h", '#include "pkg/nowhere/a.h"\n'),
    ("includes", "pkg/high/a.h", "#include <sodium.h>\n"),
    ("includes", "cli/last/a.cpp", '#include "cli/tool/a.h"\n'),
    ("includes", "pkg/unknown/a.h", "\n"),
    ("format", "pkg/low/a.h", "int  x ;\n"),
    ("documents", "pkg/low/README.md", "see [there](nowhere.md)\n"),
    ("documents", "pkg/low/a.h", "// see pkg/high/FORMAT.md\n"),
    ("words", "pkg/low/a.h", "// lies in " + "/home/" + "somebody/build\n"),
    ("words", "pkg/low/a.h", 'const char* place = "/' + 'work/out";\n'),
    ("words", "pkg/low/a.h", "// from http://deb.debian" + ".org/debian\n"),
]
GOOD = {
    "docs/folders.md": "| folder | what | wraps |\n|---|---|---|\n| `pkg/low` | low | libsodium |\n| `pkg/high` | high | |\n"
                       "| `cli/tool` | tool (program) | |\n| `cli/last` | last (program) | |\n",
    ".clang-format": "BasedOnStyle: Google\n",
    "pkg/low/a.h": "#include <sodium.h>\n",
    "pkg/high/a.h": '#include "pkg/low/a.h"\n',
    "cli/tool/a.h": '#include "pkg/high/a.h"\n',
    "cli/last/a.cpp": '#include "pkg/low/a.h"\n',
    **{f"{folder}/README.md": "[up](..)\n" for folder in ("pkg", "cli", "pkg/low", "pkg/high", "cli/tool", "cli/last")},
}


def make_tree(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "add", "-A"], check=True)


def self_test():
    for check, name, text in [(check, None, "") for check in CHECKS] + VIOLATIONS:
        with tempfile.TemporaryDirectory() as place:
            make_tree(Path(place), {**GOOD, name: text} if name else GOOD)
            found = list(CHECKS[check](Path(place)))
            if bool(found) != bool(name):
                yield f"check '{check}' with {name or 'nothing'} broken found {found}: {text.strip()}"
    with tempfile.TemporaryDirectory() as place:
        make_tree(Path(place), {name: text for name, text in GOOD.items() if name != "pkg/high/README.md"})
        if list(check_documents(Path(place))) != ["pkg/high: has no README.md"]:
            yield "check 'documents' does not notice a folder without README.md"


def main():
    check = sys.argv[1]
    found = list(self_test() if check == "self-test" else CHECKS[check](ROOT))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
