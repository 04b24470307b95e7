"""From ingest to gateway: latencies, a stalled gateway, and a restart.

usage: e2e_table.py [--json PATH] [--build FOLDER] [--seconds S] [--rounds N]

Starts streamerd on a log in a temporary folder and bench/e2e_load beside it, on
the same processors. Every figure is the median over the rounds, in which the
measurements take turns; beside it stands the aim.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/py"))

from streamerd import Streamerd  # noqa: E402

SUBSCRIPTIONS = 100_000

QUOTAS = (
    f"--subscription.quota.max_per_gateway={SUBSCRIPTIONS + 10}",
    f"--subscription.quota.max_per_tenant={SUBSCRIPTIONS + 10}",
    f"--subscription.quota.max_total={SUBSCRIPTIONS + 10}",
)


def load(build: Path, service: Streamerd, *options: str) -> dict[str, float]:
    """Run e2e_load against a service; return what it printed."""
    done = subprocess.run(
        [
            str(build / "bench/e2e_load"),
            f"--target={service.target}",
            f"--http={service.http_port}",
            f"--subscriptions={SUBSCRIPTIONS}",
            *options,
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def latencies(
    build: Path, folder: Path, rate: int, seconds: int, *options: str
) -> dict[str, float]:
    """Measure at a rate, on a service and a log of its own."""
    service = Streamerd(
        folder / "streamerd.log", f"--log.path={folder / 'log'}", *QUOTAS
    )
    service.start()
    try:
        return load(
            build,
            service,
            f"--rate={rate}",
            f"--seconds={seconds}",
            *options,
        )
    finally:
        service.kill()


def restart(build: Path, folder: Path) -> dict[str, float]:
    """Subscribe, kill, start: how long until it is ready."""
    service = Streamerd(
        folder / "streamerd.log", f"--log.path={folder / 'log'}", *QUOTAS
    )
    service.start()
    try:
        figures = load(build, service, "--seconds=0")
        service.kill()
        begin = time.monotonic()
        service.start()
        while service.get("/health/ready") != 200:
            time.sleep(0.005)
        figures["ready_s"] = time.monotonic() - begin
        return figures
    finally:
        service.kill()


MEASUREMENTS: dict[str, Any] = {
    "20,000/s": lambda build, folder, s: latencies(build, folder, 20_000, s),
    "10,000/s": lambda build, folder, s: latencies(build, folder, 10_000, s),
    "10,000/s, one gateway never reads": lambda build, folder, s: latencies(
        build, folder, 10_000, s, "--stalled"
    ),
    "restart": lambda build, folder, s: restart(build, folder),
}

AIMS = {
    ("20,000/s", "p99_ms"): "< 5",
    ("20,000/s", "p999_ms"): "< 20",
    ("10,000/s", "p99_ms"): "< 2",
    ("restart", "ready_s"): "< 3",
}


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {
        name: statistics.median(one[name] for one in rounds)
        for name in rounds[0]
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["STREAMER_BUILD_DIR"] = str(options.build.resolve())
    seen: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        for name, measure in MEASUREMENTS.items():
            with tempfile.TemporaryDirectory() as folder:
                figures = measure(options.build, Path(folder), options.seconds)
            seen.setdefault(name, []).append(figures)
    table = Table("measurement", "figure", "median", "of each round", "aim")
    result = {name: medians(rounds) for name, rounds in seen.items()}
    for name, figures in result.items():
        for figure, value in figures.items():
            each = ", ".join(f"{one[figure]:.2f}" for one in seen[name])
            aim = AIMS.get((name, figure), "")
            table.add_row(name, figure, f"{value:.2f}", each, aim)
    ratio = (
        result["10,000/s, one gateway never reads"]["p99_ms"]
        / result["10,000/s"]["p99_ms"]
    )
    table.add_row(
        "one gateway never reads", "p99 ratio", f"{ratio:.2f}", "", "< 1.2"
    )
    Console(width=100).print(table)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(
            json.dumps({"medians": result, "rounds": seen}, indent=1)
        )


if __name__ == "__main__":
    main()
