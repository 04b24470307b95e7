"""Matching engines side by side: same rules, same raw JSON events, one run.

usage: peers_comparison.py [--only SET,…] [--sizes N,…] [--peers NAME,…]
                           [--quick] [--rounds 5] [--seconds 0.5]
                           [--bound 120] [--build DIR] [--json FILE]

bench/workloads writes rules in a neutral form and events as JSON lines; each
peer is a process of its own that translates the rules (unmeasured), takes
them up (measured, its own parsing and compiling included) and then matches,
round after round in turn with the others; medians are compared.  A ratio
counts only where the matches are the same (a checksum over event and rule).

Results in the JSON file that are not measured again stay there.

A peer that cannot be built here is reported as missing, one whose language
has no words for a set as "cannot", one that takes longer than the bound to
take up the rules or to answer as not finished.

The programs read one task per line of JSON and answer with one:
    {"task": "load", "rules": FILE, "events": FILE, "is_expression": bool}
    {"task": "build"}               → {"seconds", "bytes"}: all rules taken up
    {"task": "check", "count": n}   → {"matches", "checksum"} of n events
    {"task": "match", "seconds": s} → {"events", "seconds"}
    {"task": "remove", "count": n}  → {"seconds"}
or {"cannot": reason}.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import select
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
BUILT = ROOT / "build" / "peers"
OURS = "streamer"
EVENTS = 1024
CHECKED = 64
# Sets in the order of the table; W6 and the CEL set say what only CEL can.
SETS = (
    "W11-mixed",
    "W11-plain",
    "W11-equals",
    "W11-wildcard",
    "W11-prefix",
    "W11-anythingbut",
    "W11-numeric",
    "W1",
    "W2",
    "W2-cel",
    "W3-1",
    "W3-2",
    "W3-5",
    "W5",
    "W6",
    "W9",
    "W10",
)
EXPRESSION_SETS = {"W2-cel", "W6"}
ONLY_CEL = {"streamer", "cel-go"}
SIZES = (1_000, 10_000, 100_000)
# (name, set, size, peer, figure, times ours must be better)
AIMS = [
    ("P2", "W11-mixed", 100_000, "hypermatch", "events_per_second", 2.5),
    ("P2", "W11-mixed", 100_000, "event-ruler", "events_per_second", 10.0),
    ("P2", "W11-plain", 100_000, "event-ruler", "events_per_second", 10.0),
    ("P2", "W11-mixed", 100_000, "quamina", "events_per_second", 100.0),
    ("P2", "W11-plain", 100_000, "quamina", "events_per_second", 100.0),
    *(
        ("P2", f"W11-{name}", 100_000, "hypermatch", "events_per_second", 1.0)
        for name in ("equals", "wildcard", "prefix", "anythingbut", "numeric")
    ),
    ("P3", "W11-numeric", 100_000, "event-ruler", "events_per_second", 25.0),
    ("P3", "W11-numeric", 100_000, "event-ruler", "adds_per_second", 200.0),
    ("P5", "W5", 100_000, "a-tree", "events_per_second", 20.0),
    ("P9", "W2-cel", 100_000, "cel-go", "events_per_second", 30_000.0),
    ("P9", "W6", 100_000, "cel-go", "events_per_second", 50.0),
]


class NotFinishedError(Exception):
    """The peer gave no answer within the bound."""


class Peer:
    """A process that answers tasks."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ask(self, bound: float, task: str, **details: Any) -> dict[str, Any]:
        """Return the answer, if it comes within `bound` seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"task": task, **details}) + "\n"
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], bound)
        if not ready:
            raise NotFinishedError
        answer = self._process.stdout.readline()
        if not answer:
            return {"cannot": f"ended: {self._last_words()}"}
        return json.loads(answer)

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        lines = self._process.stderr.read().decode().strip().splitlines()
        return lines[-1] if lines else "without a word"

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.communicate()


@dataclass
class Result:
    """What one peer did with one set."""

    adds_per_second: float = 0
    bytes_per_rule: float = 0
    removes_per_second: float = 0
    rounds: list[float] = field(default_factory=list)
    matches: int = 0
    checksum: str = ""
    problem: str = ""

    @property
    def events_per_second(self) -> float:
        """Median of the rounds; 0 when there is none."""
        return statistics.median(self.rounds) if self.rounds else 0


# (set, rules) → peer → result
Table = dict[tuple[str, int], dict[str, Result]]


def peer_commands(build: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return how to start the peers that run here, and why others do not."""
    commands = {OURS: [str(build / "bench" / "match_streamer")]}
    missing: dict[str, str] = {}
    builders = {
        "hypermatch": lambda: _go_peer("match_hypermatch"),
        "quamina": lambda: _go_peer("match_quamina"),
        "event-ruler": _java_peer,
        "a-tree": _rust_peer,
        "cel-go": lambda: _go_peer("match_cel_go"),
    }
    BUILT.mkdir(parents=True, exist_ok=True)
    for name, make in builders.items():
        command, reason = make()
        if command:
            commands[name] = command
        else:
            missing[name] = reason
    return commands, missing


