"""What a person sees: a bar with live rates, and the table at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from main_job import load
from main_job.comparison import GatewayOutcome, Outcome
from main_job.subscriptions import GATEWAYS

_BUSIEST = 10
_WRONG_SHOWN = 10


class RateMeter:
    """Rates over the last second or so."""

    def __init__(self) -> None:
        self._seen: deque[load.Progress] = deque()

    def add(self, progress: load.Progress) -> None:
        """Take in where the run stands."""
        self._seen.append(progress)
        while (
            len(self._seen) > 2
            and progress.elapsed_s - self._seen[1].elapsed_s >= 1.0
        ):
            self._seen.popleft()

    def rates(self) -> tuple[float, float]:
        """Return events and deliveries a second."""
        first, last = self._seen[0], self._seen[-1]
        elapsed = last.elapsed_s - first.elapsed_s
        if elapsed <= 0:
            return 0.0, 0.0
        return (
            (last.events_delivered - first.events_delivered) / elapsed,
            (last.deliveries - first.deliveries) / elapsed,
        )


class LiveView:
    """A progress bar on a terminal; a plain line now and then elsewhere."""

    def __init__(self, console: Console, events: int) -> None:
        self._console = console
        self._events = events
        self._meter = RateMeter()
        self._interval_s = 0.1 if console.is_terminal else 2.0
        self._next = 0.0
        self._bar = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            console=console,
            disable=not console.is_terminal,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=events)

    def show(self, progress: load.Progress) -> None:
        """Show where the run stands, if it is time to."""
        self._meter.add(progress)
        now = time.monotonic()
        if now < self._next and progress.events_delivered < self._events:
            return
        self._next = now + self._interval_s
        if self._console.is_terminal:
            self._bar.update(
                self._task,
                completed=progress.events_delivered,
                description=self._describe(progress),
                refresh=True,
            )
        else:
            share = progress.events_delivered / self._events
            self._console.print(f"{share:5.0%}  {self._describe(progress)}")

    def _describe(self, progress: load.Progress) -> str:
        events, deliveries = self._meter.rates()
        lag = progress.events_sent - progress.events_delivered
        return (
            f"{events:>8,.0f} events/s  {deliveries:>8,.0f} deliveries/s  "
            f"lag {lag:,} events"
        )

    def __enter__(self) -> LiveView:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


@dataclass(frozen=True)
class Figures:
    """Everything the final table tells."""

    events: int
    elapsed_s: float
    deliveries: int
    matched: int
    latencies_ms: NDArray[np.float64]
    memory_bytes: dict[str, int]  # by process
    outcomes: Sequence[GatewayOutcome]

    @property
    def mismatches(self) -> int:
        """How often anything was not as it should be."""
        return sum(outcome.mismatches for outcome in self.outcomes)


def print_figures(console: Console, figures: Figures) -> None:
    """Print the tables; the last line is ``mismatches: N``."""
    console.print(_rates(figures))
    console.print(_busiest(figures))
    if figures.mismatches:
        _print_wrong(console, figures)
    compared = sum(len(outcome.subscriptions) for outcome in figures.outcomes)
    expected = sum(
        one.expected
        for outcome in figures.outcomes
        for one in outcome.subscriptions
    )
    console.print(
        f"compared with polars: {compared:,} subscriptions, "
        f"{expected:,} matches, content and order"
    )
    console.print(f"mismatches: {figures.mismatches}", highlight=False)


def _rates(figures: Figures) -> Table:
    table = Table(title="Streamer on a year of flights", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    seconds = figures.elapsed_s
    table.add_row("events", f"{figures.events:,}")
    table.add_row("seconds", f"{seconds:.1f}")
    table.add_row("events/s", f"{figures.events / seconds:,.0f}")
    table.add_row("deliveries", f"{figures.deliveries:,}")
    table.add_row("deliveries/s", f"{figures.deliveries / seconds:,.0f}")
    table.add_row("matched ids/s", f"{figures.matched / seconds:,.0f}")
    for quantile in (50, 99, 99.9):
        table.add_row(
            f"ingest to delivery, p{quantile}",
            _milliseconds(figures.latencies_ms, quantile),
        )
    for name, size in figures.memory_bytes.items():
        table.add_row(f"peak memory, {name}", f"{size / 2**20:,.0f} MiB")
    return table


def _milliseconds(latencies: NDArray[np.float64], quantile: float) -> str:
    if len(latencies) == 0:
        return "-"
    return f"{np.percentile(latencies, quantile):.2f} ms"


def _busiest(figures: Figures) -> Table:
    table = Table(title="The ten busiest subscriptions")
    table.add_column("gateway")
    table.add_column("wants")
    table.add_column("received", justify="right")
    everyone = [
        one for outcome in figures.outcomes for one in outcome.subscriptions
    ]
    for one in sorted(everyone, key=lambda one: -one.received)[:_BUSIEST]:
        table.add_row(
            GATEWAYS[one.subscription.gateway],
            one.subscription.description,
            f"{one.received:,}",
        )
    return table


def _print_wrong(console: Console, figures: Figures) -> None:
    """Say where it went wrong; which is all that matters then."""
    wrong: list[Outcome] = [
        one
        for outcome in figures.outcomes
        for one in outcome.subscriptions
        if one.mismatches
    ]
    for name, outcome in zip(GATEWAYS, figures.outcomes, strict=False):
        if outcome.strays:
            console.print(f"gateway {name}: {outcome.strays} stray deliveries")
    for one in sorted(wrong, key=lambda one: -one.mismatches)[:_WRONG_SHOWN]:
        filter_text = one.subscription.expression or str(
            one.subscription.conditions
        )
        console.print(
            f"{one.subscription.id} ({filter_text}): expected {one.expected}, "
            f"got {one.received}: {one.missing} missing, {one.surplus} "
            f"surplus, {one.misplaced} misplaced, {one.altered} altered",
            markup=False,
        )
    if len(wrong) > _WRONG_SHOWN:
        console.print(f"and {len(wrong) - _WRONG_SHOWN} subscriptions more")
