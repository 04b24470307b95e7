"""A thousand subscriptions that a person could want.

Each is written twice, by hand: as the filter that Streamer gets, and as a
polars expression over `EventStream.table` that says which events must match.
Neither is derived from the other; a wrong index, a wrong operator or a wrong
idea of what a missing field means shows as a mismatch.

Polars' three-valued logic is CEL's here: a comparison with a null is null as a
test of a missing field is an error; `&` and `|` let a definite answer win over
null as `&&` and `||` absorb errors; and what is not true is not a match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import Any, Literal

import polars as pl

from main_job.events import EventStream

PASSENGERS, OPERATIONS = 0, 1
GATEWAYS = ("passengers", "operations")  # the names of the two gateways
SUBSCRIPTION_COUNT = 1_000

# A structured condition: field, operator, value.
Operator = (
    Literal["==", "!=", ">", ">=", "<", "<=", "in", "contains"]
    | Literal["eq", "gte", "lt", "lte"]
)
Value = str | int | float | bool | list[str] | list[int]
Condition = tuple[str, Operator, Value]

_HOURS = (60, 120, 180, 300)
_ALLIANCES = {
    "oneworld": ["AA", "US"],
    "SkyTeam": ["DL", "9E"],
    "Star Alliance": ["UA", "EV", "YV"],
}
_REGIONS = {
    "Florida": ["MCO", "FLL", "MIA", "TPA", "PBI", "RSW", "JAX", "SRQ", "EYW"],
    "California": ["LAX", "SFO", "SAN", "SJC", "OAK", "SMF", "LGB", "BUR"],
    "Texas": ["DFW", "IAH", "AUS", "HOU", "SAT", "DAL"],
    "the Caribbean": ["SJU", "BQN", "STT", "PSE"],
    "Hawaii and Alaska": ["HNL", "ANC"],
}

c = pl.col


@dataclass(frozen=True)
class Subscription:
    """One subscription of one gateway, and what it must receive."""

    id: str
    gateway: int  # index into GATEWAYS
    description: str
    conditions: tuple[Condition, ...]
    expression: str  # CEL; empty when there are only conditions
    expected: pl.Expr


@dataclass(frozen=True)
class _Wish:
    """A subscription before it has an id and a gateway."""

    description: str
    filter: str | tuple[Condition, ...]
    expected: pl.Expr


def build_subscriptions(stream: EventStream) -> list[Subscription]:
    """Return `SUBSCRIPTION_COUNT` subscriptions about what is in ``stream``.

    Deterministic.  Aircraft fill up what the other families leave, so the
    number is the same for a short stream as long as it holds enough of them.
    """
    facts = _Facts(stream.table)
    chosen = [
        *_named("passengers", PASSENGERS, _passenger_wishes(facts)),
        *_named("operations", OPERATIONS, _operations_wishes(facts)),
        *_named("shared-p", PASSENGERS, _shared_wishes()),
        *_named("shared-o", OPERATIONS, _shared_wishes()),
    ]
    aircraft = _named("aircraft", OPERATIONS, _aircraft(facts))
    chosen.extend(islice(aircraft, SUBSCRIPTION_COUNT - len(chosen)))
    return chosen


def _named(
    prefix: str, gateway: int, wishes: Iterable[_Wish]
) -> Iterator[Subscription]:
    for number, wish in enumerate(wishes):
        text = wish.filter if isinstance(wish.filter, str) else ""
        yield Subscription(
            id=f"{prefix}-{number:03}",
            gateway=gateway,
            description=wish.description,
            conditions=() if isinstance(wish.filter, str) else wish.filter,
            expression=text,
            expected=wish.expected,
        )


class _Facts:
    """What occurs in the events, most frequent first, ties by name."""

    def __init__(self, table: pl.DataFrame) -> None:
        scheduled = table.filter(c("status") == "scheduled")
        self.destinations = _by_frequency(scheduled, "dest")
        self.carriers = _by_frequency(scheduled, "carrier")
        self.routes = _by_frequency(scheduled, "origin", "dest")
        self.numbers = _by_frequency(scheduled, "carrier", "flight")
        self.aircraft = _by_frequency(scheduled, "tailnum")
        self.origins = _by_frequency(scheduled, "origin")
        self.documents = scheduled["id"]


def _by_frequency(table: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return (
        table.drop_nulls(columns)
        .group_by(columns)
        .len()
        .sort("len", *columns, descending=[True] + [False] * len(columns))
        .select(columns)
        .rows()
    )


# ---- what passengers and those who wait for them want -----------------------


def _passenger_wishes(facts: _Facts) -> Iterator[_Wish]:
    return chain(
        _arrival_boards(facts),
        _routes(facts),
        _single_flights(facts),
        _daily_flights(facts),
        _late_arrivals(facts),
        _departure_boards(facts),
        _by_distance(facts),
        _without_carriers(facts),
    )


def _arrival_boards(facts: _Facts) -> Iterator[_Wish]:
    for (airport,) in facts.destinations:
        yield _Wish(
            f"everything bound for {airport}",
            (("dest", "==", airport),),
            c("dest") == airport,
        )


def _routes(facts: _Facts) -> Iterator[_Wish]:
    for origin, dest in facts.routes[:140]:
        yield _Wish(
            f"flights from {origin} to {dest}",
            (("origin", "==", origin), ("dest", "==", dest)),
            (c("origin") == origin) & (c("dest") == dest),
        )


def _single_flights(facts: _Facts) -> Iterator[_Wish]:
    step = max(1, len(facts.documents) // 60)
    for document in facts.documents.gather_every(step)[:60]:
        yield _Wish(
            f"the one flight {document}",
            (("id", "==", document),),
            c("id") == document,
        )


def _daily_flights(facts: _Facts) -> Iterator[_Wish]:
    for carrier, number in facts.numbers[:60]:
        yield _Wish(
            f"flight {carrier} {number}, each day",
            f"doc.carrier == '{carrier}' && doc.flight == {number}",
            (c("carrier") == carrier) & (c("flight") == number),
        )


def _late_arrivals(facts: _Facts) -> Iterator[_Wish]:
    for (carrier,) in facts.carriers:
        yield _Wish(
            f"{carrier} arriving more than an hour late",
            f"doc.carrier == '{carrier}' && doc.arr_delay > 60",
            (c("carrier") == carrier) & (c("arr_delay") > 60),
        )


def _departure_boards(facts: _Facts) -> Iterator[_Wish]:
    for (origin,) in facts.origins:
        for hour in range(5, 10):
            yield _Wish(
                f"scheduled out of {origin} in the hour from {hour}:00",
                (
                    ("origin", "eq", origin),
                    ("hour", "eq", hour),
                    ("status", "eq", "scheduled"),
                ),
                (c("origin") == origin)
                & (c("hour") == hour)
                & (c("status") == "scheduled"),
            )


def _by_distance(facts: _Facts) -> Iterator[_Wish]:
    bounds = (0, 250, 500, 1000, 2000, 6000)
    for (origin,) in facts.origins:
        for low, high in pairwise(bounds):
            yield _Wish(
                f"landed from {origin} after {low} to {high} miles",
                (
                    ("status", "==", "landed"),
                    ("origin", "==", origin),
                    ("distance", "gte", low),
                    ("distance", "lt", high),
                ),
                (c("status") == "landed")
                & (c("origin") == origin)
                & c("distance").is_between(low, high, closed="left"),
            )


def _without_carriers(facts: _Facts) -> Iterator[_Wish]:
    for (airport,) in facts.destinations[:10]:
        yield _Wish(
            f"to {airport}, but not with United or Delta",
            f"doc.dest == '{airport}' && !(doc.carrier in ['UA', 'DL'])",
            (c("dest") == airport) & ~c("carrier").is_in(["UA", "DL"]),
        )


# ---- what an airline's or airport's operations want -------------------------


def _operations_wishes(facts: _Facts) -> Iterator[_Wish]:
    return chain(
        _late_departures(facts),
        _cancellations(facts),
        _diverted(facts),
        _delay_bands(facts),
        _air_time_bands(),
        _alliances(facts),
        _recovered(facts),
        _aircraft_kinds(),
        _tail_patterns(),
        _poor_visibility(facts),
        _airport_touches(facts),
    )


def _late_departures(facts: _Facts) -> Iterator[_Wish]:
    for (carrier,) in facts.carriers:
        yield _Wish(
            f"{carrier} departing more than an hour late",
            (("carrier", "==", carrier), ("dep_delay", ">", 60)),
            (c("carrier") == carrier) & (c("dep_delay") > 60),
        )


def _cancellations(facts: _Facts) -> Iterator[_Wish]:
    for (carrier,) in facts.carriers:
        yield _Wish(
            f"cancellations of {carrier}",
            f"op == 'delete' && doc.carrier == '{carrier}'",
            (c("op") == "delete") & (c("carrier") == carrier),
        )


def _diverted(facts: _Facts) -> Iterator[_Wish]:
    for (carrier,) in facts.carriers:
        yield _Wish(
            f"{carrier} landed, but with no time in the air on record",
            f"doc.carrier == '{carrier}' && has(doc.arr_time) "
            "&& !has(doc.air_time)",
            (c("carrier") == carrier)
            & c("arr_time").is_not_null()
            & c("air_time").is_null(),
        )


def _delay_bands(facts: _Facts) -> Iterator[_Wish]:
    bounds = (15, 30, 60, 120, 240, 2000)
    for (origin,) in facts.origins:
        for low, high in pairwise(bounds):
            yield _Wish(
                f"left {origin} between {low} and {high} minutes late",
                (
                    ("origin", "==", origin),
                    ("status", "!=", "landed"),
                    ("dep_delay", ">=", low),
                    ("dep_delay", "<", high),
                ),
                (c("origin") == origin)
                & (c("status") != "landed")
                & (c("dep_delay") >= low)
                & (c("dep_delay") < high),
            )


def _air_time_bands() -> Iterator[_Wish]:
    for low in range(0, 720, 60):
        yield _Wish(
            f"{low} to {low + 59} minutes in the air",
            f"doc.air_time >= {low} && doc.air_time < {low + 60}",
            c("air_time").is_between(low, low + 59),
        )


def _alliances(facts: _Facts) -> Iterator[_Wish]:
    for alliance, carriers in _ALLIANCES.items():
        for (origin,) in facts.origins:
            yield _Wish(
                f"{alliance} leaving {origin} half an hour late or more",
                (
                    ("carrier", "in", carriers),
                    ("origin", "==", origin),
                    ("dep_delay", "gte", 30),
                ),
                c("carrier").is_in(carriers)
                & (c("origin") == origin)
                & (c("dep_delay") >= 30),
            )


def _recovered(facts: _Facts) -> Iterator[_Wish]:
    for (carrier,) in facts.carriers[:8]:
        yield _Wish(
            f"{carrier} making up half an hour in the air",
            f"doc.carrier == '{carrier}' "
            "&& doc.dep_delay - doc.arr_delay >= 30",
            (c("carrier") == carrier)
            & ((c("dep_delay") - c("arr_delay")) >= 30),
        )
    for speed in (480, 500, 520):
        yield _Wish(
            f"faster than {speed} miles an hour on average",
            f"doc.distance * 60 / doc.air_time > {speed}",
            (c("distance") * 60 // c("air_time")) > speed,
        )
    for miles in (7.5, 8.25):
        yield _Wish(
            f"{miles} miles a minute or more",
            f"double(doc.distance) / double(doc.air_time) >= {miles}",
            (c("distance") / c("air_time")) >= miles,
        )


def _aircraft_kinds() -> Iterator[_Wish]:
    for year in (1960, 1970, 1980, 1985):
        yield _Wish(
            f"aircraft built before {year}",
            (("plane.year", "<", year),),
            c("plane_year") < year,
        )
    for seats in (300, 350, 400):
        yield _Wish(
            f"a cabin of {seats} seats or more landing",
            (("plane.seats", ">=", seats), ("status", "==", "landed")),
            (c("plane_seats") >= seats) & (c("status") == "landed"),
        )
    for maker in ("AIRBUS", "BOEING", "EMBRAER", "BOMBARDIER"):
        yield _Wish(
            f"{maker} of before 1995, an hour late",
            f"doc.plane.manufacturer.startsWith('{maker}') "
            "&& doc.plane.year < 1995 && doc.dep_delay >= 60",
            c("plane_manufacturer").str.starts_with(maker)
            & (c("plane_year") < 1995)
            & (c("dep_delay") >= 60),
        )
    yield _Wish(
        "aircraft on record whose year is not",
        "has(doc.plane) && !has(doc.plane.year) && doc.status == 'departed'",
        c("plane_seats").is_not_null()
        & c("plane_year").is_null()
        & (c("status") == "departed"),
    )


def _tail_patterns() -> Iterator[_Wish]:
    for digit in range(1, 10):
        yield _Wish(
            f"tail numbers N{digit}…, three hours late",
            f"doc.tailnum.startsWith('N{digit}') && doc.arr_delay >= 180",
            c("tailnum").str.starts_with(f"N{digit}") & (c("arr_delay") >= 180),
        )
    for suffix in ("MQ", "AA", "JB", "UA", "DL"):
        yield _Wish(
            f"tail numbers …{suffix}, two hours late",
            f"doc.tailnum.endsWith('{suffix}') && doc.dep_delay >= 120",
            c("tailnum").str.ends_with(suffix) & (c("dep_delay") >= 120),
        )
    yield _Wish(
        "tail numbers of three digits and two letters, landing early",
        "doc.tailnum.matches('^N[0-9]{3}[A-Z]{2}$') && doc.arr_delay <= -40",
        c("tailnum").str.contains("^N[0-9]{3}[A-Z]{2}$")
        & (c("arr_delay") <= -40),
    )
    yield _Wish(
        "no aircraft assigned",
        "!has(doc.tailnum) && has(doc.carrier)",
        c("tailnum").is_null() & c("carrier").is_not_null(),
    )


def _poor_visibility(facts: _Facts) -> Iterator[_Wish]:
    for (origin,) in facts.origins:
        for miles in (0.25, 1.0):
            yield _Wish(
                f"leaving {origin} with {miles} miles of visibility or less",
                (
                    ("origin", "==", origin),
                    ("status", "==", "departed"),
                    ("visibility", "<=", miles),
                ),
                (c("origin") == origin)
                & (c("status") == "departed")
                & (c("visibility") <= miles),
            )


def _airport_touches(facts: _Facts) -> Iterator[_Wish]:
    for (airport,) in facts.destinations[-30:]:
        yield _Wish(
            f"any flight that touches {airport}",
            (("route", "contains", airport),),
            (c("origin") == airport) | (c("dest") == airport),
        )


# ---- what both want ---------------------------------------------------------


def _shared_wishes() -> Iterator[_Wish]:
    return chain(_long_nights(), _very_late(), _regions(), _exceptions())


def _long_nights() -> Iterator[_Wish]:
    for origin in ("EWR", "JFK", "LGA"):
        yield _Wish(
            f"long haul leaving {origin} late at night",
            f"doc.origin == '{origin}' && doc.distance >= 2000 "
            "&& doc.dep_time >= 2200 && doc.status == 'departed'",
            (c("origin") == origin)
            & (c("distance") >= 2000)
            & (c("dep_time") >= 2200)
            & (c("status") == "departed"),
        )


def _very_late() -> Iterator[_Wish]:
    for origin in ("EWR", "JFK", "LGA"):
        for minutes in _HOURS:
            yield _Wish(
                f"from {origin}, {minutes} minutes late at either end",
                f"doc.origin == '{origin}' && (doc.dep_delay > {minutes} "
                f"|| doc.arr_delay > {minutes})",
                (c("origin") == origin)
                & ((c("dep_delay") > minutes) | (c("arr_delay") > minutes)),
            )


def _regions() -> Iterator[_Wish]:
    for region, airports in _REGIONS.items():
        yield _Wish(
            f"early into {region} by 45 minutes",
            (("dest", "in", airports), ("arr_delay", "lte", -45)),
            c("dest").is_in(airports) & (c("arr_delay") <= -45),
        )


def _exceptions() -> Iterator[_Wish]:
    yield _Wish(
        "flights that never arrived",
        "op == 'delete' && !has(doc.carrier)",
        (c("op") == "delete") & c("carrier").is_null(),
    )
    yield _Wish(
        "everything that is deleted",
        (("deleted", "==", True),),
        c("deleted"),
    )
    yield _Wish(
        "an hour late from JFK, two from elsewhere, on landing",
        "doc.status == 'landed' && "
        "(doc.origin == 'JFK' ? doc.dep_delay > 60 : doc.dep_delay > 120)",
        (c("status") == "landed")
        & (
            ((c("origin") == "JFK") & (c("dep_delay") > 60))
            | ((c("origin") != "JFK") & (c("dep_delay") > 120))
        ),
    )
    yield _Wish(
        "what happens on New Year's morning",
        "timestamp >= timestamp('2013-01-01T05:00:00Z') "
        "&& timestamp < timestamp('2013-01-01T17:00:00Z') "
        "&& doc.status != 'scheduled'",
        c("timestamp").is_between(1357016400000, 1357059600000, closed="left")
        & (c("status") != "scheduled"),
    )
    yield _Wish(
        "Thanksgiving traffic of the small airlines",
        "doc.month == 11 && doc.day in [27, 28, 29] "
        "&& !(doc.carrier in ['UA', 'B6', 'EV', 'DL', 'AA'])",
        (c("month") == 11)
        & c("day").is_in([27, 28, 29])
        & ~c("carrier").is_in(["UA", "B6", "EV", "DL", "AA"]),
    )


# ---- and, for the rest, one aircraft each -----------------------------------


def _aircraft(facts: _Facts) -> Iterator[_Wish]:
    for rank, (tail,) in enumerate(facts.aircraft):
        yield _Wish(
            f"the aircraft {tail}",
            f"doc.tailnum == '{tail}'"
            if rank % 2
            else (("tailnum", "==", tail),),
            c("tailnum") == tail,
        )
