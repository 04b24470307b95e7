import io
from pathlib import Path

import numpy as np
import polars as pl
from main_job.comparison import GatewayOutcome, Outcome
from main_job.load import Progress
from main_job.report import Figures, LiveView, RateMeter, print_figures
from main_job.subscriptions import Subscription
from rich.console import Console


def outcome(received: int, **faults: int) -> Outcome:
    subscription = Subscription(
        f"s-{received}",
        0,
        f"wants {received}",
        (),
        f"doc.x > {received}",
        pl.lit(value=True),
    )
    counts = {"missing": 0, "surplus": 0, "misplaced": 0, "altered": 0}
    return Outcome(subscription, received, received, **(counts | faults))


def figures(*outcomes: Outcome, strays: int = 0) -> Figures:
    return Figures(
        events=1_000,
        elapsed_s=0.5,
        deliveries=600,
        matched=900,
        latencies_ms=np.arange(1.0, 101.0),
        memory_bytes={"streamerd": 64 * 2**20},
        outcomes=[GatewayOutcome(list(outcomes), strays)],
    )


def printed(figures: Figures) -> str:
    text = io.StringIO()
    print_figures(Console(file=text, width=100), figures)
    return text.getvalue()


def test_the_last_line_counts_the_mismatches() -> None:
    assert printed(figures(outcome(1))).splitlines()[-1] == "mismatches: 0"
    wrong = figures(outcome(1, missing=2), outcome(2, altered=1), strays=4)
    assert printed(wrong).splitlines()[-1] == "mismatches: 7"


def test_rates_and_percentiles_are_told() -> None:
    text = printed(figures(outcome(1)))
    rows = {
        cells[0].strip(): cells[1].strip()
        for row in text.splitlines()
        if len(cells := row.strip("│ ").split("│")) == 2
    }
    assert rows == {
        "events": "1,000",
        "seconds": "0.5",
        "events/s": "2,000",
        "deliveries": "600",
        "deliveries/s": "1,200",
        "matched ids/s": "1,800",
        "ingest to delivery, p50": "50.50 ms",
        "ingest to delivery, p99": "99.01 ms",
        "ingest to delivery, p99.9": "99.90 ms",
        "peak memory, streamerd": "64 MiB",
    }


def test_the_ten_busiest_come_first() -> None:
    text = printed(figures(*(outcome(n) for n in range(12))))
    places = [text.find(f"wants {n} ") for n in reversed(range(12))]
    assert places[:10] == sorted(places[:10])
    assert places[10:] == [-1, -1]


def test_a_wrong_subscription_is_told_with_its_filter() -> None:
    wrong = outcome(3, missing=1, surplus=2, misplaced=4, altered=5)
    assert (
        "s-3 (doc.x > 3): expected 3, got 3: 1 missing, 2 surplus, "
        "4 misplaced, 5 altered"
    ) in " ".join(printed(figures(wrong)).split())


def test_many_wrong_subscriptions_are_summed_up() -> None:
    wrong = [outcome(n, missing=1) for n in range(15)]
    assert "and 5 subscriptions more" in printed(figures(*wrong))


def progress(elapsed_s: float, delivered: int) -> Progress:
    return Progress(delivered + 10, delivered, delivered * 2, elapsed_s)


def test_rates_look_back_one_second() -> None:
    meter = RateMeter()
    for tenth in range(31):
        slow_then_fast = tenth * 10 if tenth < 20 else tenth * 100
        meter.add(progress(tenth / 10, slow_then_fast))
    assert meter.rates() == (1_000.0, 2_000.0)


def test_one_look_gives_no_rate() -> None:
    meter = RateMeter()
    meter.add(progress(0.0, 0))
    assert meter.rates() == (0.0, 0.0)


def test_without_a_terminal_lines_are_printed(tmp_path: Path) -> None:
    text = io.StringIO()
    with LiveView(Console(file=text, width=100), events=200) as view:
        view.show(progress(0.0, 0))
        view.show(progress(0.5, 100))  # too soon for another line
        view.show(progress(1.0, 200))
    assert text.getvalue().splitlines() == [
        "   0%         0 events/s         0 deliveries/s  lag 10 events",
        " 100%       200 events/s       400 deliveries/s  lag 10 events",
    ]


def test_on_a_terminal_a_bar_is_drawn() -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True)
    with LiveView(console, events=200) as view:
        view.show(progress(0.0, 0))
        view.show(progress(1.0, 200))
    assert "100%" in text.getvalue()
