"""Runs many seeds of the simulation, as many at a time as there are cores.

`python tests/py/sim/simulation.py --seeds 2000 [--first 1]` prints each failure
with the command that replays it, and a summary; exit status 1 on a failure.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SUMMARY = re.compile(r"(\d+) runs, (\d+) failed; (.*)")
COUNT = re.compile(r"(\d+) ([a-z ]+)")


@dataclass
class Outcome:
    """What came of some seeds."""

    runs: int
    failed: int
    failures: str  # what was printed of those that failed
    counts: dict[str, int]  # how much happened, by its name

    def add(self, other: "Outcome") -> None:
        self.runs += other.runs
        self.failed += other.failed
        self.failures += other.failures
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count


def program() -> Path:
    """The simulation as it was built."""
    folder = os.environ.get("STREAMER_BUILD_DIR", ROOT / "build" / "release")
    return Path(folder) / "bin" / "sim"


def run_seeds(
    first: int, last: int, *options: str, sim: Path | None = None
) -> Outcome:
    """Run the seeds `first` to `last`; `options` are passed on."""
    command = [str(sim or program()), "--seeds", f"{first}..{last}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    *failures, end = done.stdout.splitlines(keepends=True) or [""]
    summary = SUMMARY.match(end)
    if summary is None or done.returncode not in (0, 1):
        raise RuntimeError(
            f"{' '.join(command)}: expected a summary, got status "
            f"{done.returncode} and\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    counts = {name: int(count) for count, name in COUNT.findall(summary[3])}
    runs, failed = int(summary[1]), int(summary[2])
    return Outcome(runs, failed, "".join(failures), counts)


def chunks(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut a range of seeds into ranges of at most `size`."""
    for start in range(first, last + 1, size):
        yield start, min(start + size - 1, last)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    ranges = chunks(options.first, options.first + options.seeds - 1, 100)
    total = Outcome(0, 0, "", {})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda range_: run_seeds(*range_), ranges):
            print(outcome.failures, end="", flush=True)
            total.add(outcome)
    counts = ", ".join(
        f"{count} {name}" for name, count in total.counts.items()
    )
    print(f"{total.runs} runs, {total.failed} failed; {counts}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
