"""A year of flights as change events, in time order, ready to be sent.

Each flight is a document that lives as it would in an airline's database:

====================  =========  ===========================================
when                  source op  document
====================  =========  ===========================================
a day before          insert     the schedule, ``status`` "scheduled"
it departs            update     + departure and delay, "departed"
it lands              update     + arrival, delay and air time, "landed"
it is cancelled       update     "cancelled" and ``deleted: true``: what
                                 Streamer delivers as a DELETE with fields
it never arrives      delete     none: a hard delete, a day after departure
====================  =========  ===========================================

Everything is encoded before the first event is sent, so that sending costs a
slice: `EventStream.lines` is one buffer of NDJSON and a batch is a view of it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from main_job.flights import FLIGHT_COLUMNS, PLANE_COLUMNS

TENANT = "nyc"
COLLECTION = "flights"
INSERT, UPDATE, DELETE = 0, 1, 2
OPERATIONS = ("insert", "update", "delete")  # as Streamer delivers them

_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS
# The source has no moment of landing in universal time, only local clock
# times at the destination: air time and an allowance for taxiing stand in.
_TAXI_MS = 20 * _MINUTE_MS
_ENCODED_ROWS = 100_000

_TEXT_COLUMNS = {
    *("carrier", "tailnum", "origin", "dest", "time_hour", "airline"),
    *("plane_manufacturer", "plane_model", "status"),
}

_AT_DEPARTURE = ("dep_time", "dep_delay", "visibility")
_AT_ARRIVAL = ("arr_time", "arr_delay", "air_time")


@dataclass(frozen=True)
class EventStream:
    """All events, in the order in which they are sent.

    Attributes
    ----------
    table : DataFrame
        One row per event: ``op`` as delivered and the document's fields as
        columns (``plane_year`` for ``plane.year``), null where the document
        lacks them.  What the independent evaluation looks at.
    lines : memoryview
        NDJSON, every line closed by a newline.
    line_offsets : ndarray of int64, shape (n_events + 1,)
        Line i is ``lines[line_offsets[i]:line_offsets[i + 1]]``.
    operations : ndarray of int8, shape (n_events,)
        Index into `OPERATIONS`.
    checksums : ndarray of uint32, shape (n_events,)
        `content_checksum` of what must be delivered.
    """

    table: pl.DataFrame
    lines: memoryview
    line_offsets: NDArray[np.int64]
    operations: NDArray[np.int8]
    checksums: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.operations)


def content_checksum(document_id: str, document_json: bytes) -> int:
    """Return what proves that a delivery carries the right document.

    A delete without fields has no document; its id stands in.
    """
    return zlib.crc32(document_json or document_id.encode())


def build_event_stream(
    flights: pl.DataFrame, limit: int | None = None
) -> EventStream:
    """Turn flights into their first ``limit`` events (all, if ``None``)."""
    table = change_table(flights)
    if limit is not None:
        table = table.head(limit)
    table = table.with_row_index("event")
    lines, checksums = _encode(table)
    return EventStream(
        table,
        *_joined(lines),
        operations=table["operation"].to_numpy(),
        checksums=checksums,
    )


def change_table(flights: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event, in the order of sending; not encoded yet."""
    departed = pl.col("dep_time").is_not_null()
    landed = departed & pl.col("arr_time").is_not_null()
    departure = pl.col("scheduled_at") + pl.col("dep_delay") * _MINUTE_MS
    flying = pl.col("air_time").fill_null(120) * _MINUTE_MS + _TAXI_MS
    flights = flights.with_row_index("flight_index")
    changes = [
        (pl.lit(True), pl.col("scheduled_at") - _DAY_MS, INSERT, "scheduled"),
        (departed, departure, UPDATE, "departed"),
        (landed, departure + flying, UPDATE, "landed"),
        (~departed, pl.col("scheduled_at"), DELETE, "cancelled"),
        (departed & ~landed, departure + _DAY_MS, DELETE, None),
    ]
    tables = [
        flights.filter(happens).with_columns(
            at.alias("timestamp"),
            pl.lit(operation, pl.Int8).alias("operation"),
            pl.lit(OPERATIONS[operation]).alias("op"),
            pl.lit(status, pl.String).alias("status"),
            pl.lit(operation == DELETE or None, pl.Boolean).alias("deleted"),
            *_forget(status),
        )
        for happens, at, operation, status in changes
    ]
    return pl.concat(tables, how="vertical_relaxed").sort(
        "timestamp", "flight_index", "operation"
    )


def _forget(status: str | None) -> list[pl.Expr]:
    """Make null what a document in this state does not hold (yet)."""
    unknown: tuple[str, ...] = {
        "scheduled": _AT_DEPARTURE + _AT_ARRIVAL,
        "departed": _AT_ARRIVAL,
        "cancelled": _AT_DEPARTURE + _AT_ARRIVAL,
        "landed": (),
        None: (*FLIGHT_COLUMNS, "airline", "visibility", *_plane_columns()),
    }[status]
    return [pl.lit(None).alias(column) for column in unknown]


