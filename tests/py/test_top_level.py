"""The top of the tree holds what the layout names, and nothing else."""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

TOP_LEVEL = set(
    """
    CMakeLists.txt CMakePresets.json pyproject.toml Makefile README.md
    cpp python proto tests bench notebooks docs scripts .ci
    .gitignore .clang-format .clang-tidy
    """.split()
)
BELOW = {
    "python": {"streamer"},
    "tests": {"cpp", "py", "sim"},
    ".ci": {"run"},
}


def is_ignored(path: Path) -> bool:
    answer = subprocess.run(
        ["git", "check-ignore", "--quiet", str(path)],
        cwd=REPOSITORY,
        check=False,
    )
    return answer.returncode == 0


def entries(folder: Path) -> set[str]:
    return {
        path.name
        for path in folder.iterdir()
        if path.name != ".git" and not is_ignored(path)
    }


def test_the_top_level_is_exactly_the_layout():
    assert entries(REPOSITORY) == TOP_LEVEL


def test_the_folders_with_one_content_hold_nothing_else():
    assert {name: entries(REPOSITORY / name) for name in BELOW} == BELOW


def test_an_entry_that_is_not_ignored_is_seen(tmp_path):
    (tmp_path / "stray").touch()
    assert entries(tmp_path) == {"stray"}
