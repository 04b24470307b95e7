"""CEL engines side by side: same expressions, same documents, one run.

usage: cel_comparison.py [--build build/release] [--json build/bench/FILE]
                         [--rounds 5] [--seconds 0.1]

Each engine is a process of its own that answers one task at a time; the
engines alternate, round after round, and the medians are compared.  All must
find the same number of matches, or the case does not count.  To compile is to
parse, check and plan.  A peer that cannot be built or installed here is
reported as missing.  What the ratios mean is told in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
BUILT = ROOT / "build" / "peers"
REQUIREMENTS = ROOT / "scripts" / "packages" / "python-peers.txt"
TEN_TERMS = " && ".join(
    [
        'doc.status == "active"',
        "doc.priority > 5",
        "doc.region != 'moon'",
        "doc.price >= 10.0",
        "doc.price < 1000.0",
        "doc.count <= 500",
        "doc.owner == 'ada'",
        "doc.flags.urgent",
        "!doc.flags.hidden",
        "'sale' in doc.tags",
    ]
)
EXPRESSIONS = {
    "two terms": 'doc.status == "active" && doc.priority > 5',
    "ten terms": TEN_TERMS,
    "string functions": "doc.name.startsWith('al') && doc.name.contains('ic')"
    " && doc.name.endsWith('e7') && size(doc.name) > 3",
    "matches": "doc.name.matches('^[a-z]+[0-9]$')",
    "exists of 10": "doc.ten.exists(x, x == 77)",
    "exists of 1,000": "doc.thousand.exists(x, x == 7777)",
}
# The aims: this much faster than the peer.
AIMS = [
    ("evaluate, C++", "streamer", "cel-go", 10.0),
    ("compile, C++", "streamer", "cel-go", 20.0),
    ("evaluate, from Python", "streamer.py", "official.py", 3.0),
]


def documents(count: int = 8) -> list[dict[str, Any]]:
    """Return documents of which about half match."""
    return [
        {
            "status": "active" if i % 2 else "idle",
            "priority": 6 + i % 3,
            "region": "earth",
            "price": 10.5 + i,
            "count": i,
            "owner": "ada",
            "flags": {"urgent": True, "hidden": False},
            "tags": ["new", "sale"],
            "name": "alice7" if i % 2 else "Bob",
            "ten": [*range(i, i + 9), 77 if i % 2 else 0],
            "thousand": [*range(i, i + 999), 7777 if i % 2 else 0],
        }
        for i in range(count)
    ]


class Engine:
    """A process that answers tasks."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def ask(self, task: dict[str, Any]) -> dict[str, float] | None:
        """Return the answer; None when the engine refuses by ending."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def start_engines(build: Path) -> tuple[dict[str, Engine], dict[str, str]]:
    """Return the engines that run here, and why others do not."""
    engines = {"streamer": Engine([str(build / "bench" / "cel_streamer")])}
    missing: dict[str, str] = {}
    script = str(PEERS / "cel_engines.py")
    engines["streamer.py"] = Engine(
        [sys.executable, script, "streamer"],
        env={"PYTHONPATH": str(build / "python")},
    )
    if python := _python_peers(missing):
        for name in ("official", "rust", "pure"):
            engines[f"{name}.py"] = Engine([python, script, name])
    if go := _go_peer(missing):
        engines["cel-go"] = Engine([go])
    return engines, missing


def _python_peers(missing: dict[str, str]) -> str | None:
    """Install the Python peers; return their interpreter."""
    folder = BUILT / "venv"
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        venv.create(folder, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet"]
    install += ["--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    if _runs(install):
        return python
    missing["official.py, rust.py, pure.py"] = "pip could not install them"
    return None


def _go_peer(missing: dict[str, str]) -> str | None:
    """Build the Go peer; return its program."""
    if shutil.which("go") is None:
        missing["cel-go"] = "no Go toolchain on this machine"
        return None
    program = str(BUILT / "cel_go")
    if _runs(["go", "build", "-o", program, "."], cwd=PEERS / "cel_go"):
        return program
    missing["cel-go"] = "go could not build it"
    return None


def _runs(command: list[str], **options: Any) -> bool:
    return subprocess.run(command, check=False, **options).returncode == 0


def measure(
    engines: dict[str, Engine], rounds: int, seconds: float
) -> dict[str, dict[str, dict[str, float]]]:
    """Return medians: task → case → engine → nanoseconds."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for kind in ("evaluate", "compile"):
        table[kind] = {}
        for case, expression in EXPRESSIONS.items():
            task = {
                "task": kind,
                "expression": expression,
                "documents": documents() if kind == "evaluate" else [],
                "seconds": seconds,
            }
            table[kind][case] = _medians(engines, task, case, rounds)
    return table


def _medians(
    engines: dict[str, Engine], task: dict[str, Any], case: str, rounds: int
) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in engines}
    found: dict[str, float] = {}
    for _ in range(rounds):
        for name, engine in engines.items():
            answer = engine.ask(task)
            if answer is None:
                raise SystemExit(f"{name}: ended at {task['task']} of {case}")
            taken[name].append(answer["nanoseconds"])
            found[name] = answer["matches"]
    if len(set(found.values())) != 1:
        raise SystemExit(f"{case}: the engines do not agree: {found}")
    return {name: statistics.median(times) for name, times in taken.items()}


def print_table(
    table: dict[str, dict[str, dict[str, float]]], engines: list[str]
) -> None:
    """Print nanoseconds, and in parentheses how many times ours is faster."""
    for kind, cases in table.items():
        print(f"\n{kind}, ns" + "".join(f"{name:>21}" for name in engines))
        for case, times in cases.items():
            cells = [
                f"{times[name]:>12,.0f} {_ratio(times, name):>8}"
                for name in engines
            ]
            print(f"{case:<{len(kind) + 4}}"[:16].ljust(16) + "".join(cells))


def _ratio(times: dict[str, float], name: str) -> str:
    ours = times["streamer.py" if name.endswith(".py") else "streamer"]
    return f"({times[name] / ours:.1f}x)"


def print_aims(table: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the ratio of every case beside the aim."""
    print("\ntimes as fast as the peer; * is below the aim")
    heads = [f"{label}, {peer}" for label, _, peer, _ in AIMS]
    print(" " * 18 + "".join(f"{head:>34}" for head in heads))
    for case in EXPRESSIONS:
        cells = [
            _against_aim(table[label.partition(",")[0]][case], ours, peer, aim)
            for label, ours, peer, aim in AIMS
        ]
        print(f"{case:<18}" + "".join(f"{cell:>34}" for cell in cells))
    print(f"{'aim':<18}" + "".join(f"{aim:>33.0f} " for *_, aim in AIMS))


def _against_aim(
    times: dict[str, float], ours: str, peer: str, aim: float
) -> str:
    if peer not in times:
        return "missing here "
    ratio = times[peer] / times[ours]
    return f"{ratio:.1f}{' ' if ratio >= aim else '*'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1)
    arguments = parser.parse_args()
    engines, missing = start_engines(arguments.build.resolve())
    table = measure(engines, arguments.rounds, arguments.seconds)
    for engine in engines.values():
        engine.close()
    print_table(table, list(engines))
    print_aims(table)
    for peer, reason in missing.items():
        print(f"missing: {peer}: {reason}")
    if arguments.json:
        machine = {
            "machine": platform.processor(),
            "system": platform.platform(),
        }
        arguments.json.write_text(
            json.dumps({**machine, "nanoseconds": table}, indent=2)
        )


if __name__ == "__main__":
    main()
