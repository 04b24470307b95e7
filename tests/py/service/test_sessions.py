"""Sessions over the wire, against the real service: nothing is missed."""

import asyncio
import json
import shutil

import grpc
import pytest
import streamer
from calls import get, samples
from streamerd import wait_until
from test_durability import log_options, post


def hello(gateway, **fields):
    gateway.send(hello={"gateway_id": "g", **fields})
    message = gateway.receive()
    assert message.WhichOneof("payload") == "welcome", message
    return message.welcome


def subscribe(gateway, subscription_id, **fields):
    gateway.send(
        subscribe={
            "subscription_id": subscription_id,
            "tenant": "t",
            "collection": "c",
            **fields,
        }
    )
    message = gateway.receive()
    assert message.WhichOneof("payload") == "subscribe_response", message
    return message.subscribe_response


def deliveries(gateway, count):
    """Return the next deliveries, in one message or several."""
    got = []
    while len(got) < count:
        message = gateway.receive()
        assert message.WhichOneof("payload") == "delivery_batch", message
        got += message.delivery_batch.deliveries
    assert len(got) == count
    return got


def event_ids(got):
    return [one.event.event_id for one in got]


NEW, NOTHING_MISSED, COMPLETE, LOST = 1, 2, 3, 4


def test_what_was_not_acknowledged_comes_again_on_the_next_stream(
    start, gateway_of, events
):
    service = start()
    gateway = gateway_of(service)
    welcome = hello(gateway)
    assert welcome.continuity == NEW
    assert subscribe(gateway, "s").success
    post(service, events(3))
    got = deliveries(gateway, 3)
    assert [one.seq for one in got] == [1, 2, 3]
    assert [list(one.subscription_ids) for one in got] == [["s"]] * 3
    gateway.send(ack={"session": welcome.session, "seq": 1})
    gateway.close()
    post(service, events(2))
    gateway = gateway_of(service)
    again = hello(gateway, session=welcome.session, last_seq=2)
    assert again.session == welcome.session
    assert again.continuity == COMPLETE
    assert again.next_seq == 3
    assert again.subscription_count == 1
    got = deliveries(gateway, 3)
    assert [one.seq for one in got] == [3, 4, 5]
    assert event_ids(got) == ["e3", "e4", "e5"]


def test_the_newer_of_two_streams_wins(start, gateway_of, events):
    service = start()
    older = gateway_of(service)
    session = hello(older).session
    assert subscribe(older, "s").success
    newer = gateway_of(service)
    assert hello(newer, session=session).continuity == NOTHING_MISSED
    assert older.read_to_end() == (
        [],
        grpc.StatusCode.ABORTED,
        "a newer stream of this gateway took the session",
    )
    post(service, events(1))
    assert event_ids(deliveries(newer, 1)) == ["e1"]


def test_another_credential_is_refused_and_disturbs_nobody(
    start, gateway_of, events
):
    service = start()
    owner = gateway_of(service, metadata=[("authorization", "a")])
    session = hello(owner).session
    assert subscribe(owner, "s").success
    other = gateway_of(service, metadata=[("authorization", "b")])
    other.send(hello={"gateway_id": "g", "session": session})
    assert other.read_to_end()[:2] == ([], grpc.StatusCode.PERMISSION_DENIED)
    post(service, events(1))
    assert event_ids(deliveries(owner, 1)) == ["e1"]


def test_an_ack_of_what_was_never_sent_is_refused(start, gateway_of):
    service = start()
    gateway = gateway_of(service)
    session = hello(gateway).session
    gateway.send(ack={"session": session + 1, "seq": 9})
    gateway.send(ack={"session": session, "seq": 9})
    assert gateway.read_to_end() == (
        [],
        grpc.StatusCode.INVALID_ARGUMENT,
        "ack: expected at most 0, got 9",
    )


def test_what_is_told_survives_a_kill(start, gateway_of, tmp_path, events):
    service = start(*log_options(tmp_path / "log"))
    gateway = gateway_of(service)
    before = hello(gateway).session
    assert subscribe(gateway, "odd", expression="doc.number % 2 == 1").success
    assert subscribe(gateway, "all").success
    gateway.send(unsubscribe={"subscription_id": "all"})
    assert gateway.receive().unsubscribe_response.success
    post(service, events(5))
    got = deliveries(gateway, 3)
    service.kill()
    gateway.close()
    service.start()
    post(service, events(2))
    gateway = gateway_of(service)
    again = hello(
        gateway,
        session=before,
        last_seq=got[1].seq,
        last_progress=got[1].progress,
    )
    assert again.continuity == COMPLETE
    assert again.session != before
    assert again.next_seq == 1
    assert again.subscription_count == 1
    late = deliveries(gateway, 2)
    assert event_ids(late) == ["e5", "e7"]
    assert [one.redelivered for one in late] == [True, False]


def test_a_gateway_that_stays_away_is_caught_up_from_the_log(
    start, gateway_of, events
):
    service = start("--outbox.max_deliveries=50")
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    gateway.close()
    post(service, events(400))
    gateway = gateway_of(service)
    assert hello(gateway, session=session).continuity == COMPLETE
    got = []
    while len(got) < 400:
        got += gateway.receive().delivery_batch.deliveries
        gateway.send(ack={"session": session, "seq": got[-1].seq})
    assert event_ids(got) == [f"e{i}" for i in range(1, 401)]
    assert [one.seq for one in got] == list(range(1, 401))
    assert not got[49].catching_up
    assert got[50].catching_up
    post(service, events(1))
    assert event_ids(deliveries(gateway, 1)) == ["e401"]
    wait_until(
        lambda: samples(service)['streamer_sessions{state="behind"}'] == 0,
        "the session to be caught up",
    )


