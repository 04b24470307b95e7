"""POST /v1/events: what is taken, what is refused, and what a retry does."""

import base64
import json
import socket

import pytest
from calls import call, get, post_events, problem, raw_exchange, samples
from streamerd import PATIENCE, wait_until

GOOD = (
    b'{"event_id":"good","tenant":"t","collection":"c","id":"d0",'
    b'"op":"insert","doc":{"a":1}}'
)


def line(**changes):
    event = {
        "event_id": "bad",
        "tenant": "t",
        "collection": "c",
        "id": "d1",
        "op": "insert",
        "doc": {},
    } | changes
    return json.dumps(
        {k: v for k, v in event.items() if v is not None}
    ).encode()


def stored(**changes):
    """A ChangeEvent as proto-JSON."""
    document = {
        "id": "t:0f",
        "tenant": "t",
        "collection": "c",
        "version": 3,
        "data": {"id": "d1", "a": 2},
    }
    event = {
        "eventId": "w1",
        "tenant": "t",
        "mgoColl": "documents",
        "mgoDocId": "t:0f",
        "opType": "update",
        "fullDoc": document,
        "clusterTime": {"t": 1, "i": 2},
        "timestamp": "123",
        "backend": "main",
    } | changes
    if event.get("fullDoc") is not None:
        text = json.dumps(event["fullDoc"]).encode()
        event["fullDoc"] = base64.b64encode(text).decode()
    return json.dumps(
        {k: v for k, v in event.items() if v is not None}
    ).encode()


class TestAccepted:
    def test_it_says_how_many_and_up_to_where(self, streamerd):
        first = post_events(streamerd, GOOD, line(event_id="e2"))
        second = post_events(streamerd, line(event_id="e3"), b"")
        assert (first.status, second.status) == (202, 202)
        assert first.json["accepted"] == 2
        assert second.json["accepted"] == 1
        epoch, _, offset = first.json["progress"].rpartition("-")
        assert offset == "2"
        assert second.json["progress"] == f"{epoch}-3"

    def test_an_empty_body_names_the_head(self, streamerd):
        progress = post_events(streamerd, GOOD).json["progress"]
        answer = post_events(streamerd)
        assert answer.status == 202
        assert answer.json == {"accepted": 0, "progress": progress}

    @pytest.mark.parametrize(
        "body",
        [
            GOOD + b"\n" + line(event_id="e2") + b"\n",
            GOOD + b"\r\n" + line(event_id="e2") + b"\r\n",
            b"\n\n" + GOOD + b"\n \t\n" + line(event_id="e2"),
        ],
        ids=["newline", "crlf", "blank lines and none at the end"],
    )
    def test_lines_end_as_they_like(self, streamerd, connect, body):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        answer = post_events(streamerd, body)
        assert answer.json["accepted"] == 2
        assert gateway.event_ids(2) == ["good", "e2"]

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "application/x-ndjson",
            "Application/NDJSON; charset=utf-8",
            "application/jsonl",
            "application/json",
            "text/plain",
            "application/octet-stream",
        ],
    )
    def test_these_content_types_are_taken(self, streamerd, content_type):
        headers = {"Content-Type": content_type} if content_type else {}
        answer = call(streamerd, "POST", "/v1/events", GOOD, headers)
        assert answer.status == 202

    def test_a_change_event_as_proto_json_is_taken(self, streamerd, connect):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        assert post_events(streamerd, stored()).json["accepted"] == 1
        event = gateway.delivery().event
        assert event.event_id == "w1"
        assert event.tenant == "t"
        assert event.collection == "c"
        assert event.document_id == "d1"
        assert event.timestamp == 123
        document = json.loads(event.document_data)
        assert document["a"] == 2
        assert document["version"] == 3

    def test_a_body_in_chunks_is_taken_as_it_arrives(self, streamerd, connect):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        text = GOOD + b"\n" + line(event_id="e2")
        with socket.create_connection(
            ("127.0.0.1", streamerd.http_port), PATIENCE
        ) as connection:
            connection.sendall(
                b"POST /v1/events HTTP/1.1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            connection.sendall(
                b"%x\r\n%s\r\n" % (len(GOOD) + 9, text[: len(GOOD) + 9])
            )
            # The first line is through before the second one ends.
            assert gateway.event_ids(1) == ["good"]
            rest = text[len(GOOD) + 9 :]
            connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 202 Accepted")
        assert gateway.event_ids(1) == ["e2"]

    def test_a_client_may_wait_for_100_continue(self, streamerd):
        received = raw_exchange(
            streamerd,
            b"POST /v1/events HTTP/1.1\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD),
        )
        assert received.startswith(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n"
        )

    def test_more_than_the_pipeline_holds_waits_and_is_taken(
        self, start, connect
    ):
        service = start("--ingest.backlog=1024", "--engine.queue_size=64")
        gateway = connect(service)
        gateway.subscribe_successfully()
        count = 20_000
        body = b"\n".join(line(event_id=f"e{n}") for n in range(count))
        answer = call(service, "POST", "/v1/events", body)
        assert answer.json["accepted"] == count
        assert gateway.event_ids(count) == [f"e{n}" for n in range(count)]


