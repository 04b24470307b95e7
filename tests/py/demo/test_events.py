import json
import zlib
from typing import Any

import numpy as np
import polars as pl
import pytest
from main_job.events import (
    DELETE,
    EventStream,
    build_event_stream,
    change_table,
    content_checksum,
)
from main_job.flights import FLIGHT_COLUMNS, PLANE_COLUMNS


@pytest.fixture(scope="module")
def changes(flights: pl.DataFrame) -> pl.DataFrame:
    return change_table(flights)


def line(stream: EventStream, index: int) -> dict[str, Any]:
    start, end = stream.line_offsets[index : index + 2]
    text = bytes(stream.lines[start:end])
    assert text.endswith(b"}\n")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def user_document(row: dict[str, Any]) -> dict[str, Any] | None:
    """The document of a row, built in the plainest way."""
    if row["status"] is None:
        return None
    plane = {f: row[f"plane_{f}"] for f in PLANE_COLUMNS}
    document = {
        **{column: row[column] for column in FLIGHT_COLUMNS},
        "visibility": row["visibility"],
        "route": [row["origin"], row["dest"]],
        "airline": row["airline"],
        "plane": {f: v for f, v in plane.items() if v is not None} or None,
        "status": row["status"],
    }
    return {k: v for k, v in document.items() if v is not None}


def test_a_year_makes_a_million_events(changes: pl.DataFrame) -> None:
    assert dict(changes["op"].value_counts().rows()) == {
        "insert": 336_776,
        "update": 328_521 + 328_063,
        "delete": 8_255 + 458,
    }


def test_events_are_in_time_order(changes: pl.DataFrame) -> None:
    assert changes["timestamp"].is_sorted()


def test_a_flight_is_scheduled_before_it_departs_and_then_lands(
    changes: pl.DataFrame,
) -> None:
    lives = (
        changes.group_by("id", maintain_order=True)
        .agg(pl.col("status").fill_null("lost").str.join(" "))["status"]
        .unique()
        .sort()
        .to_list()
    )
    assert lives == [
        "scheduled cancelled",
        "scheduled departed landed",
        "scheduled departed lost",
    ]


def test_a_line_is_the_event_of_its_row(stream: EventStream) -> None:
    for row in stream.table.head(5_000).iter_rows(named=True):
        sent = line(stream, row["event"])
        document = sent.pop("doc", None)
        wanted = user_document(row)
        if wanted is not None and row["op"] == "delete":
            wanted["deleted"] = True
        assert document == wanted
        assert sent == {
            "event_id": str(row["event"]),
            "tenant": "nyc",
            "collection": "flights",
            "id": row["id"],
            "op": {"scheduled": "insert", None: "delete"}.get(
                row["status"], "update"
            ),
            "timestamp": row["timestamp"],
        }


def test_a_checksum_is_of_the_flattened_document(stream: EventStream) -> None:
    for row in stream.table.head(9_000).iter_rows(named=True):
        document = user_document(row)
        text = b""
        if document is not None:
            if row["op"] == "delete":
                document["deleted"] = True
            document |= {"id": row["id"], "collection": "flights"}
            text = json.dumps(document, separators=(",", ":")).encode()
        assert stream.checksums[row["event"]] == content_checksum(
            row["id"], text
        )


def test_both_kinds_of_delete_occur_early(stream: EventStream) -> None:
    deletes = stream.table.head(9_000).filter(operation=DELETE)["status"]
    assert set(deletes) == {"cancelled", None}


def test_a_delete_without_fields_is_checked_by_its_id() -> None:
    assert content_checksum("a", b"") == zlib.crc32(b"a")
    assert content_checksum("a", b"{}") == zlib.crc32(b"{}")


def test_a_limit_takes_the_first_events(
    flights: pl.DataFrame, stream: EventStream
) -> None:
    short = build_event_stream(flights, 100)
    assert len(short) == 100
    end = int(short.line_offsets[-1])
    assert len(short.lines) == end
    assert bytes(short.lines) == bytes(stream.lines[:end])
    assert np.array_equal(short.checksums, stream.checksums[:100])


def test_a_string_that_needs_escaping_is_refused(
    flights: pl.DataFrame,
) -> None:
    quoted = flights.head(10).with_columns(airline=pl.lit('the "Air" line'))
    with pytest.raises(ValueError, match="column airline") as error:
        build_event_stream(quoted)
    assert str(error.value) == (
        "expected no quote, backslash or control character in column "
        "airline, got one: it would need escaping"
    )
