"""What matching costs, workload by workload, with the aims beside.

usage: match_table.py [--only W1,W9,…] [--sizes 1000,100000,…] [--quick]
                      [--largest] [--rounds 1] [--seconds 1] [--build DIR]
                      [--json FILE]

Runs `match_workloads` in a process of its own for each workload and size,
then the two-shard run.  --quick takes seconds (1,000 and 10,000
subscriptions); --largest adds W1 at 5,000,000.  With --rounds everything is
run so many times, in turn; of each row the run counts whose time from JSON is
the median, and the shortest and longest are kept beside it.  Results that are
already in the JSON file and are not measured again stay there.

Columns: ns per event from raw JSON and from a parsed event, of batches of
sixteen (of one at a time they are in the JSON file); percentiles of
parsed events timed alone (two readings of the clock included); matches and
candidates per event; subscriptions added and removed per second, filters
already compiled; bytes per subscription that the matcher counts, that adding
took in RAM, and that the compiled filters take.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "build" / "bench" / "data"
REAL = ("flights", "cities")
WORKLOADS = (
    "W1",
    "W2",
    "W2-cel",
    "W3-1",
    "W3-2",
    "W3-5",
    "W4",
    "W5",
    "W6",
    "W7",
    "W8",
    "W9",
    "W10",
    "W11-mixed",
    "W11-plain",
    "W11-equals",
    "W11-wildcard",
    "W11-prefix",
    "W11-anythingbut",
    "W11-numeric",
    *REAL,
)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
# A collection's scan list is bounded at registration; these sizes are what a
# service would accept.
LARGEST_SIZE = {"W6": 100_000}
SHARDED = ("W7", 100_000)
# Longest that one run may take, loading included.
BOUND_SECONDS = 900

Row = dict[str, Any]
Rows = dict[str, Row]


def key(workload: str, count: int) -> str:
    """Name a row."""
    return f"{workload}@{count}"


def limit_memory() -> None:
    """Let a run that is too large fail alone, not the whole machine."""
    pages = os.sysconf("SC_AVPHYS_PAGES") + _cached_pages()
    limit = pages * os.sysconf("SC_PAGE_SIZE") * 8 // 10
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _cached_pages() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Cached:"):
            return int(line.split()[1]) * 1024 // os.sysconf("SC_PAGE_SIZE")
    return 0


def measure(build: Path, workload: str, count: int, *options: str) -> Row:
    """Return one row; a run that fails is a row with a problem."""
    command = [build / "bench" / "match_workloads", workload, str(count)]
    if workload in REAL:
        command += ["--data", DATA / f"{workload}.jsonl"]
    try:
        done = subprocess.run(
            [*command, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=BOUND_SECONDS,
            preexec_fn=limit_memory,
        )
    except subprocess.TimeoutExpired:
        problem = f"not finished in {BOUND_SECONDS} s"
        return {"workload": workload, "count": count, "problem": problem}
    if done.returncode != 0:
        problem = (done.stderr.strip() or f"status {done.returncode}")[-200:]
        return {"workload": workload, "count": count, "problem": problem}
    row: Row = json.loads(done.stdout)
    # Whether a figure was taken beside other work.
    row["load_average"] = os.getloadavg()[0]
    return row


HEADER = (
    f"{'workload':<16}{'subscriptions':>13}{'json ns':>11}{'parsed ns':>11}"
    f"{'p50':>10}{'p99':>10}{'p99.9':>11}{'matches':>9}{'candidates':>11}"
    f"{'add/s':>11}{'remove/s':>11}{'B counted':>10}{'B matcher':>10}"
    f"{'B filter':>9}"
)


def line(row: Row) -> str:
    """Return a row of the table."""
    start = f"{row['workload']:<16}{row['count']:>13,}"
    if "problem" in row:
        return f"{start}  {row['problem']}"
    load, idle, work = row["load"], row["idle"], row["per_event"]
    return (
        f"{start}{row['json_ns']:>11,.0f}{row['parsed_ns']:>11,.0f}"
        f"{idle['p50']:>10,.0f}{idle['p99']:>10,.0f}{idle['p999']:>11,.0f}"
        f"{work['matches']:>9,.2f}{work['candidates']:>11,.2f}"
        f"{load['add_per_second']:>11,.0f}{row['remove_per_second']:>11,.0f}"
        f"{load['matcher_bytes']:>10,.0f}"
        f"{load['matcher_resident_bytes']:>10,.0f}"
        f"{load['filter_resident_bytes']:>9,.0f}"
    )


def _build_per_second(row: Row) -> float:
    load = row["load"]
    return 1 / (1 / load["compile_per_second"] + 1 / load["add_per_second"])


def _of(
    workload: str, count: int, figure: Callable[[Row], float]
) -> Callable[[Rows], float]:
    return lambda rows: figure(rows[key(workload, count)])


def _growth(workload: str) -> Callable[[Rows], float]:
    """Return the cost at 1,000,000 over the cost at 100,000."""
    return lambda rows: (
        rows[key(workload, 1_000_000)]["parsed_ns"]
        / rows[key(workload, 100_000)]["parsed_ns"]
    )


def _worst_tail(states: tuple[str, ...]) -> Callable[[Rows], float]:
    """Return the largest p99.9 over median."""
    return lambda rows: max(
        row[state]["p999"] / row[state]["p50"]
        for row in rows.values()
        if "idle" in row
        for state in states
        if row[state]["count"] >= 10_000
    )


def _events_per_second(row: Row) -> float:
    return 1e9 / row["json_ns"]


MILLION = 1_000_000
# (aim, what, unit, the least or the most, bound, how to get it)
AIMS: list[tuple[str, str, str, str, float, Callable[[Rows], float]]] = [
    (
        "P1",
        "W1 at 1 M, from JSON",
        "events/s",
        "least",
        1e6,
        _of("W1", MILLION, _events_per_second),
    ),
    (
        "P1",
        "W1 at 5 M over 1 M",
        "of events/s",
        "least",
        0.7,
        lambda rows: (
            rows[key("W1", MILLION)]["json_ns"]
            / rows[key("W1", 5 * MILLION)]["json_ns"]
        ),
    ),
    (
        "P4",
        "W3-5 at 1 M",
        "ns",
        "most",
        300_000,
        _of("W3-5", MILLION, lambda row: row["parsed_ns"]),
    ),
    (
        "P5",
        "W5 at 1 M",
        "ns",
        "most",
        250_000,
        _of("W5", MILLION, lambda row: row["parsed_ns"]),
    ),
    (
        "P5",
        "W5 at 1 M",
        "bytes",
        "most",
        150,
        _of("W5", MILLION, lambda row: row["load"]["matcher_resident_bytes"]),
    ),
    (
        "P6",
        "W2 at 1 M, add + remove",
        "pairs/s",
        "least",
        500_000,
        _of("W2", MILLION, lambda row: row["churn"]["pairs_per_second"]),
    ),
    (
        "P6",
        "W2 at 1 M, pair p99",
        "ns",
        "most",
        5_000,
        _of("W2", MILLION, lambda row: row["churn"]["p99"]),
    ),
    (
        "P6",
        "W2 at 1 M, longest pair",
        "ns",
        "most",
        1e6,
        _of("W2", MILLION, lambda row: row["churn"]["longest"]),
    ),
    (
        "P6",
        "W8 at 1 M, p99 churned/idle",
        "times",
        "most",
        1.5,
        _of(
            "W8",
            MILLION,
            lambda row: row["churned"]["p99"] / row["idle"]["p99"],
        ),
    ),
    (
        "P7",
        "W2 at 1 M, four predicates",
        "bytes",
        "most",
        160,
        _of("W2", MILLION, lambda row: row["load"]["matcher_resident_bytes"]),
    ),
    (
        "P9",
        "W2-cel at 100 k",
        "ns",
        "most",
        5_000,
        _of("W2-cel", 100_000, lambda row: row["json_ns"]),
    ),
    (
        "P9",
        "W6 at 100 k, unindexable",
        "ns",
        "most",
        3e6,
        _of("W6", 100_000, lambda row: row["json_ns"]),
    ),
    (
        "P10",
        "W9 at 100 k",
        "events/s",
        "least",
        500_000,
        _of("W9", 100_000, _events_per_second),
    ),
    (
        "P10",
        "W9 at 100 k, compile + add",
        "per second",
        "least",
        100_000,
        _of("W9", 100_000, _build_per_second),
    ),
    (
        "P13",
        f"{SHARDED[0]}, two shards over one",
        "times",
        "least",
        1.8,
        lambda rows: (
            rows["shards"]["events_per_second"]
            / rows["shards"]["events_per_second_on_one"]
        ),
    ),
    *(
        (
            "P13",
            f"{workload}, 1 M over 100 k",
            "times",
            "most",
            1.6,
            _growth(workload),
        )
        for workload in ("W1", "W2", "W3-1", "W7", "W9", "W10", "W11-mixed")
    ),
    (
        "issue",
        "worst p99.9 over median",
        "times",
        "most",
        10,
        _worst_tail(("idle", "churned")),
    ),
    (
        "issue",
        "the same of arithmetic alone",
        "times",
        "most",
        10,
        _worst_tail(("arithmetic",)),
    ),
]


def aims(rows: Rows) -> list[Row]:
    """Return each aim with what was reached."""
    found = []
    for aim, what, unit, side, bound, get in AIMS:
        try:
            value: float | None = get(rows)
        except (KeyError, ValueError):
            value = None
        verdict = "not measured"
        if value is not None:
            holds = value >= bound if side == "least" else value <= bound
            verdict = "reached" if holds else "missed"
        found.append(
            {
                "aim": aim,
                "what": what,
                "unit": unit,
                "side": side,
                "bound": bound,
                "value": value,
                "verdict": verdict,
            }
        )
    return found


def number(value: float | None) -> str:
    """Format with as many decimals as a small number needs."""
    if value is None:
        return ""
    return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"


def print_aims(found: list[Row]) -> None:
    """Print the aims beside what was reached."""
    print("\naim")
    for row in found:
        print(
            f"  {row['aim']:<6}{row['what']:<30}at {row['side']:<6}"
            f"{number(row['bound']):>10}  {number(row['value']):>12} "
            f"{row['unit']:<12}{row['verdict']}"
        )


def median_run(runs: list[Row]) -> Row:
    """Return the run in the middle; a run with a problem before any other."""
    for run in runs:
        if "problem" in run:
            return run
    ordered = sorted(runs, key=lambda run: float(run["json_ns"]))
    return {
        **ordered[len(ordered) // 2],
        "runs": len(ordered),
        "json_ns_least": ordered[0]["json_ns"],
        "json_ns_most": ordered[-1]["json_ns"],
    }


def ensure_real_data(build: Path) -> None:
    """Write the JSON lines of the real data sets, if they are not there."""
    if not all((DATA / f"{name}.jsonl").exists() for name in REAL):
        script = ROOT / "bench" / "real_data.py"
        subprocess.run([sys.executable, script, DATA], check=True)


def read_options() -> argparse.Namespace:
    """Return the command line, with lists taken apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--sizes", default="")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--largest", action="store_true")
    options = parser.parse_args()
    sizes = QUICK_SIZES if options.quick else SIZES
    if options.sizes:
        sizes = tuple(map(int, options.sizes.split(",")))
    options.sizes = sizes
    options.seconds = options.seconds or (0.1 if options.quick else 1)
    return options