def _run(command: list[str], **options: Any) -> str:
    """Return "" or the last line that says why the command failed."""
    if shutil.which(command[0]) is None:
        return f"no {command[0]} on this machine"
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, **options
    )
    if done.returncode == 0:
        return ""
    lines = (done.stderr + done.stdout).strip().splitlines()
    return f"{command[0]}: {_reason(lines)}"


def _reason(lines: list[str]) -> str:
    """Return the line of a failed build that tells most, without addresses."""
    telling = [
        line
        for line in lines
        if any(word in line for word in ("rror", "orbidden", "not available"))
    ]
    line = (telling or lines or ["failed"])[-1]
    return " ".join(word for word in line.split() if "://" not in word)


def _go_peer(name: str) -> tuple[list[str], str]:
    program = str(BUILT / name)
    reason = _run(
        ["go", "build", "-mod=mod", "-o", program, "."], cwd=PEERS / name
    )
    return [] if reason else [program], reason


def _rust_peer() -> tuple[list[str], str]:
    target = BUILT / "a_tree"
    reason = _run(
        ["cargo", "build", "--release", "--target-dir", target],
        cwd=PEERS / "match_a_tree",
    )
    program = target / "release" / "match_a_tree"
    return [] if reason else [str(program)], reason


def _java_peer() -> tuple[list[str], str]:
    target = BUILT / "event_ruler"
    reason = _run(
        [
            *("mvn", "-q", "-B", f"-Doutput={target}", "package"),
            *(
                "dependency:copy-dependencies",
                f"-DoutputDirectory={target}/lib",
            ),
        ],
        cwd=PEERS / "match_event_ruler",
    )
    path = f"{target}/classes:{target}/lib/*"
    command = ["java", "-Xmx12g", "-cp", path, "MatchEventRuler"]
    return [] if reason else command, reason


def write_set(build: Path, name: str, size: int, folder: Path) -> None:
    """Write rules.jsonl and events.jsonl."""
    program = build / "bench" / "write_workload"
    subprocess.run(
        [program, name, str(size), str(EVENTS), "1", folder], check=True
    )


def compare(
    commands: dict[str, list[str]],
    name: str,
    size: int,
    folder: Path,
    options: argparse.Namespace,
    gave_up: dict[str, str],
) -> dict[str, Result]:
    """Run one set through every peer but those that gave up on a smaller."""
    results = {peer: Result() for peer in commands}
    running: dict[str, Peer] = {}
    for peer, command in commands.items():
        if name in EXPRESSION_SETS and peer not in ONLY_CEL:
            results[peer].problem = "cannot: no CEL"
        elif peer in gave_up:
            results[peer].problem = gave_up[peer]
        if results[peer].problem:
            continue
        running[peer] = Peer(command)
        _attempt(
            running,
            peer,
            results[peer],
            lambda p, r: _prepare(p, r, name, size, folder, options.bound),
            options.bound,
        )
    for _ in range(options.rounds):
        for peer in list(running):
            _attempt(
                running,
                peer,
                results[peer],
                lambda p, r: _time(p, r, options),
                options.bound,
            )
    for peer in list(running):
        _attempt(
            running,
            peer,
            results[peer],
            lambda p, r: _remove(p, r, size, options.bound),
            options.bound,
        )
    for process in running.values():
        process.close()
    return results