def test_an_expired_session_is_lost_and_its_subscriptions_with_it(
    start, gateway_of
):
    service = start("--session.ttl=1s")
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    gateway.close()
    active = 'streamer_subscriptions_active{kind="match_all"}'
    wait_until(lambda: samples(service)[active] == 0, "the session to end")
    gateway = gateway_of(service)
    again = hello(gateway, session=session)
    assert again.continuity == LOST
    assert again.subscription_count == 0


async def collect(client, count):
    """Take so many deliveries."""
    got = []
    async for delivery in client:
        got.append(delivery)
        if len(got) == count:
            break
    return got


def test_the_client_misses_nothing_across_kills_of_the_service(
    start, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"))

    async def run():
        async with streamer.connect(
            service.target, gateway_id="g", session=True, backoff_minimum=0.01
        ) as client:
            await client.subscribe(id="s", tenant="t", collection="c")
            numbers = []
            for _ in range(3):
                await asyncio.to_thread(post, service, events(50))
                numbers += [
                    one.event.document["number"]
                    for one in await asyncio.wait_for(collect(client, 20), 30)
                ]
                await asyncio.to_thread(service.kill)
                await asyncio.to_thread(service.start)
            await asyncio.to_thread(post, service, events(1))
            while numbers[-1] != 151:
                numbers += [
                    one.event.document["number"]
                    for one in await asyncio.wait_for(collect(client, 1), 30)
                ]
            return numbers

    assert asyncio.run(run()) == list(range(1, 152))


def test_a_plain_gateway_and_a_session_live_side_by_side(
    start, connect, gateway_of, events
):
    service = start()
    plain = connect(service)
    plain.subscribe_successfully("p")
    gateway = gateway_of(service)
    hello(gateway)
    assert subscribe(gateway, "s").success
    post(service, events(2))
    assert plain.event_ids(2) == ["e1", "e2"]
    assert event_ids(deliveries(gateway, 2)) == ["e1", "e2"]


def test_state_of_another_log_is_refused(start, tmp_path, events):
    first = start(*log_options(tmp_path / "first"))
    assert first.stop() == 0
    with pytest.raises(AssertionError, match="expected that of log"):
        start(
            *log_options(tmp_path / "second"),
            f"--state.path={tmp_path / 'first.state'}",
        )


def test_a_session_of_a_state_that_was_removed_is_lost(
    start, gateway_of, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"))
    gateway = gateway_of(service)
    before = hello(gateway).session
    assert subscribe(gateway, "s").success
    post(service, events(3))
    last = deliveries(gateway, 3)[-1]
    gateway.close()
    assert service.stop() == 0
    shutil.rmtree(tmp_path / "log.state")
    (tmp_path / "log" / "STATE").unlink()
    service.start()
    # Another process of the gateway: its session is not the one of before.
    gateway = gateway_of(service)
    assert hello(gateway).session != before
    gateway.close()
    gateway = gateway_of(service)
    again = hello(
        gateway,
        session=before,
        last_seq=last.seq,
        last_progress=last.progress,
    )
    assert again.continuity == LOST


def test_state_that_would_outlive_its_log_is_refused(start):
    with pytest.raises(
        AssertionError,
        match=r"state\.backend: expected memory, since log\.path",
    ):
        start("--state.backend=rocksdb")


def test_a_start_is_ready_only_after_the_replay(start, tmp_path, events):
    service = start(*log_options(tmp_path / "log"))
    post(service, events(100))
    service.kill()
    service.start()
    wait_until(
        lambda: get(service, "/health/ready").status == 200, "being ready"
    )
    entries = [json.loads(line) for line in service.log.splitlines()]
    restored = [one for one in entries if one["message"] == "state restored"]
    assert restored[-1]["replay"] == 100
    assert "replayed" in [one["message"] for one in entries]


def test_a_lost_tail_of_the_log_is_reported(
    start, gateway_of, events, tmp_path
):
    service = start(*log_options(tmp_path / "log"), "--state.save_interval=1s")
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    post(service, events(3))
    got = deliveries(gateway, 3)
    gateway.send(ack={"session": session, "seq": 3})
    saves = "streamer_checkpoint_saves_total"
    before = samples(service)[saves]
    wait_until(lambda: samples(service)[saves] > before + 1, "it is saved")
    service.kill()
    # As after a power cut: what was not synced is torn off.
    newest = max((tmp_path / "log").glob("*.log"))
    newest.write_bytes(b"")
    service.start()
    said = [json.loads(line) for line in service.log.splitlines()]
    (lost,) = [
        one
        for one in said
        if one["message"] == "the log has lost its newest events"
    ]
    assert lost["saved"] == 3
    assert lost["head"].endswith("-0")
    # Whoever sends them again is heard, and what comes says that it may have.
    gateway = gateway_of(service)
    hello(gateway, session=session, last_seq=3, last_progress=got[-1].progress)
    post(service, events(1))
    (again,) = deliveries(gateway, 1)
    assert again.redelivered
