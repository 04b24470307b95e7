import http.server
import json
import os
import threading
from collections.abc import Iterator
from typing import cast

import numpy as np
import polars as pl
import pytest
from main_job import load
from main_job.barriers import barrier_number, encode_barrier
from main_job.events import EventStream
from main_job.load import IngestConnection, IngestRefused, Pace, Progress
from main_job.processes import GatewayProcess

LINES = [f'{{"event_id":"{i}"}}\n'.encode() for i in range(10)]
STREAM = EventStream(
    table=pl.DataFrame({"event": range(10)}),
    lines=memoryview(b"".join(LINES)),
    line_offsets=np.cumsum([0, *map(len, LINES)]),
    operations=np.zeros(10, np.int8),
    checksums=np.zeros(10, np.uint32),
)


class Gateway:
    """A gateway that receives a barrier when the test says so."""

    def __init__(self) -> None:
        self.barrier = -1
        self.deliveries = 0
        self.name = "gateway test"
        self._readable, self._writable = os.pipe()

    def fileno(self) -> int:
        return self._readable

    def read_barriers(self) -> None:
        self.barrier = max(self.barrier, *os.read(self._readable, 100))

    def receive(self, number: int) -> None:
        os.write(self._writable, bytes([number]))


class Ingest(http.server.ThreadingHTTPServer):
    """An ingest endpoint that hands barriers on as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), IngestHandler)
        self.bodies: list[bytes] = []
        self.connections: set[object] = set()
        self.gateways = [Gateway(), Gateway()]
        self.answer: tuple[int, bytes] | None = None

    def accept(self, body: bytes) -> tuple[int, bytes]:
        self.bodies.append(body)
        lines = body.splitlines()
        number = barrier_number(json.loads(lines[-1])["event_id"])
        for gateway in self.gateways:
            gateway.receive(number)
        return self.answer or (202, b'{"accepted": %d}' % len(lines))


class IngestHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ingest

    def do_POST(self) -> None:
        self.server.connections.add(self.client_address)
        length = int(self.headers["Content-Length"])
        status, answer = self.server.accept(self.rfile.read(length))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    with Ingest() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def connection(ingest: Ingest) -> Iterator[IngestConnection]:
    connection = IngestConnection(ingest.server_address[1])
    yield connection
    connection.close()


def send(
    ingest: Ingest, connection: IngestConnection, pace: Pace
) -> tuple[load.LoadResult, list[Progress]]:
    reports: list[Progress] = []
    gateways = cast("list[GatewayProcess]", ingest.gateways)
    result = load.send_events(
        STREAM, connection, gateways, pace, reports.append
    )
    return result, reports


def test_a_barrier_closes_each_batch(
    ingest: Ingest, connection: IngestConnection
) -> None:
    send(ingest, connection, Pace(batch=4, window=1))
    assert ingest.bodies == [
        b"".join(LINES[:4]) + encode_barrier(0),
        b"".join(LINES[4:8]) + encode_barrier(1),
        b"".join(LINES[8:]) + encode_barrier(2),
    ]


def test_one_connection_carries_everything(
    ingest: Ingest, connection: IngestConnection
) -> None:
    send(ingest, connection, Pace(batch=1, window=3))
    assert len(ingest.bodies) == 10
    assert len(ingest.connections) == 1


@pytest.mark.parametrize("window", [1, 2, 3])
def test_no_more_than_the_window_is_under_way(
    window: int, ingest: Ingest, connection: IngestConnection
) -> None:
    _, reports = send(ingest, connection, Pace(batch=1, window=window))
    lags = [r.events_sent - r.events_delivered for r in reports]
    assert max(lags) <= window
    assert reports[-1].events_delivered == 10


def test_the_slowest_gateway_holds_the_generator_back(
    ingest: Ingest,
    connection: IngestConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "_PATIENCE_S", 0.01)
    slow = ingest.gateways[1]
    monkeypatch.setattr(slow, "receive", lambda number: None)
    with pytest.raises(load.ProcessFailed) as error:
        send(ingest, connection, Pace(batch=1, window=3))
    assert len(ingest.bodies) == 3
    assert str(error.value) == (
        "gateway test: expected barrier 0 within 0 s, got no further than -1"
    )


def test_send_times_ascend(
    ingest: Ingest, connection: IngestConnection
) -> None:
    result, _ = send(ingest, connection, Pace(batch=2, window=2))
    assert len(result.sent_ns) == 5
    assert (np.diff(result.sent_ns) > 0).all()
    assert result.batch == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, b'{"error": "line 2"}'), '400 {"error": "line 2"}'),
        ((202, b'{"accepted": 1}'), '202 {"accepted": 1}'),
    ],
)
def test_a_refused_batch_says_what_was_answered(
    answer: tuple[int, bytes],
    said: str,
    ingest: Ingest,
    connection: IngestConnection,
) -> None:
    ingest.answer = answer
    with pytest.raises(IngestRefused) as error:
        send(ingest, connection, Pace(batch=4, window=1))
    assert str(error.value) == (
        f"POST /v1/events: expected 202 for 5 lines, got {said}"
    )


@pytest.mark.parametrize(
    ("events", "batches"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)]
)
def test_the_last_batch_may_be_short(events: int, batches: int) -> None:
    assert load.batch_count(events, Pace(batch=4)) == batches