BAD_LINES = {
    b"{": "expected a key in quotes, got end of text, at byte 1",
    b"\xff\xfe": "expected a value, got byte 0xFF, at byte 0",
    b"[]": "line: expected a JSON object, got an array",
    b"null": "line: expected a JSON object, got null",
    GOOD + b"{}": "expected end of text, got '{', at byte 87",
    line(tenant=None): "tenant: expected a string, got none",
    line(tenant=""): 'tenant: expected a non-empty name, got ""',
    line(collection="a//b"): (
        'collection: expected a path without empty segments, got "a//b"'
    ),
    line(id=7): "id: expected a string, got a number",
    line(id="x" * 1025): "id: expected at most 1024 bytes, got 1025",
    line(op="upsert"): (
        'op: expected one of "insert", "update", "replace", "delete", '
        'got "upsert"'
    ),
    line(doc=None): 'doc: expected an object for op "insert", got none',
    line(doc=[]): "doc: expected an object, got an array",
    line(before=1): "before: expected an object, got a number",
    line(doc={"deleted": 1}): "doc.deleted: expected a boolean, got a number",
    line(timestamp="now"): (
        "timestamp: expected an integer of Unix milliseconds, got a string"
    ),
    line(extra=1): (
        'line: expected the keys "event_id", "tenant", "collection", "id", '
        '"op", "doc", "before", "timestamp", got "extra"'
    ),
    stored(fullDoc=None): (
        'full_doc: expected the stored document for op_type "update", got none'
    ),
    stored(tenant="u"): (
        'tenant: expected the event\'s, "u", got "t" in full_doc'
    ),
    stored(opType="drop"): (
        'op_type: expected one of "insert", "update", "replace", "delete", '
        'got "drop"'
    ),
    stored(extra=1): (
        'line: expected the members of a ChangeEvent, got "extra"'
    ),
    stored(fullDoc={"data": [1], "collection": "c"}): (
        "full_doc.data: expected an object, got an array"
    ),
}


