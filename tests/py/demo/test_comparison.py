"""The comparison is what makes `mismatches: 0` mean something: each way in
which a delivery can be wrong must be counted."""

import dataclasses
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from main_job.comparison import GatewayOutcome, compare_gateway, latencies_ms
from main_job.events import EventStream
from main_job.recording import Recorder, Recording
from main_job.subscriptions import Subscription

# event, operation, checksum, received, ids
Row = tuple[int, int, int, int, tuple[str, ...]]

VALUES = [5, 1, 7, 3, 9, 5]
STREAM = EventStream(
    table=pl.DataFrame({"x": VALUES}),
    lines=memoryview(b""),
    line_offsets=np.zeros(7, np.int64),
    operations=np.array([0, 1, 0, 1, 2, 0], np.int8),
    checksums=np.array([10, 11, 12, 13, 14, 15], np.uint32),
)


def subscription(name: str, expected: pl.Expr) -> Subscription:
    return Subscription(name, 0, name, (), "true", expected)


SUBSCRIPTIONS = [
    subscription("large", pl.col("x") >= 5),
    subscription("odd-one", pl.col("x") == 3),
    subscription("never", pl.col("x") > 100),
]
RIGHT: list[Row] = [
    (0, 0, 10, 1_000, ("large",)),
    (2, 0, 12, 1_000, ("large",)),
    (3, 1, 13, 1_000, ("odd-one",)),
    (4, 2, 14, 1_000, ("large",)),
    (5, 0, 15, 1_000, ("large",)),
]


def record(rows: list[Row]) -> Recording:
    recorder = Recorder([s.id for s in SUBSCRIPTIONS])
    for row in rows:
        recorder.add(*row)
    return recorder.finish()


def compare(rows: list[Row]) -> GatewayOutcome:
    return compare_gateway(STREAM, SUBSCRIPTIONS, record(rows))


def with_row(index: int, **changes: object) -> list[Row]:
    names = ("event", "operation", "checksum", "received_ns", "ids")
    row = dict(zip(names, RIGHT[index], strict=True)) | changes
    return [*RIGHT[:index], tuple(row.values()), *RIGHT[index + 1 :]]  # type: ignore[list-item]


def test_what_is_right_has_no_mismatch() -> None:
    outcome = compare(RIGHT)
    assert outcome.mismatches == 0
    assert [o.expected for o in outcome.subscriptions] == [4, 1, 0]
    assert [o.received for o in outcome.subscriptions] == [4, 1, 0]


def test_nothing_received_misses_everything() -> None:
    outcome = compare([])
    assert [o.missing for o in outcome.subscriptions] == [4, 1, 0]
    assert outcome.mismatches == 5


def test_a_dropped_delivery_is_missing() -> None:
    outcome = compare(RIGHT[:1] + RIGHT[2:])
    assert outcome.subscriptions[0].missing == 1
    assert outcome.mismatches == 1


def test_a_repeated_delivery_is_surplus_and_stray() -> None:
    outcome = compare([*RIGHT[:2], RIGHT[1], *RIGHT[2:]])
    assert outcome.subscriptions[0].surplus == 1
    assert outcome.strays == 1


def test_a_delivery_out_of_order_is_misplaced_and_stray() -> None:
    outcome = compare([RIGHT[1], RIGHT[0], *RIGHT[2:]])
    assert outcome.subscriptions[0].misplaced == 1
    assert outcome.strays == 1


def test_order_across_subscriptions_counts_for_the_gateway() -> None:
    outcome = compare([*RIGHT[:2], RIGHT[3], RIGHT[2], RIGHT[4]])
    assert all(o.mismatches == 0 for o in outcome.subscriptions)
    assert outcome.mismatches == outcome.strays == 1


def test_a_match_that_should_not_be_is_surplus() -> None:
    outcome = compare(with_row(0, ids=("large", "never")))
    assert outcome.subscriptions[2].surplus == 1
    assert outcome.mismatches == 1


def test_a_match_left_out_of_a_delivery_is_missing() -> None:
    outcome = compare(with_row(0, ids=("odd-one",)))
    assert outcome.subscriptions[0].missing == 1
    assert outcome.subscriptions[1].surplus == 1


@pytest.mark.parametrize("changes", [{"checksum": 99}, {"operation": 2}])
def test_wrong_content_is_altered(changes: dict[str, int]) -> None:
    outcome = compare(with_row(2, **changes))
    assert outcome.subscriptions[1].altered == 1
    assert outcome.mismatches == 1


@pytest.mark.parametrize(
    "ids", [("nobody",), ("large", "nobody"), ()], ids=lambda ids: "+".join(ids)
)
def test_an_id_nobody_knows_or_none_at_all_is_stray(
    ids: tuple[str, ...],
) -> None:
    assert compare(with_row(0, ids=ids)).strays == 1


@pytest.mark.parametrize("event", [-1, 6, 1_000_000])
def test_an_event_nobody_sent_is_a_mismatch(event: int) -> None:
    rows: list[Row] = [*RIGHT, (event, 0, 0, 1_000, ("large",))]
    outcome = compare(rows)
    assert outcome.subscriptions[0].surplus == 1
    assert outcome.subscriptions[0].altered == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x > 5,
        lambda x: x < 5,
        lambda x: (x >= 5) & (x != 9),
        lambda x: x >= 4.5,
    ],
)
def test_a_filter_unlike_the_evaluation_shows(
    change: Callable[[pl.Expr], pl.Expr],
) -> None:
    changed = dataclasses.replace(
        SUBSCRIPTIONS[0], expected=change(pl.col("x"))
    )
    outcome = compare_gateway(
        STREAM, [changed, *SUBSCRIPTIONS[1:]], record(RIGHT)
    )
    is_equivalent = STREAM.table.select(
        (SUBSCRIPTIONS[0].expected == changed.expected).all()
    ).item()
    assert (outcome.mismatches == 0) == is_equivalent


def test_latency_runs_from_the_batch_of_the_event() -> None:
    sent_ns = np.array([0, 400_000, 500_000], np.int64)
    rows: list[Row] = [
        (0, 0, 0, 1_000_000, ()),
        (3, 0, 0, 1_000_000, ()),
        (4, 0, 0, 2_500_000, ()),
        (-1, 0, 0, 9_000_000, ()),
    ]
    latencies = latencies_ms([record(rows), record([])], sent_ns, 2)
    assert latencies.tolist() == [1.0, 0.6, 2.0]


def test_a_recording_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("recording") / "gateway.npz"
    record(RIGHT).save(path)
    assert compare_gateway(
        STREAM, SUBSCRIPTIONS, Recording.load(path)
    ) == compare(RIGHT)
