"""Every promise of docs/guarantees.md names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FILE = re.compile(r"`(tests/[\w/.]+)`((?:[^`|](?!`tests/))*)")
NAME = re.compile(r"\b(test_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w+)\b")


def named_tests():
    """Yield file and name of each test that the page names."""
    page = (ROOT / "docs/guarantees.md").read_text()
    for row in page.splitlines():
        if not row.startswith("| ") or " | --- |" in row:
            continue
        proof = row.rstrip(" |").rpartition(" | ")[2]
        for file, text in FILE.findall(proof):
            for name in NAME.findall(text):
                yield row, file, name


def test_each_test_that_is_named_is_there():
    found = list(named_tests())
    missing = [
        f"{file} {name}"
        for _, file, name in found
        if not re.search(rf"\b{name}\b", (ROOT / file).read_text())
    ]
    assert missing == []
    assert len(found) > 20


def test_each_promise_names_a_test():
    page = (ROOT / "docs/guarantees.md").read_text()
    promises = {
        row
        for row in page.splitlines()
        if row.startswith("| ") and not row.startswith(("| ---", "| promise"))
    }
    assert promises == {row for row, _, _ in named_tests()}
