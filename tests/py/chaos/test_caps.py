"""Memory, descriptors and threads of a real service stay under their caps.

Gateways come and go in all ways, or stay and take nothing; consumers of a
puller as well. What the service may take then follows from its configuration,
and what it took is asked of the kernel.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from contextlib import ExitStack

import grpc
import pytest
from calls import samples
from gateways import NARROW, SessionGateway
from plain_wire import PlainGateway
from process_use import (
    configured_processors,
    descriptors,
    resident_bytes,
    threads,
)
from rounds import ROUNDS, patient
from streamerd import PATIENCE, Streamerd, wait_until

MIB = 1 << 20

# gRPC's own threads, by name. Each of its pools starts one more when all of it
# are busy and something is due, and is slow to end them or never does: the
# executor goes up to twice the processors, the pool of reflection up to what
# SetLimits (grpc_server.cc) says, and timers were seen to take two. No pool has
# a thread for each connection, of which there are more in each round.
POOLS = (
    "default-executo",
    "event_engine",
    "grpc_global_tim",
    "grpcpp_sync_ser",
    "nexting_thread",
    "resolver-execut",
    "timer_manager",
)
MOST_IN_A_POOL = 2 * configured_processors() + 4


@pytest.fixture
def ends():
    """Ends in reverse order what was begun."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start(ends, tmp_path):
    """Starts a streamerd with options; it ends after the test."""

    def start_one(*options):
        service = Streamerd(tmp_path / "streamerd.log", *options)
        ends.callback(service.kill)
        service.start()
        return service

    return start_one


def event(name, collection, **fields):
    return {
        "event_id": name,
        "tenant": "t",
        "collection": collection,
        "id": name,
        "op": "insert",
        "doc": {},
        **fields,
    }


