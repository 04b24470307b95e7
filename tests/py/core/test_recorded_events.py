"""Recorded events: reading them, and trying a filter on them."""

import gzip
import io
import json

import pandas as pd
import pytest
import streamer

ROOMS = {"tenant": "t", "collection": "rooms"}


def line(number, **more):
    return json.dumps(
        {**ROOMS, "id": f"r{number}", "op": "insert", "doc": {"n": number}}
        | more
    )


class TestReadNdjson:
    @pytest.mark.parametrize("name", ["events.ndjson", "events.ndjson.gz"])
    def test_reads_a_file_by_its_content(self, tmp_path, name):
        path = tmp_path / name
        data = "".join(line(number) + "\n" for number in range(3)).encode()
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        for source in (path, str(path)):
            events = list(streamer.read_ndjson(source))
            assert [event.id for event in events] == ["r0", "r1", "r2"]
            assert [event.document for event in events] == [
                {"n": 0},
                {"n": 1},
                {"n": 2},
            ]

    def test_reads_open_files_and_lines(self, tmp_path):
        text = line(0) + "\n" + line(1)
        for source in (
            io.StringIO(text),
            io.BytesIO(text.encode()),
            text.splitlines(),
        ):
            ids = [event.id for event in streamer.read_ndjson(source)]
            assert ids == ["r0", "r1"]

    def test_skips_blank_lines_and_takes_a_last_line_without_end(self):
        source = ["\n", line(0) + "\n", "  \n", line(1)]
        ids = [event.id for event in streamer.read_ndjson(source)]
        assert ids == ["r0", "r1"]

    def test_a_malformed_line_names_file_and_line(self, tmp_path):
        path = tmp_path / "events.ndjson"
        path.write_text(line(0) + "\n\n" + line(1, op="upsert") + "\n")
        events = streamer.read_ndjson(path)
        assert next(events).id == "r0"
        with pytest.raises(streamer.EventError) as caught:
            next(events)
        assert str(caught.value) == (
            f'{path}:3: op: expected one of "insert", "update", "replace", '
            '"delete", got "upsert"'
        )
        assert caught.value.index == 1

    def test_lines_without_a_name_are_named_so(self):
        with pytest.raises(streamer.EventError) as caught:
            list(streamer.read_ndjson(["{}"]))
        assert str(caught.value) == (
            "<lines>:1: tenant: expected a string, got none"
        )

    def test_reads_as_far_as_is_asked_and_closes(self, tmp_path):
        path = tmp_path / "events.ndjson"
        path.write_text("".join(line(number) + "\n" for number in range(9)))
        events = streamer.read_ndjson(path)
        assert next(events).id == "r0"
        events.close()

    def test_a_file_that_is_not_there_is_an_os_error(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            next(streamer.read_ndjson(tmp_path / "none"))

    def test_feeds_a_core(self, tmp_path):
        path = tmp_path / "events.ndjson"
        path.write_text("".join(line(number) + "\n" for number in range(600)))
        core = streamer.Core()
        core.subscribe("s1", **ROOMS, expression="doc.n % 100 == 0")
        deliveries = core.ingest(streamer.read_ndjson(path))
        assert [each.event.document["n"] for each in deliveries] == [
            0,
            100,
            200,
            300,
            400,
            500,
        ]

    def test_a_malformed_line_comes_through_a_core(self, tmp_path):
        path = tmp_path / "events.ndjson"
        path.write_text(line(0) + "\n{}\n")
        core = streamer.Core()
        core.subscribe("s1", **ROOMS)
        deliveries = core.ingest(streamer.read_ndjson(path))
        assert next(deliveries).event.id == "r0"
        with pytest.raises(streamer.EventError, match=r"events\.ndjson:2: "):
            next(deliveries)


class TestDryRun:
    def test_tells_of_each_event_what_the_filter_says(self):
        events = [
            line(1, timestamp=1_500),
            line(20),
            line(3, doc={}),
            line(4, op="update", doc={"n": 30, "deleted": True}),
            line(4, op="delete"),
        ]
        frame = streamer.dry_run(streamer.Filter.cel("doc.n > 10"), events)
        assert list(frame.columns) == [
            "tenant",
            "collection",
            "id",
            "operation",
            "timestamp",
            "outcome",
            "error",
        ]
        assert frame.index.name == "position"
        assert list(frame.index) == [0, 1, 2, 3, 4]
        assert list(frame["id"]) == ["r1", "r20", "r3", "r4", "r4"]
        assert list(frame["operation"]) == [
            "insert",
            "insert",
            "insert",
            "delete",
            "delete",
        ]
        assert list(frame["outcome"]) == [
            "no match",
            "match",
            "error",
            "match",
            "skipped",
        ]
        assert list(frame["error"]) == ["", "", "no such key: n", "", ""]
        assert frame["timestamp"][0] == pd.Timestamp(1.5, unit="s", tz="UTC")
        assert frame["timestamp"][1] is pd.NaT

    def test_a_value_that_is_no_boolean_is_an_error(self):
        frame = streamer.dry_run(streamer.Filter.cel("doc.n"), [line(1)])
        assert list(frame["error"]) == ["expected a boolean, got int"]

    def test_no_events_give_an_empty_frame(self):
        frame = streamer.dry_run(streamer.Filter.match_all(), [])
        assert len(frame) == 0
        assert str(frame["outcome"].dtype) == "category"

    def test_agrees_with_what_a_core_delivers(self):
        filter_ = streamer.Filter.cel("doc.n % 7 == 0 || op == 'delete'")
        events = [
            line(number % 50, op=op)
            for number, op in enumerate(["insert", "update", "delete"] * 700)
        ]
        core = streamer.Core()
        core.subscribe("s1", **ROOMS, filter=filter_)
        delivered = [
            (each.event.id, each.event.operation)
            for each in core.ingest(events)
        ]
        frame = streamer.dry_run(filter_, events)
        matches = frame[frame["outcome"] == "match"]
        assert len(matches) > 100
        assert (
            list(zip(matches["id"], matches["operation"], strict=True))
            == delivered
        )

    def test_a_malformed_event_is_named(self):
        with pytest.raises(streamer.EventError) as caught:
            streamer.dry_run(
                streamer.Filter.match_all(),
                [line(n) for n in range(1500)] + ["{}"],
            )
        assert caught.value.index == 1500
