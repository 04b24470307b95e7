import re
from collections import Counter

import polars as pl
import pytest
from main_job.comparison import expected_events
from main_job.events import EventStream, build_event_stream
from main_job.subscriptions import Subscription, build_subscriptions


@pytest.fixture(scope="module")
def subscriptions(stream: EventStream) -> list[Subscription]:
    return build_subscriptions(stream)


def filters(subscriptions: list[Subscription]) -> list[tuple[object, ...]]:
    return [
        (s.id, s.gateway, s.description, s.conditions, s.expression)
        for s in subscriptions
    ]


def test_there_are_a_thousand_with_ids_of_their_own(
    subscriptions: list[Subscription],
) -> None:
    assert len(subscriptions) == 1_000
    assert len({(s.gateway, s.id) for s in subscriptions}) == 1_000
    assert all(re.fullmatch(r"[a-z-]+[0-9]{3}", s.id) for s in subscriptions)


def test_both_gateways_have_hundreds(
    subscriptions: list[Subscription],
) -> None:
    assert min(Counter(s.gateway for s in subscriptions).values()) >= 300


def test_a_short_stream_gives_as_many(flights: pl.DataFrame) -> None:
    short = build_event_stream(flights, 500)
    assert len(build_subscriptions(short)) == 1_000


def test_the_same_events_give_the_same_subscriptions(
    stream: EventStream, subscriptions: list[Subscription]
) -> None:
    assert filters(build_subscriptions(stream)) == filters(subscriptions)


def test_every_subscription_has_one_kind_of_filter(
    subscriptions: list[Subscription],
) -> None:
    assert all(bool(s.conditions) != bool(s.expression) for s in subscriptions)


def test_structured_conditions_use_every_operator(
    subscriptions: list[Subscription],
) -> None:
    used = {op for s in subscriptions for _, op, _ in s.conditions}
    assert used >= {"==", "!=", ">", ">=", "<", "in", "contains"}
    assert used >= {"eq", "gte", "lt", "lte"}  # and the other spelling


@pytest.mark.parametrize(
    "construct",
    [
        *("&&", "||", "!(", "!has(", "has(", " in [", " ? ", " - ", " * "),
        *(
            "startsWith",
            "endsWith",
            "matches",
            "double(",
            "timestamp(",
            "op ==",
            "doc.plane.year",
        ),
    ],
)
def test_expressions_use(
    construct: str, subscriptions: list[Subscription]
) -> None:
    assert any(construct in s.expression for s in subscriptions)


def test_most_subscriptions_expect_something(
    stream: EventStream, subscriptions: list[Subscription]
) -> None:
    counts = [
        len(events) for events in expected_events(stream.table, subscriptions)
    ]
    assert sum(count > 0 for count in counts) > 800


def test_a_delete_without_fields_matches_only_what_asks_for_it(
    stream: EventStream, subscriptions: list[Subscription]
) -> None:
    lost = stream.table.filter(pl.col("status").is_null())
    assert len(lost) > 0
    matching = {
        s.description
        for s, events in zip(
            subscriptions, expected_events(lost, subscriptions), strict=True
        )
        if len(events) > 0 and "the one flight" not in s.description
    }
    assert matching == {
        "flights that never arrived",
        "everything that is deleted",
    }