def _attempt(
    running: dict[str, Peer],
    name: str,
    result: Result,
    step: Any,
    bound: float,
) -> None:
    """Do a step; a peer that fails it leaves the run."""
    try:
        step(running[name], result)
    except NotFinishedError:
        result.problem = f"not finished in {bound:.0f} s"
    except (BrokenPipeError, ValueError) as error:
        result.problem = f"cannot: {error}"
    if result.problem:
        running.pop(name).close()


def _answer(peer: Peer, bound: float, task: str, **details: Any) -> Any:
    answer = peer.ask(bound, task, **details)
    if "cannot" in answer:
        raise ValueError(answer["cannot"])
    return answer


def _prepare(
    peer: Peer,
    result: Result,
    name: str,
    size: int,
    folder: Path,
    bound: float,
) -> None:
    _answer(
        peer,
        bound,
        "load",
        rules=str(folder / "rules.jsonl"),
        events=str(folder / "events.jsonl"),
        is_expression=name in EXPRESSION_SETS,
    )
    built = _answer(peer, bound, "build")
    result.adds_per_second = size / built["seconds"]
    result.bytes_per_rule = built["bytes"] / size
    checked = _answer(peer, bound, "check", count=CHECKED)
    result.matches = checked["matches"]
    result.checksum = checked["checksum"]


def _time(peer: Peer, result: Result, options: argparse.Namespace) -> None:
    timed = _answer(peer, options.bound, "match", seconds=options.seconds)
    result.rounds.append(timed["events"] / timed["seconds"])


def _remove(peer: Peer, result: Result, size: int, bound: float) -> None:
    count = min(1_000, size)
    removed = _answer(peer, bound, "remove", count=count)
    result.removes_per_second = count / max(removed["seconds"], 1e-9)


def print_set(name: str, size: int, results: dict[str, Result]) -> None:
    """Print one line per peer."""
    ours = results[OURS]
    print(f"\n{name}, {size:,} rules, {ours.matches / CHECKED:.2f} matches")
    print(
        f"  {'':<12}{'events/s':>14}{'ours is':>11}{'adds/s':>12}"
        f"{'bytes/rule':>12}{'removes/s':>12}"
    )
    for peer, result in results.items():
        if result.problem:
            print(f"  {peer:<12}{result.problem}")
            continue
        print(
            f"  {peer:<12}{result.events_per_second:>14,.0f}"
            f"{ratio_text(ours, result):>11}{result.adds_per_second:>12,.0f}"
            f"{result.bytes_per_rule:>12,.0f}"
            f"{result.removes_per_second:>12,.0f}"
        )


def ratio(ours: Result, other: Result, figure: str) -> float | None:
    """Return how many times better ours is; None if it does not count."""
    if ours.problem or other.problem or ours.checksum != other.checksum:
        return None
    theirs = getattr(other, figure)
    return getattr(ours, figure) / theirs if theirs else None


def ratio_text(ours: Result, other: Result) -> str:
    """Return the ratio of events per second, or that matches differ."""
    value = ratio(ours, other, "events_per_second")
    return "differs" if value is None else f"{value:,.2f}x"


