"""Events: made, read back and refused."""

import base64
import json

import numpy
import pytest
import streamer

ROOMS = {"tenant": "t", "collection": "rooms"}


def message_of(caught):
    return str(caught.value)


class TestEvent:
    def test_keeps_json_as_it_was_written(self):
        text = '{"x": 1.50, "y": [1]}'
        event = streamer.Event(**ROOMS, id="r1", document=text)
        assert event.document_json == text.encode()
        assert event.document == {"x": 1.5, "y": [1]}
        assert event.document is event.document

    def test_says_what_it_was_given(self):
        event = streamer.Event(
            **ROOMS,
            id="r1",
            op="replace",
            document={"a": 1},
            before={"a": 0},
            event_id="e1",
            timestamp_ms=12,
        )
        assert event.operation == "replace"
        assert event.before == {"a": 0}
        assert event.event_id == "e1"
        assert event.timestamp_ms == 12
        assert repr(event) == (
            "Event(tenant='t', collection='rooms', id='r1', "
            "operation='replace', document_json=b'{\"a\":1}')"
        )

    def test_without_a_time_has_none(self):
        event = streamer.Event(**ROOMS, id="r1", op="delete")
        assert event.timestamp_ms is None
        assert event.document is None

    @pytest.mark.parametrize(
        ("fields", "error", "message"),
        [
            (
                {"document": '{}, "tenant": "other"'},
                streamer.InvalidArgument,
                "document: expected end of text, got ',', at byte 2",
            ),
            (
                {"document": "[1]"},
                streamer.InvalidArgument,
                "doc: expected an object, got an array",
            ),
            (
                {},
                streamer.InvalidArgument,
                'doc: expected an object for op "insert", got none',
            ),
            (
                {"document": {"a": [{"b": {1}}]}},
                TypeError,
                "document.a[0].b: expected None, bool, int, float, str, list "
                "or dict, got set",
            ),
            (
                {"document": {"a": float("nan")}},
                streamer.InvalidArgument,
                "document.a: expected a finite number, got nan; JSON has None "
                "for what is not known",
            ),
            (
                {"document": {1: 2}},
                TypeError,
                "document: expected keys of type str, got int",
            ),
            (
                {"document": {"a": "\ud800"}},
                streamer.InvalidArgument,
                "document.a: expected text that UTF-8 can encode, got a lone "
                "surrogate",
            ),
        ],
    )
    def test_what_is_malformed_is_refused(self, fields, error, message):
        with pytest.raises(error) as caught:
            streamer.Event(**ROOMS, id="r1", **fields)
        assert message_of(caught) == message

    def test_a_document_that_contains_itself_is_refused(self):
        document = {}
        document["a"] = document
        with pytest.raises(
            streamer.InvalidArgument, match="expected at most 128 levels"
        ):
            streamer.Event(**ROOMS, id="r1", document=document)

    def test_numpy_scalars_are_numbers(self):
        event = streamer.Event(
            **ROOMS,
            id="r1",
            document={"i": numpy.int64(3), "f": numpy.float32(0.5)},
        )
        assert event.document == {"i": 3, "f": 0.5}

    @pytest.mark.parametrize(
        ("number", "kept"),
        [
            (2**63 - 1, 2**63 - 1),
            (2**64 - 1, 2**64 - 1),
            (-(2**63), -(2**63)),
            (2**64, 2.0**64),
            (-(2**63) - 1, -(2.0**63)),
        ],
    )
    def test_integers_are_kept_as_far_as_64_bits_go(self, number, kept):
        event = streamer.Event(**ROOMS, id="r1", document={"n": number})
        assert event.document == {"n": kept}
        assert type(event.document["n"]) is type(kept)

    def test_a_stored_document_shows_what_its_users_see(self):
        stored = {
            "id": "t:1a",
            "database": "t",
            "collection": "rooms",
            "version": 3,
            "data": {"id": "r1", "seats": 4},
        }
        line = json.dumps(
            {
                "eventId": "e1",
                "tenant": "t",
                "mgoColl": "documents",
                "mgoDocId": "t:1a",
                "opType": "update",
                "fullDoc": base64.b64encode(
                    json.dumps(stored).encode()
                ).decode(),
            }
        )
        [event] = streamer.read_ndjson([line])
        assert (event.tenant, event.collection, event.id) == (
            "t",
            "rooms",
            "r1",
        )
        assert event.document == {
            "seats": 4,
            "id": "r1",
            "collection": "rooms",
            "version": 3,
        }
