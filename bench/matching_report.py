"""Bring the figures of the last runs into docs/benchmarks.md, with pictures.

usage: matching_report.py [--match FILE] [--peers FILE] [--docs FOLDER]

Reads what `make bench BENCH=match` and `make bench BENCH=peers` wrote to
build/bench, replaces what stands between `<!-- NAME: begin -->` and
`<!-- NAME: end -->` in benchmarks.md, and draws benchmarks/*.png.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from match_table import WORKLOADS, number
from matplotlib import pyplot

ROOT = Path(__file__).resolve().parents[1]
# Load of the machine above which figures are said to be taken beside others.
QUIET_LOAD = 1.3
OURS = "streamer"

Row = dict[str, Any]


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def time_text(nanoseconds: float) -> str:
    """Format a time in the unit that suits it."""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:,.3g} {unit}"
    return f"{nanoseconds:,.0f} ns"


def conditions(report: Row) -> str:
    """Say where, when and beside what the figures were taken."""
    rows = report["rows"].values()
    loads = [row["load_average"] for row in rows if "load_average" in row]
    text = f"Taken on {report['date']}, {report['machine']}"
    if loads and max(loads) > QUIET_LOAD:
        return (
            f"{text}, **beside other work** (load {min(loads):.1f} to "
            f"{max(loads):.1f}): to be replaced by those of a quiet machine."
        )
    return f"{text}, quiet."


def measured_rows(report: Row) -> list[Row]:
    """Return the rows of workloads, without the run in shards."""
    rows = [row for name, row in report["rows"].items() if name != "shards"]
    return sorted(
        rows, key=lambda row: (WORKLOADS.index(row["workload"]), row["count"])
    )


def match_rows(report: Row) -> list[list[str]]:
    """Return the table of workloads and sizes."""
    rows = []
    for row in measured_rows(report):
        start = [row["workload"], f"{row['count']:,}"]
        if "problem" in row:
            rows.append([*start, row["problem"], *[""] * 10])
            continue
        load, idle, work = row["load"], row["idle"], row["per_event"]
        rows.append(
            [
                *start,
                time_text(row["json_ns"]),
                time_text(row["parsed_ns"]),
                time_text(idle["p50"]),
                time_text(idle["p99"]),
                time_text(idle["p999"]),
                number(work["matches"]),
                number(work["candidates"]),
                f"{load['add_per_second'] / 1e3:,.0f} k",
                f"{row['remove_per_second'] / 1e3:,.0f} k",
                f"{load['matcher_resident_bytes']:,.0f}",
                f"{load['filter_resident_bytes']:,.0f}",
            ]
        )
    return rows


def match_section(report: Row) -> str:
    """Return the generated part of the section Matching."""
    header = [
        *("workload", "subscriptions", "from JSON", "parsed", "p50", "p99"),
        *("p99.9", "matches", "candidates", "add/s", "remove/s"),
        *("bytes, matcher", "bytes, filter"),
    ]
    return f"{conditions(report)}\n\n{table(header, match_rows(report))}"


def aim_section(report: Row) -> str:
    """Return the aims of the table of ours."""
    rows = [
        [
            row["aim"],
            row["what"],
            f"at {row['side']} {number(row['bound'])} {row['unit']}",
            number(row["value"]),
            row["verdict"],
        ]
        for row in report["aims"]
    ]
    return table(["", "what", "aim", "got", ""], rows)


def peer_section(report: Row) -> str:
    """Return the table of peers."""
    rows = []
    for row in report["rows"]:
        start = [row["set"], f"{row['rules']:,}", row["peer"]]
        if row["problem"]:
            rows.append([*start, row["problem"], *[""] * 4])
            continue
        ratio = row["ours_is"]
        rows.append(
            [
                *start,
                f"{row['events_per_second']:,.0f}",
                "matches differ" if ratio is None else f"{ratio:,.2f}",
                f"{row['adds_per_second']:,.0f}",
                f"{row['bytes_per_rule']:,.0f}",
                f"{row['removes_per_second']:,.0f}",
            ]
        )
    header = [
        *("set", "rules", "engine", "events/s", "ours is … times as fast"),
        *("adds/s", "bytes/rule", "removes/s"),
    ]
    missing = "\n".join(
        f"- missing: {peer}: {reason}"
        for peer, reason in report["missing"].items()
    )
    return f"{table(header, rows)}\n\n{missing}".strip()


def peer_aim_section(report: Row) -> str:
    """Return the aims against peers."""
    rows = [
        [
            row["aim"],
            f"{row['set']} at {row['rules']:,}",
            row["peer"],
            row["figure"].replace("_", " "),
            f"{row['wanted']:,.1f} ×",
            "" if row["reached"] is None else f"{row['reached']:,.2f} ×",
            row["verdict"],
        ]
        for row in report["aims"]
    ]
    return table(["", "set", "peer", "figure", "aim", "got", ""], rows)


def draw(
    curves: dict[str, list[tuple[int, float]]],
    labels: tuple[str, str],
    title: str,
    path: Path,
) -> None:
    """Draw curves over the number of subscriptions, both axes logarithmic."""
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    styles = ["-", "--", ":"]
    for i, (name, points) in enumerate(sorted(curves.items())):
        places, values = zip(*sorted(points), strict=True)
        axes.plot(
            places, values, styles[i // 10 % 3], marker="o", ms=4, label=name
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def draw_match(report: Row, folder: Path) -> None:
    """Draw cost and memory over size, a curve for each workload."""
    figures = {
        "match_time": ("json_ns", "ns per event, from JSON", "Matching"),
        "match_bytes": ("matcher_resident_bytes", "bytes", "Memory in match/"),
    }
    for name, (figure, label, title) in figures.items():
        curves: dict[str, list[tuple[int, float]]] = {}
        for row in measured_rows(report):
            if "problem" in row:
                continue
            value = {**row, **row["load"]}[figure]
            curves.setdefault(row["workload"], []).append(
                (row["count"], max(value, 1))
            )
        axes = ("subscriptions", label)
        draw(curves, axes, title, folder / f"{name}.png")


def draw_peers(report: Row, folder: Path) -> None:
    """Draw events per second over size, a picture for each published set."""
    sets = {row["set"] for row in report["rows"]}
    for name in sorted(sets):
        curves: dict[str, list[tuple[int, float]]] = {}
        for row in report["rows"]:
            if row["set"] == name and not row["problem"]:
                curves.setdefault(row["peer"], []).append(
                    (row["rules"], row["events_per_second"])
                )
        if len(curves) > 1:
            path = folder / f"peers_{name.lower().replace('-', '_')}.png"
            draw(curves, ("rules", "events/s, from JSON"), name, path)


def replace(text: str, name: str, content: str) -> str:
    """Put `content` between the marks of `name`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, mark, rest = text.partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise SystemExit(f"expected {begin} and {end} in benchmarks.md")
    return f"{before}{begin}\n{content}\n{end}{after}"


def main() -> None:
    """Rewrite the generated parts and the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    measured = ROOT / "build" / "bench"
    parser.add_argument(
        "--match", type=Path, default=measured / "match_table.json"
    )
    parser.add_argument(
        "--peers", type=Path, default=measured / "peers_comparison.json"
    )
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    pictures = options.docs / "benchmarks"
    pictures.mkdir(exist_ok=True)
    page = options.docs / "benchmarks.md"
    text = page.read_text()
    if options.match.exists():
        report = json.loads(options.match.read_text())
        text = replace(text, "match", match_section(report))
        text = replace(text, "match aims", aim_section(report))
        draw_match(report, pictures)
    if options.peers.exists():
        report = json.loads(options.peers.read_text())
        text = replace(text, "peers", peer_section(report))
        text = replace(text, "peers aims", peer_aim_section(report))
        draw_peers(report, pictures)
    page.write_text(text)


if __name__ == "__main__":
    main()