def aims(table: Table, missing: dict[str, str]) -> list[dict[str, Any]]:
    """Return each aim with what was reached."""
    rows = []
    for aim, name, size, peer, figure, wanted in AIMS:
        results = table.get((name, size))
        value = None
        if peer in missing:
            verdict = "missing"
        elif results is None or peer not in results:
            verdict = "not measured"
        elif results[peer].problem:
            verdict = results[peer].problem
        else:
            value = ratio(results[OURS], results[peer], figure)
            verdict = "matches differ"
            if value is not None:
                verdict = "reached" if value >= wanted else "missed"
        rows.append(
            {
                "aim": aim,
                "set": name,
                "rules": size,
                "peer": peer,
                "figure": figure,
                "wanted": wanted,
                "reached": value,
                "verdict": verdict,
            }
        )
    return rows


def print_aims(rows: list[dict[str, Any]]) -> None:
    """Print aims beside what was reached."""
    print("\naim: times as good as the peer")
    for row in rows:
        reached = row["reached"]
        text = "" if reached is None else f"{reached:,.2f}x"
        print(
            f"  {row['aim']} {row['set']:<16}{row['rules']:>8,}  "
            f"{row['peer']:<12}{row['figure']:<18}"
            f"aim {row['wanted']:>8,.1f}x {text:>12}  {row['verdict']}"
        )


def earlier(path: Path | None) -> Table:
    """Return what earlier runs measured; sets that run again replace it."""
    table: Table = {}
    if path is None or not path.exists():
        return table
    for row in json.loads(path.read_text())["rows"]:
        results = table.setdefault((row["set"], row["rules"]), {})
        results[row["peer"]] = Result(
            adds_per_second=row["adds_per_second"],
            bytes_per_rule=row["bytes_per_rule"],
            removes_per_second=row["removes_per_second"],
            rounds=[row["events_per_second"]],
            matches=row["matches"],
            checksum=row["checksum"],
            problem=row["problem"],
        )
    return table


def save(path: Path, table: Table, missing: dict[str, str]) -> None:
    """Write everything measured, for bench/matching_report.py."""
    rows = [
        {
            "set": name,
            "rules": size,
            "peer": peer,
            "events_per_second": result.events_per_second,
            "ours_is": ratio(results[OURS], result, "events_per_second"),
            "adds_per_second": result.adds_per_second,
            "bytes_per_rule": result.bytes_per_rule,
            "removes_per_second": result.removes_per_second,
            "matches": result.matches,
            "checksum": result.checksum,
            "problem": result.problem,
        }
        for (name, size), results in table.items()
        for peer, result in results.items()
    ]
    report = {
        "machine": platform.platform(),
        "date": datetime.date.today().isoformat(),
        "load_average": os.getloadavg()[0],
        "rows": rows,
        "aims": aims(table, missing),
        "missing": missing,
    }
    path.write_text(json.dumps(report, indent=1))


def read_options() -> argparse.Namespace:
    """Return the command line, with lists taken apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default=",".join(SETS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--peers", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--bound", type=float, default=120)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.seconds, options.bound = "1000", 0.1, 20
    return options


def main() -> None:
    """Measure and print."""
    options = read_options()
    commands, missing = peer_commands(options.build.resolve())
    if options.peers:
        wanted = {OURS, *options.peers.split(",")}
        commands = {k: v for k, v in commands.items() if k in wanted}
    for peer, reason in missing.items():
        print(f"missing: {peer}: {reason}")
    table = earlier(options.json)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only.split(","):
            gave_up: dict[str, str] = {}
            for size in map(int, options.sizes.split(",")):
                write_set(options.build.resolve(), name, size, Path(folder))
                results = compare(
                    commands, name, size, Path(folder), options, gave_up
                )
                table[name, size] = results
                for peer, result in results.items():
                    if "finished" in result.problem:
                        where = f"{result.problem} at {size:,} rules"
                        gave_up.setdefault(peer, where)
                if options.json:
                    save(options.json, table, missing)
                print_set(name, size, results)
    print_aims(aims(table, missing))


if __name__ == "__main__":
    main()