def planned(options: argparse.Namespace) -> list[tuple[str, int]]:
    """Return what to measure."""
    plan = [
        (workload, size)
        for workload in options.only.split(",")
        for size in options.sizes
        if size <= LARGEST_SIZE.get(workload, size)
    ]
    return [*plan, ("W1", 5_000_000)] if options.largest else plan


def earlier(path: Path | None) -> Rows:
    """Return the rows of an earlier run."""
    if path is None or not path.exists():
        return {}
    rows: Rows = json.loads(path.read_text())["rows"]
    return rows


def save(path: Path | None, rows: Rows) -> None:
    """Write everything measured, for bench/matching_report.py."""
    if path is None:
        return
    report = {
        "machine": platform.platform(),
        "date": datetime.date.today().isoformat(),
        "rows": rows,
        "aims": aims(rows),
    }
    path.write_text(json.dumps(report, indent=1))


def main() -> None:
    """Measure and print."""
    options = read_options()
    build = options.build.resolve()
    plan = planned(options)
    if any(workload in REAL for workload, _ in plan):
        ensure_real_data(build)
    rows = earlier(options.json)
    seconds = ("--seconds", str(options.seconds))
    print(HEADER)
    measured: dict[str, list[Row]] = {}
    for workload, count in plan * options.rounds:
        runs = measured.setdefault(key(workload, count), [])
        runs.append(measure(build, workload, count, *seconds))
        rows[key(workload, count)] = median_run(runs)
        print(line(runs[-1]), flush=True)
        save(options.json, rows)
    if SHARDED[0] in options.only.split(","):
        rows["shards"] = measure(build, *SHARDED, *seconds, "--shards", "2")
        save(options.json, rows)
    print_aims(aims(rows))
    if any("problem" in rows[key(*each)] for each in plan):
        sys.exit(1)


if __name__ == "__main__":
    main()
