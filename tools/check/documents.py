"""Links between documents work, and no file names a path of somebody's machine."""

import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MACHINE_PATH = re.compile(r"(?<![\w.:/$}~*-])/(work|root|home|Users)/[A-Za-z]")


def tracked_files():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(path for path in map(pathlib.Path, names) if path.is_file())


def anchors(path):
    """The anchors of a document's headings, as GitHub and GitLab make them."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            yield re.sub(r"[^\w\- ]", "", title).replace(" ", "-")


def broken_links(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = path if not name else path.parent / name
        if not file.exists():
            yield f"{path}: the link {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{path}: {target} names no heading"


def machine_paths(path):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: names a path of a machine"


def main():
    files = tracked_files()
    problems = []
    for path in files:
        problems += machine_paths(path)
        if path.suffix == ".md":
            problems += broken_links(path)
    print("\n".join(problems) or f"documents: {len(files)} files, links work, no machine paths")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
