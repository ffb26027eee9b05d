"""The two rules of the house, and where each outside library may be named.

1. A file includes only its own room and rooms above it in src/LAYERS.
2. One slash is public ("events/log.h"); two are private to the room ("events/import/csv.h").
"""

import pathlib
import re
import sys

# Library header -> the rooms whose sources may include it. `base/crypto.cpp` style entries allow one file only.
LIBRARIES = {
    r"sodium\.h": ["base/crypto.cpp"],
    r"yaml-cpp/": ["base/yaml.cpp"],
    r"spdlog/": ["base/"],
    r"unicode/": ["base/", "expressions/functions/zone.cpp"],
    r"simdjson": ["events/"],
    r"expat\.h": ["events/import/xml.cpp"],
    r"sqlite3": ["store/"],
    r"libpq-fe\.h": ["store/"],
    r"re2/": ["expressions/", "app/commands/match_input.cpp"],
    r"xgboost/": ["models/"],
    r"lzma\.h": ["models/", "events/"],
    r"Eigen/": ["models/"],
    r"boost/(asio|beast)": ["api/", "app/"],
    r"openssl/": ["api/", "security/"],
    r"CLI/": ["app/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def included(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def room_problem(room, target, order):
    other = target.split("/")[0]
    if "/" not in target:
        return "is not written as room/file.h"
    if other == "embedded":  # made by cmake/embed.cmake for this room
        return None
    if other not in order:
        return f"names no room of src/LAYERS"
    if order[other] > order[room]:
        return f"reaches down: {other} stands below {room} in src/LAYERS"
    if other != room and target.count("/") > 1:
        return f"is private to {other} (two slashes)"
    return None


def library_problem(name, target):
    for pattern, allowed in LIBRARIES.items():
        if re.match(pattern, target) and not any(name.startswith(place) for place in allowed):
            return f"belongs to {', '.join(allowed)} only"
    return None


def main():
    source = pathlib.Path("src")
    rooms = [line.strip() for line in (source / "LAYERS").read_text().splitlines()]
    rooms = [room for room in rooms if room and not room.startswith("#")]
    order = {room: index for index, room in enumerate(rooms)}
    problems = []
    for folder in sorted(p.name for p in source.iterdir() if p.is_dir()):
        if folder not in order:
            problems.append(f"src/{folder}: not listed in src/LAYERS")
    files = sorted(p for p in source.rglob("*") if p.suffix in (".h", ".cpp") and p.parts[1] in order)
    for path in files:
        name = path.relative_to(source).as_posix()
        for number, quoted, target in included(path):
            if target.startswith(("gtest/", "gmock/", "benchmark/", "rapidcheck")):
                continue
            problem = library_problem(name, target)
            if problem is None and quoted:
                problem = room_problem(path.parts[1], target, order)
            if problem:
                problems.append(f"{path}:{number}: {target} {problem}")
    print("\n".join(problems) or f"layering: {len(files)} files keep the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