def leave_unfinished(port, begun):
    """Begin to talk, and reset the connection."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.sendall(begun)
    reset = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    connection.close()


class Comers:
    """Gateways that come and go, all the kinds of them in each round."""

    OF_EACH = 8

    def __init__(self, ends, service, wire, folder):
        self._service = service
        self._wire = wire
        self._events = 0
        # The same gateway each time: it comes back to its session.
        self._killed = SessionGateway(
            service.target, folder, "killed", {"all": 1}
        )
        ends.callback(self._killed.kill)

    def come_and_go(self):
        self._killed.start()
        gateways = [
            PlainGateway(self._wire, self._service.target)
            for _ in range(3 * self.OF_EACH)
        ]
        polite, rude, hasty = (gateways[kind::3] for kind in range(3))
        for gateway in [*polite, *rude]:
            # A new name: it is not to go on with what lingers.
            gateway.subscribe_successfully(f"after{self._events}")
        for gateway in hasty:
            for number in range(20):
                subscription = {"collection": "c", "database": "t"}
                name = f"s{number}"
                gateway.send(
                    subscribe={"subscription_id": name, **subscription}
                )
            gateway.receive()
        self._killed.wait_subscribed()
        names = self._ingest(5)
        for gateway in [*polite, *rude]:
            assert gateway.event_ids(5) == names
        for gateway in polite:
            gateway.half_close()
            assert gateway.read_to_end()[1] == grpc.StatusCode.OK
        for gateway in gateways:
            gateway.close()
        self._killed.kill()
        for _ in range(self.OF_EACH):
            service = self._service
            leave_unfinished(service.grpc_port, b"PRI * HTTP/2.0\r\n")
            half = b"POST /v1/events HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"
            leave_unfinished(service.http_port, half)

    def _ingest(self, count):
        names = [f"e{self._events + number}" for number in range(count)]
        self._events += count
        self._service.ingest(event(name, "c", doc={"n": 1}) for name in names)
        return names


def own_threads(service):
    found = threads(service.pid)
    for name in POOLS:
        del found[name]
    return found


@patient
def test_who_came_and_went_leaves_no_descriptor_and_no_thread(
    ends, start, tmp_path, wire
):
    service = start(f"--log.path={tmp_path}/log")
    comers = Comers(ends, service, wire, tmp_path)

    def use():
        return descriptors(service.pid, tmp_path), own_threads(service)

    def leaves_no_more_than(files, own):
        left_files, left_own = use()
        return left_files <= files and left_own <= own

    # One of a pool's threads may count as the service's own, for it has begun
    # and has no name yet. What is left behind in each round is more than that.
    wait_until(lambda: threads(service.pid)["grpcpp_sync_ser"], "its name")
    idle = use()
    for _ in range(max(2, ROUNDS)):
        comers.come_and_go()
        wait_until(lambda: connected(service) == 0, "it to notice their end")
        # The scrape has a connection of its own, closed a moment later.
        wait_until(lambda: leaves_no_more_than(*idle), f"no more than {idle}")
        found = threads(service.pid)
        assert all(found[name] <= MOST_IN_A_POOL for name in POOLS), found


# What a service takes beside what its limits speak of: what is on its way, the
# parsed and the encoded form of what is looked at, pages not given back yet.
MARGIN = 24 * MIB

# Limits that bind: the log keeps little, queues and outboxes are short. One
# shard, so that it is the same on every machine.
LOG_BYTES = 4 * MIB
OUTBOX_BYTES = 4 * MIB
OUTBOX_DELIVERIES = 1_500
LITTLE = (
    f"--log.retention_bytes={LOG_BYTES}",
    "--ingest.backlog=1024",
    "--engine.queue_size=64",
    "--engine.shards=1",
    f"--outbox.max_bytes={OUTBOX_BYTES}",
    f"--outbox.max_deliveries={OUTBOX_DELIVERIES}",
)
# What is on its way to a plain gateway counts apart; see kMostInFlight in
# core/outbox.h.
ON_ITS_WAY = 16 * MIB

TEXT = "x" * 20_000


class Flood:
    """Events for gateways that take none, and a reader that takes all.

    Of `heavy` every other gets documents, the rest before-images, which are
    kept and do not go out: as many bytes each time. `MANY` gets more events
    than it may have. No two have an event in common.
    """

    MANY = "many"

    def __init__(self, service, gateway_of, heavy):
        self._service = service
        self._heavy = heavy
        self._number = 0
        self._reader = gateway_of(service)
        for collection in [*heavy, self.MANY]:
            subscribe(self._reader, collection, collection)
        self.bytes = 0
        self.deepest = 0

    def go_on(self):
        """Log some events of each; the reader gets them."""
        events = [self._event(self.MANY) for _ in range(200)]
        for place, collection in enumerate(self._heavy):
            if place % 2 == 0:
                # As the source gave it, and as it goes out.
                body, count = {"doc": {"text": TEXT}}, 10
            else:
                body, count = {"op": "update", "before": {"text": TEXT}}, 20
            self.bytes += count * len(TEXT)
            events += [self._event(collection, **body) for _ in range(count)]
        self._service.ingest(events)
        names = [one["event_id"] for one in events]
        assert self._reader.event_ids(len(names)) == names
        depth = samples(self._service)["streamer_outbox_depth"]
        self.deepest = max(self.deepest, depth)

    def _event(self, collection, **body):
        self._number += 1
        return event(f"e{self._number}", collection, **body)


def subscribe(gateway, collection, name="s"):
    gateway.send(
        subscribe={
            "subscription_id": name,
            "tenant": "t",
            "collection": collection,
        }
    )
    assert gateway.receive().subscribe_response.success


@pytest.fixture
def gateway_of(ends, whole_wire):
    """Connects gateways; all end after the test."""

    def connect(service):
        # Without an end of its own: it stays for all rounds.
        gateway = PlainGateway(
            whole_wire, service.target, options=NARROW, timeout=None
        )
        ends.callback(gateway.close)
        return gateway

    return connect


def connected(service):
    return samples(service)["streamer_gateways_connected"]


HARD = 'streamer_backpressure_events_total{level="hard"}'


@patient
def test_sessions_that_acknowledge_nothing_hold_no_more_than_their_outboxes(
    start, gateway_of
):
    service = start(*LITTLE)
    heavy = [f"c{number}" for number in range(6)]
    flood = Flood(service, gateway_of, heavy)
    for number, collection in enumerate([*heavy, flood.MANY]):
        gateway = gateway_of(service)
        gateway.send(hello={"gateway_id": collection})
        gateway.receive()
        subscribe(gateway, collection)
        if number < len(heavy) // 2:
            read_for_ever(gateway)
    idle = resident_bytes(service.pid)
    # What is written is there encoded as well, which is half of it at most.
    limits = len(heavy) * OUTBOX_BYTES * 3 // 2 + LOG_BYTES
    while flood.bytes < max(3, ROUNDS // 3) * limits:
        flood.go_on()
    most = resident_bytes(service.pid, most=True)
    assert (most - idle) / MIB < (limits + MARGIN) / MIB
    # All of them came to their limits.
    assert samples(service)[HARD] == len(heavy) + 1
    assert flood.deepest <= (len(heavy) + 1) * OUTBOX_DELIVERIES


def read_for_ever(gateway):
    """Take what comes, and do nothing."""

    def read():
        with contextlib.suppress(grpc.RpcError):
            for _ in gateway.call:
                pass

    threading.Thread(target=read, daemon=True).start()


@patient
def test_plain_gateways_that_never_read_hold_no_more_than_their_outboxes(
    start, gateway_of
):
    service = start(*LITTLE)
    heavy = [f"c{number}" for number in range(4)]
    flood = Flood(service, gateway_of, heavy)
    idle = resident_bytes(service.pid)
    limits = len(heavy) * (OUTBOX_BYTES + ON_ITS_WAY) + LOG_BYTES
    # More than once: what a gateway held goes with it.
    for round_number in range(1, 1 + max(2, ROUNDS // 5)):
        wanted = [*heavy, flood.MANY]
        gateways = [gateway_of(service) for _ in wanted]
        for gateway, collection in zip(gateways, wanted, strict=True):
            # A new name: it is not to go on with what lingers.
            subscribe(gateway, collection, f"s{round_number}")
        while samples(service)[HARD] < round_number * len(wanted):
            flood.go_on()
        # Who was cut off is written to until it is gone.
        for gateway in gateways:
            gateway.close()
        wait_until(lambda: connected(service) == 1, "all but the reader to go")
    assert flood.deepest <= len(wanted) * OUTBOX_DELIVERIES
    most = resident_bytes(service.pid, most=True)
    assert (most - idle) / MIB < (limits + MARGIN) / MIB


# What a stream of the puller reads at once, and has in memory; see
# PullerSessionOptions.
BATCH_BYTES = MIB


@pytest.fixture
def follow(ends, puller_wire):
    """Follows a puller; all ends after the test."""

    def follow_one(service, after):
        channel = grpc.insecure_channel(
            service.target,
            options=[("grpc.use_local_subchannel_pool", 1), *NARROW],
        )
        ends.callback(channel.close)
        method = channel.unary_stream(
            "/syntrix.puller.v1.PullerService/Subscribe",
            request_serializer=puller_wire.SubscribeRequest.SerializeToString,
            response_deserializer=puller_wire.PullerEvent.FromString,
        )
        call = method(puller_wire.SubscribeRequest(after=after))
        ends.callback(call.cancel)
        return call

    return follow_one


def take(call, count):
    """Return the next events of a stream; heartbeats are none."""
    names = []
    while len(names) < count:
        message = next(call)
        if message.HasField("change_event"):
            names.append(message.change_event.event_id)
    return names


@patient
def test_consumers_that_stop_reading_hold_no_more_than_a_batch(start, follow):
    kept = 16 * MIB
    service = start("--roles=puller", f"--log.retention_bytes={kept}")
    reader = follow(service, "")
    next(reader)  # from here on
    place = log(service, ["first"])
    assert take(reader, 1) == ["first"]
    idle = resident_bytes(service.pid)
    consumers = 12 * max(1, ROUNDS // 10)
    for number in range(consumers):
        begin = place
        names = [f"e{number}-{one}" for one in range(600)]
        for first in range(0, len(names), 100):
            some = names[first : first + 100]
            place = log(service, some)
            assert take(reader, len(some)) == some
        # So far that it reads as much at once as it may; then it stops, where
        # no other did.
        assert take(follow(service, begin), 240) == names[:240]
    limits = consumers * BATCH_BYTES + kept
    most = resident_bytes(service.pid, most=True)
    assert (most - idle) / MIB < (limits + MARGIN) / MIB


def log(service, names):
    """Log events; return the place of the last."""
    events = [event(name, "c", doc={"text": TEXT}) for name in names]
    body = "\n".join(map(json.dumps, events)).encode()
    status, answer = service.post("/v1/events", body)
    assert status == 202, answer
    return answer["progress"]