class TestBadLines:
    @pytest.mark.parametrize("bad", BAD_LINES, ids=range(len(BAD_LINES)))
    def test_it_is_named_and_the_lines_before_it_are_kept(
        self, streamerd, connect, bad
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        answer = post_events(streamerd, GOOD, b"", bad, line(event_id="after"))
        error = BAD_LINES[bad]
        assert answer.status == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        progress = answer.json["progress"]
        assert progress.endswith("-1")
        assert answer.json == problem(
            400,
            "Bad Request",
            f"line 3: {error}",
            accepted=1,
            progress=progress,
            line=3,
            error=error,
        )
        # The one before was kept, the one after was not taken.
        post_events(streamerd, line(event_id="next"))
        assert gateway.event_ids(2) == ["good", "next"]

    def test_sending_all_of_it_again_delivers_each_event_once(
        self, streamerd, connect
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        first = [line(event_id=f"e{n}") for n in range(1000)]
        assert post_events(streamerd, *first, b"{").json["accepted"] == 1000
        corrected = [*first, line(event_id="corrected")]
        assert post_events(streamerd, *corrected).json["accepted"] == 1001
        assert gateway.event_ids(1001) == [
            *(f"e{n}" for n in range(1000)),
            "corrected",
        ]
        assert samples(streamerd)["streamer_duplicate_events_total"] == 1000

    def test_the_connection_stays_in_step(self, streamerd):
        body = b"{\n" + b"\n".join(line(event_id=f"e{n}") for n in range(5000))
        received = raw_exchange(
            streamerd,
            b"POST /v1/events HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s"
            b"GET /health/live HTTP/1.1\r\n\r\n" % (len(body), body),
        )
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert received.endswith(b'\r\n\r\n{"status":"live"}\n')


class TestRefused:
    @pytest.mark.parametrize(
        ("headers", "detail"),
        [
            (
                {"Content-Type": "text/csv"},
                'Content-Type: expected application/x-ndjson, got "text/csv"',
            ),
            (
                {"Content-Encoding": "gzip"},
                'Content-Encoding: expected identity, got "gzip"',
            ),
        ],
    )
    def test_what_is_no_ndjson_is_415(self, streamerd, headers, detail):
        answer = call(streamerd, "POST", "/v1/events", GOOD, headers)
        assert answer.json == problem(415, "Unsupported Media Type", detail)
        counted = samples(streamerd)
        assert counted['streamer_events_ingested_total{source="http"}'] == 0

    def test_a_body_without_a_length_is_411(self, streamerd):
        received = raw_exchange(streamerd, b"POST /v1/events HTTP/1.1\r\n\r\n")
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 411 Length Required\r\n")
        assert json.loads(body) == problem(
            411,
            "Length Required",
            "expected Content-Length or Transfer-Encoding: chunked, got "
            "neither",
        )

    def test_a_body_that_says_it_is_too_large_is_413(self, start):
        service = start("--ingest.max_body_bytes=1024")
        answer = post_events(service, GOOD, b" " * 1024)
        assert answer.json == problem(
            413,
            "Payload Too Large",
            "expected a body of at most 1024 bytes, got more",
        )
        counted = samples(service)
        assert counted['streamer_events_ingested_total{source="http"}'] == 0

    def test_a_body_that_turns_out_too_large_is_413_and_counts_its_lines(
        self, start
    ):
        service = start("--ingest.max_body_bytes=1024")
        chunk = b"%x\r\n%s\n\r\n" % (len(GOOD) + 1, GOOD)
        received = raw_exchange(
            service,
            b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunk * 20
            + b"0\r\n\r\n",
        )
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 Payload Too Large\r\n")
        answer = json.loads(body)
        ingested = samples(service)[
            'streamer_events_ingested_total{source="http"}'
        ]
        assert answer == problem(
            413,
            "Payload Too Large",
            "expected a body of at most 1024 bytes, got more",
            accepted=ingested,
            progress=answer["progress"],
            error="expected a body of at most 1024 bytes, got more",
        )

    def test_more_connections_than_allowed_are_told_so(self, start):
        service = start("--http.max_connections=2")
        address = ("127.0.0.1", service.http_port)
        held = []
        for _ in range(2):
            connection = socket.create_connection(address, PATIENCE)
            connection.sendall(b"GET /health/live HTTP/1.1\r\n\r\n")
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
            held.append(connection)
        refused = get(service, "/health/live")
        assert refused.json == problem(
            503,
            "Service Unavailable",
            "expected at most 2 connections, got one more",
        )
        held.pop().close()
        wait_until(
            lambda: get(service, "/health/live").status == 200, "there is room"
        )
        held.pop().close()
