"""Sessions and progress in etcd: a real one, and services that share it."""

import json
import re
import shutil
import time
from pathlib import Path

import grpc
import pytest
from calls import get, post_events, samples
from etcd_keys import EtcdKeys
from etcd_process import EtcdProcess
from plain_wire import compile_wire
from streamerd import wait_until
from test_durability import lines, log_options, post
from test_end import assert_left_something
from test_sessions import (
    COMPLETE,
    LOST,
    NOTHING_MISSED,
    deliveries,
    event_ids,
    hello,
    subscribe,
)


@pytest.fixture
def etcd(tmp_path):
    """A running etcd, ended after the test."""
    process = EtcdProcess(tmp_path / "etcd")
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="session")
def etcd_wire(tmp_path_factory):
    """The message classes of etcd."""
    root = Path(__file__).resolve().parents[3]
    source = root / "proto/etcd/etcdserverpb.proto"
    folder = tmp_path_factory.mktemp("etcd_wire")
    return compile_wire(folder, source.read_text())


@pytest.fixture
def keys(etcd, etcd_wire):
    """The keys of node-1, in etcd."""
    found = EtcdKeys(etcd_wire, etcd.endpoint, "node-1")
    yield found
    found.close()


def options(etcd, log, prefix="node-1"):
    return (
        *log_options(log),
        "--state.backend=etcd",
        f"--state.etcd_endpoints={etcd.endpoint}",
        f"--state.etcd_prefix={prefix}",
        "--state.save_interval=1s",
    )


def logged(service, message):
    """Return what was logged under this message, oldest first."""
    entries = [json.loads(line) for line in service.log.splitlines()]
    return [one for one in entries if one["message"] == message]


# How long the state is owned unless that is renewed, in seconds.
LEASE = 10

READY = "ready"
STATE_FAILING = "expected the service to be ready, got state failing"


def readiness(service):
    """Return what the service says of whether it is ready."""
    answer = get(service, "/health/ready")
    return READY if answer.status == 200 else answer.json["detail"]


def test_sessions_and_progress_survive_a_kill(
    start, gateway_of, etcd, tmp_path, events
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "odd", expression="doc.number % 2 == 1").success
    post(service, events(100))
    got = deliveries(gateway, 50)
    gateway.send(ack={"session": session, "seq": 40})
    lag = "streamer_session_lag_events_max"
    wait_until(lambda: samples(service)[lag] == 20, "progress to be taken")
    # It is not taken again before it is saved.
    post(service, events(1))
    wait_until(lambda: samples(service)[lag] == 21, "progress to be saved")
    service.kill()
    gateway.close()
    service.start()
    found = logged(service, "state restored")[-1]
    assert (found["sessions"], found["subscriptions"]) == (1, 1)
    # What is acknowledged, up to e79, is not read again, nor what follows it.
    assert found["replay"] == 21
    post(service, events(2))
    gateway = gateway_of(service)
    again = hello(
        gateway,
        session=session,
        last_seq=got[39].seq,
        last_progress=got[39].progress,
    )
    assert again.continuity == COMPLETE
    assert again.subscription_count == 1
    late = deliveries(gateway, 12)
    assert event_ids(late) == [f"e{number}" for number in range(81, 104, 2)]
    assert [one.redelivered for one in late] == [True] * 11 + [False]


def test_another_with_the_same_prefix_takes_over_and_the_first_stops_saving(
    start, gateway_of, etcd, tmp_path, events
):
    first = start(*options(etcd, tmp_path / "first"))
    gateway = gateway_of(first)
    assert hello(gateway).session
    assert subscribe(gateway, "s").success
    post(first, events(3))
    assert event_ids(deliveries(gateway, 3)) == ["e1", "e2", "e3"]
    # The same log on another machine.
    gateway.close()
    assert first.stop() == 0
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    first.start()
    wait_until(lambda: readiness(first) == READY, "the first to be ready")
    second = start(*options(etcd, tmp_path / "second"))
    assert logged(second, "state restored")[-1]["sessions"] == 1
    wait_until(
        lambda: readiness(first) == STATE_FAILING,
        "the first to notice",
    )
    wait_until(lambda: readiness(second) == READY, "the second to be ready")
    saves = samples(first)["streamer_checkpoint_saves_total"]
    refused = post_events(first, *lines(events(1)))
    assert refused.status == 503
    gateway = gateway_of(first)
    gateway.send(
        subscribe={"subscription_id": "x", "tenant": "t", "collection": "c"}
    )
    answer = gateway.receive().subscribe_response
    assert not answer.success
    assert "the state cannot be saved" in answer.error
    post(second, events(1))
    wait_until(
        lambda: samples(second)["streamer_checkpoint_saves_total"] > 2,
        "the second to save",
    )
    assert samples(first)["streamer_checkpoint_saves_total"] == saves
    said = logged(first, "the state is not saved")[-1]
    assert said["level"] == "error"
    assert re.fullmatch(
        r"state: expected .+ by owner \d+, got .+ by owner \d+"
        r"|etcd .+: expected .+, got .+",
        said["reason"],
    ), said