def _plane_columns() -> list[str]:
    return [f"plane_{fact}" for fact in PLANE_COLUMNS]


# ---- encoding ---------------------------------------------------------------
# Members are joined as text, column by column.  Strings are quoted as they
# are, so a quote or a backslash in one is refused first.


def _encode(table: pl.DataFrame) -> tuple[pl.Series, NDArray[np.uint32]]:
    _refuse_unsafe_strings(table)
    lines: list[pl.Series] = []
    checksums: list[NDArray[np.uint32]] = []
    for chunk in table.iter_slices(_ENCODED_ROWS):
        encoded = (
            chunk.with_columns(fields=_user_fields())
            .with_columns(document=_sent_document())
            .select("id", line=_sent_line(), delivered=_delivered_document())
        )
        lines.append(encoded["line"])
        checksums.append(_checksums(encoded["id"], encoded["delivered"]))
    return pl.concat(lines), np.concatenate(checksums)


def _checksums(ids: pl.Series, documents: pl.Series) -> NDArray[np.uint32]:
    text, starts = _joined(documents)
    bounds = starts.tolist()
    return np.fromiter(
        (
            zlib.crc32(text[start:end] if start < end else name.encode())
            for name, start, end in zip(ids, bounds, bounds[1:], strict=False)
        ),
        np.uint32,
        len(ids),
    )


def _refuse_unsafe_strings(table: pl.DataFrame) -> None:
    columns = sorted(_TEXT_COLUMNS | {"id"})
    unsafe = table.select(
        pl.col(columns).str.contains(r'["\\\x00-\x1f]').any()
    ).row(0)
    for column, is_unsafe in zip(columns, unsafe, strict=True):
        if is_unsafe:
            raise ValueError(
                f"expected no quote, backslash or control character in "
                f"column {column}, got one: it would need escaping"
            )


def _member(name: str, column: str) -> pl.Expr:
    """Return ``"name":value,``; nothing where the value is null."""
    quote = '"' if column in _TEXT_COLUMNS else ""
    return pl.concat_str(
        pl.lit(f'"{name}":{quote}'), column, pl.lit(f"{quote},")
    ).fill_null("")


def _user_fields() -> pl.Expr:
    """Return the members of the user fields, each followed by a comma."""
    route = pl.concat_str(
        pl.lit('"route":["'), "origin", pl.lit('","'), "dest", pl.lit('"],')
    ).fill_null("")
    return pl.concat_str(
        *(_member(column, column) for column in FLIGHT_COLUMNS),
        _member("visibility", "visibility"),
        route,
        _member("airline", "airline"),
        _plane_member(),
        _member("status", "status"),
    )


def _plane_member() -> pl.Expr:
    facts = pl.concat_str(
        *(_member(fact, f"plane_{fact}") for fact in PLANE_COLUMNS)
    )
    return (
        pl.when(facts != "")
        .then(
            pl.concat_str(pl.lit('"plane":{'), facts.str.head(-1), pl.lit("},"))
        )
        .otherwise(pl.lit(""))
    )


def _sent_document() -> pl.Expr:
    """Return the document without its closing brace; null if there is none.

    A cancellation sets ``deleted``, which makes it a soft delete.
    """
    deleted = pl.when(pl.col("deleted")).then(pl.lit('"deleted":true,'))
    members = pl.concat_str("fields", deleted.fill_null("")).str.head(-1)
    return pl.when(pl.col("status").is_not_null()).then(
        pl.concat_str(pl.lit("{"), members)
    )


def _sent_line() -> pl.Expr:
    """Return the event as the ingest API takes it, newline included."""
    operation = (
        pl.when(pl.col("status").is_null())
        .then(pl.lit("delete"))
        .when(pl.col("status") == "scheduled")
        .then(pl.lit("insert"))
        .otherwise(pl.lit("update"))
    )
    return pl.concat_str(
        pl.lit('{"event_id":"'),
        "event",
        pl.lit(f'","tenant":"{TENANT}","collection":"{COLLECTION}","id":"'),
        "id",
        pl.lit('","op":"'),
        operation,
        pl.lit('","timestamp":'),
        "timestamp",
        pl.concat_str(pl.lit(',"doc":'), "document", pl.lit("}")).fill_null(""),
        pl.lit("}\n"),
    )


def _delivered_document() -> pl.Expr:
    """Return what is delivered: the document as sent, then what is added."""
    return pl.concat_str(
        "document",
        pl.lit(',"id":"'),
        "id",
        pl.lit(f'","collection":"{COLLECTION}"}}'),
    ).fill_null("")


def _joined(lines: pl.Series) -> tuple[memoryview, NDArray[np.int64]]:
    """Return the lines as one buffer, and where each begins."""
    array = lines.rechunk().to_arrow()
    if not isinstance(array, pa.LargeStringArray):
        array = array.cast(pa.large_string())
    _, offsets, text = array.buffers()
    starts = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * 8)
    return memoryview(text), starts
