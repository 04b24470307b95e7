"""A gateway that dies, or does not read, costs the others nothing."""

import os
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from calls import active_subscriptions, samples
from streamerd import wait_until

FOLDER = Path(__file__).resolve().parent


class GatewayProcess:
    def __init__(self, target, subscription_id):
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(FOLDER / "gateway_process.py"),
                target,
                subscription_id,
            ],
            env={**os.environ, "PYTHONPATH": f"{FOLDER}:{FOLDER.parent}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.lines(1) == ["subscribed"]

    def lines(self, count):
        return [
            self._process.stdout.readline().rstrip("\n") for _ in range(count)
        ]

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def start_gateway():
    processes = []

    def start(service, subscription_id):
        processes.append(GatewayProcess(service.target, subscription_id))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


def ids(first, last):
    return [f"e{number}" for number in range(first, last + 1)]


def test_killing_a_gateway_leaves_the_deliveries_of_another_complete(
    streamerd, start_gateway, events
):
    victim = start_gateway(streamerd, "victim")
    survivor = start_gateway(streamerd, "survivor")
    assert active_subscriptions(streamerd) == 2
    streamerd.ingest(events(500))
    assert victim.lines(100) == ids(1, 100)
    victim.kill()
    streamerd.ingest(events(500))
    assert survivor.lines(1000) == ids(1, 1000)
    wait_until(
        lambda: active_subscriptions(streamerd) == 1, "the victim's is gone"
    )
    streamerd.ingest(events(1))
    assert survivor.lines(1) == ["e1001"]


def test_a_gateway_over_its_limit_is_closed_and_the_others_get_everything(
    start, connect, events
):
    service = start("--outbox.max_deliveries=100")
    slow, fast = connect(service), connect(service)
    slow.subscribe_successfully("slow")
    fast.subscribe_successfully("fast")
    received = []
    # What is on its way to the slow one, in windows and buffers, is bounded:
    # so at some number of events its outbox is full.
    hard = 'streamer_backpressure_events_total{level="hard"}'
    while samples(service)[hard] == 0:
        assert len(received) < 20_000
        batch = events(50, text="x" * 10_000)
        service.ingest(batch)
        received += fast.event_ids(len(batch))
    service.ingest(events(10))
    received += fast.event_ids(10)
    assert received == ids(1, len(received))
    messages, code, details = slow.read_to_end()
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details == (
        "outbox full: 100 deliveries wait; the gateway reads too slowly"
    )
    got = [message.delivery.event.event_id for message in messages]
    # What it did get is the beginning, without a hole.
    assert got == ids(1, len(got))
    assert len(got) < len(received)
    assert active_subscriptions(service) == 1


def test_a_gateway_that_takes_nothing_for_the_stall_timeout_is_cut_off(
    start, connect, events
):
    # Long enough that a busy machine does not keep the other one from reading.
    service = start("--gateway.stall_timeout=2s")
    stalled, reading = connect(service), connect(service)
    stalled.subscribe_successfully("stalled")
    reading.subscribe_successfully("reading")
    sent = events(200, text="x" * 50_000)
    service.ingest(sent)
    assert reading.event_ids(200) == ids(1, 200)
    wait_until(lambda: active_subscriptions(service) == 1, "it is cut off")
    _, code, details = stalled.read_to_end()
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details == (
        "expected the gateway to read, got nothing taken for "
        "gateway.stall_timeout"
    )
    service.ingest(events(1))
    assert reading.event_ids(1) == ["e201"]


def test_a_gateway_that_always_takes_too_little_is_cut_off(
    start, connect, events
):
    service = start("--gateway.stall_timeout=2s")
    slow, other = connect(service), connect(service)
    slow.subscribe_successfully("slow")
    other.subscribe_successfully("other", collection="elsewhere")
    for _ in range(4):
        service.ingest(events(250, text="x" * 20_000))

    def is_gone():
        # It takes a little all the time; what passes meanwhile is the clock.
        slow.receive()
        (event,) = events(1)
        service.ingest([event | {"collection": "elsewhere"}])
        return active_subscriptions(service) == 1

    wait_until(is_gone, "it is cut off")
    _, code, details = slow.read_to_end()
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details.startswith("expected the gateway to take the event at p1-")


def test_a_document_that_no_message_can_carry_ends_its_streams_only(
    streamerd, connect, events
):
    affected, other = connect(streamerd), connect(streamerd)
    affected.subscribe_successfully("all")
    other.subscribe_successfully("none", collection="elsewhere")
    (event,) = events(1, text="x" * (4 << 20))
    streamerd.ingest([event])
    messages, code, details = affected.read_to_end()
    assert messages == []
    assert code == grpc.StatusCode.DATA_LOSS
    assert details == (
        'event "e1": expected a message of at most 4194304 bytes, got 4194399'
    )
    streamerd.ingest([{**events(1)[0], "collection": "elsewhere"}])
    assert other.event_ids(1) == ["e2"]
    # Once is enough: who comes back gets what follows.
    streamerd.ingest(events(1))
    again = connect(streamerd)
    again.subscribe_successfully("all")
    assert again.event_ids(1) == ["e3"]
