"""The whole system in one thread: 2,000 seeds, and what they do not run."""

import re
from pathlib import Path

import pytest
from simulation import ROOT, chunks, program, run_seeds

SEEDS = list(chunks(1, 2000, 100))


@pytest.mark.parametrize(("first", "last"), SEEDS)
def test_every_seed_keeps_the_invariants(first, last):
    outcome = run_seeds(first, last)
    assert outcome.failures == ""
    assert (outcome.runs, outcome.failed) == (last - first + 1, 0)
    # Faults were among it, not only fair weather.
    assert outcome.counts["starts of the streamer"] > 2 * outcome.runs
    assert outcome.counts["deliveries"] > 100 * outcome.runs
    assert outcome.counts["tails lost"] > 0
    assert outcome.counts["gaps of the source"] > 0


def test_a_seed_is_the_same_run_each_time():
    assert run_seeds(3, 5) == run_seeds(3, 5)


# Each with what it does instead of deciding anything: I/O.
NOT_LINKED: dict[str, str] = {}


def linked_sources() -> set[str]:
    """Sources of cpp/ whose objects are in the program, by its link map."""
    link_map = program().with_name("sim.map").read_text(errors="replace")
    members = re.findall(r"libstreamer_(\w+)\.a\(([\w.]+)\.cc\.o\)", link_map)
    return {f"{folder}/{source}.cc" for folder, source in members}


def test_what_it_does_not_link_is_input_and_output_only():
    linked = linked_sources()
    names = {Path(name).name for name in linked}
    folders = ("transport", "client", "puller", "store")
    missing = set()
    for folder in folders:
        for source in (ROOT / "cpp" / folder).rglob("*.cc"):
            if f"{folder}/{source.name}" not in linked:
                missing.add(str(source.relative_to(ROOT / "cpp")))
    assert names
    assert missing == set(NOT_LINKED)
