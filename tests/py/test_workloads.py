"""The workloads of the benchmarks are what they promise to be."""

import json
import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(
    os.environ.get("STREAMER_BUILD_DIR", REPOSITORY / "build" / "release")
)
PROGRAMS = BUILD / "bench"

# Matches per event at 2,000 subscriptions, least and most.
PROMISED = {
    "W1": (1.5, 2.5),
    "W2": (0.7, 1.4),
    "W2-cel": (0.7, 1.4),
    "W3-1": (8, 12),
    "W3-2": (8, 12),
    "W3-5": (0, 0.2),
    "W4": (8, 14),
    "W5": (0, 1),
    "W6": (0.5, 5),
    "W7": (0.7, 1.4),
    "W8": (0.7, 1.4),
    "W9": (3, 3.5),
    "W10": (4, 9),
    "W11-mixed": (10, 10),
    "W11-plain": (10, 10),
    "W11-equals": (1, 1),
    "W11-wildcard": (1, 1),
    "W11-prefix": (1, 1),
    "W11-anythingbut": (99, 99),
    "W11-numeric": (6, 6),
}
# Documents of a published set keep their published size.
PADDED = [name for name in PROMISED if not name.startswith("W11")]


def write(
    folder: Path, workload: str, count: int = 50, seed: int = 1
) -> tuple[list[str], list[str]]:
    folder.mkdir(exist_ok=True)
    subprocess.run(
        [
            PROGRAMS / "write_workload",
            *(workload, str(count), "20", str(seed), str(folder)),
        ],
        check=True,
    )
    rules = (folder / "rules.jsonl").read_text().splitlines()
    events = (folder / "events.jsonl").read_text().splitlines()
    return rules, events


def measure(workload: str, count: int) -> dict:
    run = subprocess.run(
        [
            PROGRAMS / "match_workloads",
            *(workload, str(count), "--seconds", "0.001", "--events", "300"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(run.stdout)


def ask_ours(folder: Path, is_expression: bool, events: int) -> dict:
    """Return what our program of the comparison matches."""
    tasks = [
        {
            "task": "load",
            "rules": str(folder / "rules.jsonl"),
            "events": str(folder / "events.jsonl"),
            "is_expression": is_expression,
        },
        {"task": "build"},
        {"task": "check", "count": events},
        {"task": "remove", "count": 1},
    ]
    run = subprocess.run(
        [PROGRAMS / "match_streamer"],
        input="".join(json.dumps(task) + "\n" for task in tasks),
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(run.stdout.splitlines()[2])


def pair(event: int, rule: int) -> int:
    """The checksum of one match, as bench/measure/checksum.h defines it."""
    place = (event * 1_000_003 + rule + 1) * 0x9E3779B97F4A7C15
    return (place ^ (rule * 0xBF58476D1CE4E5B9)) % 2**64


@pytest.mark.parametrize("workload", PROMISED)
def test_one_seed_makes_one_workload(tmp_path, workload):
    first = write(tmp_path / "first", workload)
    assert write(tmp_path / "second", workload) == first
    if workload in PADDED and workload != "W4":
        assert write(tmp_path / "other", workload, seed=2) != first


def test_a_rule_does_not_depend_on_those_before_it(tmp_path):
    few, _ = write(tmp_path / "few", "W5", count=5)
    many, _ = write(tmp_path / "many", "W5", count=50)
    assert many[:5] == few


@pytest.mark.parametrize("workload", PADDED)
def test_documents_have_about_400_bytes(tmp_path, workload):
    _, events = write(tmp_path, workload)
    for event in events:
        assert 380 <= len(event) <= 600, event


@pytest.mark.parametrize("workload", PROMISED)
def test_the_matches_are_as_many_as_promised_and_those_of_a_scan(workload):
    measured = measure(workload, 2_000)
    least, most = PROMISED[workload]
    assert measured["is_checked"]
    assert least <= measured["per_event"]["matches"] <= most


def test_an_unknown_workload_is_answered_with_the_known_ones():
    run = subprocess.run(
        [PROGRAMS / "match_workloads", "W99", "10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == (
        "match_workloads: workload: expected one of: "
        + " ".join([*PROMISED, "flights", "cities"])
        + "; got: W99\n"
    )


RULES_AND_MATCHES = [
    ({"field": "a", "op": "==", "value": "x"}, [0]),
    ({"field": "a", "op": "!=", "value": "x"}, [1]),
    ({"field": "n", "op": "<", "value": 5}, [0]),
    ({"field": "n", "op": ">=", "value": 5}, [1]),
    ({"field": "a", "op": "in", "value": ["y", "z"]}, [1]),
    ({"field": "tags", "op": "contains", "value": "new"}, [0]),
    ({"field": "t", "op": "prefix", "value": "a.b"}, [0]),
    ({"field": "t", "op": "suffix", "value": "c"}, [0]),
    ({"field": "t", "op": "substring", "value": ".b*"}, [0]),
    ({"field": "t", "op": "wildcard", "value": "a.*c"}, [0]),
    ({"field": "t", "op": "wildcard", "value": "axb*"}, [1]),
    (
        {
            "all": [
                {"field": "a", "op": "==", "value": "x"},
                {"not": {"field": "n", "op": ">", "value": 7}},
            ]
        },
        [0],
    ),
    (
        {
            "any": [
                {"field": "a", "op": "==", "value": "x"},
                {"field": "n", "op": ">", "value": 7},
            ]
        },
        [0, 1],
    ),
]
DOCUMENTS = [
    {"a": "x", "n": 3, "tags": ["new"], "t": "a.b*c"},
    {"a": "y", "n": 8, "tags": [], "t": "axbd"},
]


@pytest.mark.parametrize(("rule", "matching"), RULES_AND_MATCHES)
@pytest.mark.parametrize("is_expression", [False, True])
def test_our_program_understands_a_neutral_rule(
    tmp_path, rule, matching, is_expression
):
    cel = subprocess.run(
        [PROGRAMS / "write_workload", "--cel", json.dumps(rule)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    line = json.dumps({"rule": rule, "cel": cel})
    (tmp_path / "rules.jsonl").write_text(line + "\n")
    (tmp_path / "events.jsonl").write_text(
        "".join(json.dumps(document) + "\n" for document in DOCUMENTS)
    )
    answer = ask_ours(tmp_path, is_expression, len(DOCUMENTS))
    expected = sum(pair(event, 0) for event in matching) % 2**64
    assert answer == {"matches": len(matching), "checksum": str(expected)}
