"""Migrations are numbered without a gap; the English and Chinese texts have the same keys."""

import pathlib
import re
import sys

import yaml


def migration_problems():
    numbers = []
    for path in sorted(pathlib.Path("migrations").glob("*")):
        match = re.fullmatch(r"(\d{4})_[a-z0-9]+(_[a-z0-9]+)+\.sql", path.name)
        if not match:
            yield f"{path}: is not named NNNN_verb_noun.sql"
        else:
            numbers.append(int(match.group(1)))
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"migrations: numbered {numbers}, must count from 1 without a gap or repeat"


def keys_of(value, prefix=""):
    """Every key of nested mappings, written with dots."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from keys_of(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix


def text_problems():
    texts = {}
    for language in ("en", "zh"):
        path = pathlib.Path(f"institution/texts/{language}.yaml")
        if not path.exists():
            continue
        texts[language] = set(keys_of(yaml.safe_load(path.read_text(encoding="utf-8"))))
    for here, there in (("en", "zh"), ("zh", "en")):
        for key in sorted(texts.get(here, set()) - texts.get(there, set())):
            yield f"institution/texts/{there}.yaml: misses {key}"


def main():
    problems = [*migration_problems(), *text_problems()]
    print("\n".join(problems) or "definitions: migrations and texts are whole")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
