"""Plants each known bug in a copy of the tree and lets the simulation look.

`python tests/py/sim/planted.py [--seeds 2000] [--only TEXT]` prints a table:
the bug, the first seed that finds it, and what was broken there. Exit status 1
when one stays unseen.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from planted_bugs import BUGS, Bug
from simulation import ROOT, chunks, run_seeds

FOLDER = ROOT / "build" / "planted"
CHUNK = 25


def copy_tree() -> Path:
    """Bring the copy up to date; what has not changed keeps its time."""
    tree = FOLDER / "tree"
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {
        name for name in listing.stdout.splitlines() if (ROOT / name).is_file()
    }
    for name in names:
        source, target = ROOT / name, tree / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for old in [path for path in tree.rglob("*") if path.is_file()]:
        if str(old.relative_to(tree)) not in names:
            old.unlink()
    return tree


def build(tree: Path) -> Path:
    """Build the simulation of the copy."""
    folder = FOLDER / "build"
    # The same compilations as of the tree itself, for ccache.
    environment = os.environ | {
        "CCACHE_BASEDIR": str(tree),
        "CCACHE_NOHASHDIR": "1",
    }
    if not (folder / "build.ninja").exists():
        subprocess.run(
            ["cmake", "--preset", "release", "-B", str(folder),
             f"-DPython_EXECUTABLE={sys.executable}"],
            cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    command = ["ninja", "-C", str(folder), "sim"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}")
    return folder / "bin" / "sim"


def find(sim: Path, seeds: int) -> tuple[int, str] | None:
    """The first seed that shows something wrong, and which invariant."""

    def look(range_: tuple[int, int]) -> str:
        try:
            return run_seeds(*range_, "--stop", sim=sim).failures
        except RuntimeError:
            # Which of the range it was does not matter: it is seen.
            return f"seed {range_[1]}: ended\n  crash"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for failures in pool.map(look, chunks(1, seeds, CHUNK)):
            if failures:
                pool.shutdown(cancel_futures=True)
                seed, broken = failures.splitlines()[:2]
                return int(seed.split()[1].rstrip(":")), broken.split()[
                    0
                ].rstrip(":")
    return None


def plant(bug: Bug, tree: Path, seeds: int) -> tuple[int, str] | None:
    """Look for `bug` in the copy, which is whole again afterwards."""
    file = tree / bug.file
    text = file.read_text()
    wrong = text
    for was, becomes in bug.changes:
        if text.count(was) != 1:
            raise RuntimeError(f"{bug.file}: expected once, got not so:\n{was}")
        wrong = wrong.replace(was, becomes)
    try:
        file.write_text(wrong)
        return find(build(tree), seeds)
    finally:
        file.write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="at most")
    parser.add_argument("--only", default="", help="bugs with this text")
    options = parser.parse_args()
    tree = copy_tree()
    build(tree)
    bugs = [bug for bug in BUGS if options.only in bug.what]
    width = max(len(bug.what) for bug in bugs)
    print(f"{'planted':{width}}  seed  broken  seconds", flush=True)
    missed = 0
    for bug in bugs:
        start = time.monotonic()
        found = plant(bug, tree, options.seeds)
        seconds = time.monotonic() - start
        seed, broken = found or ("–", "not found")
        missed += found is None
        print(
            f"{bug.what:{width}}  {seed:>4}  {broken:6}  {seconds:5.0f}",
            flush=True,
        )
    print(f"{len(bugs) - missed} of {len(bugs)} found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
