"""The README's example runs and prints what the README says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def readme(root: Path) -> str:
    return (root / "README.md").read_text()


def block(readme: str, language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", readme, re.M | re.S)
    assert len(found) == 1
    text: str = found[0]
    return text


def test_the_example_prints_what_it_says(readme: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", block(readme, "python")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout == block(readme, "text")


def test_paths_it_names_exist(root: Path, readme: str) -> None:
    paths = set(re.findall(r"`((?:[a-z0-9_.-]+/)+[A-Za-z0-9_.-]*)`", readme))
    assert paths
    missing = [path for path in sorted(paths) if not (root / path).exists()]
    assert missing == []


def test_the_commands_it_names_exist(root: Path, readme: str) -> None:
    makefile = (root / "Makefile").read_text()
    targets = set(re.findall(r"\bmake ([a-z]+)", readme))
    assert targets >= {"run", "test"}
    missing = [t for t in targets if f"\n{t}:" not in makefile]
    assert missing == []
