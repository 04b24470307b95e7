"""`scripts/bench` finds the benchmarks that were built."""

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BENCH = REPOSITORY / "bench"
NAMES = sorted(
    {
        path.name.removesuffix(ending)
        for ending in ("_bench.cc", "_table.py", "_comparison.py")
        for path in BENCH.glob(f"*{ending}")
    }
)


def bench(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REPOSITORY / "scripts" / "bench", *names],
        env={**os.environ, "BENCH_ARGS": "--benchmark_list_tests=true"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_name_every_benchmark_runs():
    run = bench()
    assert run.returncode == 0, run.stderr
    assert {
        "BM_Parse/two_terms",
        "BM_CompileConditions",
        "BM_ParseJson",
    } <= set(run.stdout.splitlines())


def test_an_unknown_name_is_answered_with_the_known_ones():
    run = bench("nothing")
    assert run.returncode == 2
    assert run.stderr == (
        f"bench: expected one of: {' '.join(NAMES)}; got: nothing\n"
    )


def test_the_page_of_benchmarks_has_a_place_for_every_generated_table():
    page = (REPOSITORY / "docs" / "benchmarks.md").read_text()
    for name in ("match", "match aims", "peers", "peers aims"):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        assert page.count(begin) == page.count(end) == 1
        assert page.index(begin) < page.index(end)