def test_a_service_of_another_log_is_refused_and_leaves_the_state_alone(
    start, etcd, tmp_path, events
):
    first = start(*options(etcd, tmp_path / "first"))
    post(first, events(1))
    with pytest.raises(AssertionError, match="expected that of log"):
        start(*options(etcd, tmp_path / "second"))
    saves = samples(first)["streamer_checkpoint_saves_total"]
    post(first, events(1))
    wait_until(
        lambda: samples(first)["streamer_checkpoint_saves_total"] > saves,
        "the first to go on saving",
    )
    assert readiness(first) == READY


def test_a_state_that_was_swapped_for_an_older_one_is_refused(
    start, gateway_of, etcd, keys, tmp_path, events
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    backup = keys.read()
    assert subscribe(gateway, "t").success
    post(service, events(1))
    last = deliveries(gateway, 1)[-1]
    gateway.close()
    assert service.stop() == 0
    newest = keys.read()
    keys.replace(backup)
    # However often: whoever tries again changes nothing.
    for _ in range(3):
        with pytest.raises(AssertionError):
            service.start()
        assert service.stop() == 1
        assert keys.read() == backup
        assert re.fullmatch(
            r"etcd node-1/h: expected revision \d+ or later "
            rf"\({re.escape(str(tmp_path))}/log/STATE-[0-9a-f]{{16}}\), "
            r"got \d+: put back the newer state, or remove all keys of this "
            r"one to begin anew",
            json.loads(service.log.splitlines()[-1])["reason"],
        ), service.log
    keys.replace(newest)
    service.start()
    gateway = gateway_of(service)
    again = hello(
        gateway,
        session=session,
        last_seq=last.seq,
        last_progress=last.progress,
    )
    assert again.continuity == NOTHING_MISSED
    assert again.subscription_count == 2


def test_a_state_that_was_removed_is_begun_anew(
    start, gateway_of, etcd, keys, tmp_path, events
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    post(service, events(1))
    last = deliveries(gateway, 1)[-1]
    gateway.close()
    assert service.stop() == 0
    keys.remove()
    for starts in range(2):
        service.start()
        restored = logged(service, "state restored")[-1]
        assert restored["sessions"] == starts
        gateway = gateway_of(service)
        again = hello(
            gateway,
            session=session,
            last_seq=last.seq,
            last_progress=last.progress,
        )
        assert again.continuity == LOST
        assert subscribe(gateway, "s").success
        gateway.close()
        assert service.stop() == 0


def test_without_etcd_it_says_so_and_it_comes_back(
    start, gateway_of, etcd, tmp_path, events
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    post(service, events(1))
    etcd.kill()
    gateway.send(ack={"session": session, "seq": 1})
    wait_until(
        lambda: readiness(service) == STATE_FAILING,
        "it to notice that etcd is gone",
    )
    said = logged(service, "the state is not saved")[-1]
    assert said["level"] == "error"
    assert re.fullmatch(
        rf"etcd {re.escape(etcd.endpoint)}: expected .+, got .+",
        said["reason"],
    ), said
    assert post_events(service, *lines(events(1))).status == 503
    assert samples(service)["streamer_checkpoint_errors_total"] > 0
    etcd.start()
    wait_until(lambda: readiness(service) == READY, "it to come back")
    assert logged(service, "the state is saved again")
    post(service, events(1))
    assert event_ids(deliveries(gateway, 2)) == ["e1", "e3"]


def test_an_etcd_that_was_away_for_longer_than_the_lease_is_gone_on_with(
    start, gateway_of, etcd, tmp_path, events
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    hello(gateway)
    assert subscribe(gateway, "s").success
    etcd.kill()
    end = time.monotonic() + LEASE + 1
    wait_until(lambda: time.monotonic() > end, "the lease to end")
    assert readiness(service) == STATE_FAILING
    etcd.start()
    wait_until(lambda: readiness(service) == READY, "it to come back")
    assert subscribe(gateway, "t").success
    post(service, events(1))
    assert event_ids(deliveries(gateway, 1)) == ["e1"]


def test_who_asks_while_nothing_can_be_saved_is_told_so(
    start, gateway_of, etcd, tmp_path
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    hello(gateway)
    assert subscribe(gateway, "s").success
    etcd.kill()
    gateway.send(unsubscribe={"subscription_id": "s"})
    other = gateway_of(service)
    other.send(hello={"gateway_id": "other"})
    for waiting in (gateway, other):
        messages, code, details = waiting.read_to_end()
        assert messages == []
        assert code == grpc.StatusCode.UNAVAILABLE
        assert "the state cannot be saved" in details


def test_more_filters_than_one_transaction_can_carry_are_saved(
    start, gateway_of, etcd, tmp_path
):
    service = start(*options(etcd, tmp_path / "log"))
    gateway = gateway_of(service)
    hello(gateway)
    long = " || ".join(f'doc.x == "{"y" * 3000}{i}"' for i in range(5))
    count = 150  # two megabytes; etcd takes one and a half at once
    for number in range(count):
        gateway.send(
            subscribe={
                "subscription_id": f"s{number}",
                "tenant": "t",
                "collection": f"c{number}",
                "expression": long,
            }
        )
    for _ in range(count):
        answer = gateway.receive().subscribe_response
        assert answer.success, answer
    assert readiness(service) == READY


def test_a_drain_does_not_wait_for_an_etcd_that_hangs(
    start, gateway_of, etcd, tmp_path, events
):
    service = start(*options(etcd, tmp_path / "log"), "--drain_timeout=2s")
    gateway = gateway_of(service)
    hello(gateway)
    assert subscribe(gateway, "s").success
    etcd.suspend()
    post(service, events(1))
    assert event_ids(deliveries(gateway, 1)) == ["e1"]
    assert service.stop() == 1
    assert_left_something(json.loads(service.log.splitlines()[-1]), "saved")


def with_one_acknowledged(start, gateway_of, puller, *options):
    """Start a streamer with a session that has acknowledged the first event.

    Returns service, gateway, session and delivery.
    """
    service = start(
        "--roles=streamer",
        f"--puller.address={puller.target}",
        "--puller.reconnect_backoff_max=200ms",
        *options,
    )
    wait_until(lambda: readiness(service) == READY, "the source is followed")
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    puller.send()
    (first,) = deliveries(gateway, 1)
    gateway.send(ack={"session": session, "seq": first.seq})
    lag = "streamer_session_lag_events_max"
    wait_until(lambda: samples(service)[lag] == 0, "progress to be taken")
    return service, gateway, session, first


@pytest.mark.parametrize(
    ("sent", "said", "rest"),
    [
        ({"gap": "trimmed"}, "the source lost events", ["e2", "e3"]),
        ({"op_type": "?"}, "an event of the source could not be read", ["e3"]),
    ],
    ids=["gap", "unreadable"],
)
def test_a_loss_that_is_not_saved_yet_is_told_after_a_kill(
    start, gateway_of, etcd, tmp_path, scripted_puller, sent, said, rest
):
    service, gateway, session, first = with_one_acknowledged(
        start, gateway_of, scripted_puller, *options(etcd, tmp_path / "log")
    )
    gateway.close()
    disconnected = 'streamer_sessions{state="disconnected"}'
    wait_until(lambda: samples(service)[disconnected] == 1, "it to be gone")
    etcd.suspend()
    scripted_puller.send(**sent)
    scripted_puller.send()
    processed = "streamer_events_processed_total"
    wait_until(
        lambda: samples(service)[processed] == 2 + len(rest), "all of it"
    )
    assert logged(service, said)
    service.kill()
    etcd.go_on()
    service.start()
    gateway = gateway_of(service)
    again = hello(
        gateway,
        session=session,
        last_seq=first.seq,
        last_progress=first.progress,
    )
    assert again.subscription_count == 1
    # Twice, if etcd still takes what the killed service had sent it: the log
    # tells of it again.
    told = []
    while (message := gateway.receive()).HasField("resync_required"):
        told.append(message.resync_required.reason)
    assert 1 <= len(told) <= 2
    assert all(reason.startswith(said) for reason in told), told
    got = list(message.delivery_batch.deliveries)
    got += deliveries(gateway, len(rest) - len(got))
    assert event_ids(got) == rest
