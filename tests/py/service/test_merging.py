"""Gateways that allow merging: while they are slow, changes come as one."""

import asyncio
import json

import pytest
import streamer
from calls import samples
from streamerd import wait_until
from test_durability import log_options, post
from test_sessions import deliveries, hello, subscribe

INSERT, UPDATE, DELETE = 1, 2, 4
ENTERED, CHANGED, LEFT, UNKNOWN = 1, 2, 3, 4

MERGED = "streamer_coalesced_events_total"


@pytest.fixture
def change():
    """Makes events of documents by name, each the next version of it."""
    versions = {}

    def make(document, op="update", **fields):
        versions[document] = versions.get(document, 0) + 1
        event = {
            "event_id": f"{document}{versions[document]}",
            "tenant": "t",
            "collection": "c",
            "id": document,
            "op": op,
        }
        if op != "delete":
            event["doc"] = {"version": versions[document], **fields}
        return event

    return make


def leave(service, gateway):
    gateway.close()
    wait_until(
        lambda: samples(service)["streamer_gateways_connected"] == 0,
        "the stream to be gone",
    )


def told(got):
    """Return each delivery as its event and how many it stands for."""
    return [(one.event.event_id, one.coalesced) for one in got]


def slow_session(service, gateway_of, coalesce=True, **fields):
    """Begin a session that subscribes, and leaves."""
    gateway = gateway_of(service)
    session = hello(gateway, coalesce=coalesce).session
    assert subscribe(gateway, "s", **fields).success
    leave(service, gateway)
    return session


def test_what_waits_comes_as_one_in_the_place_of_the_last(
    start, gateway_of, change
):
    service = start("--outbox.max_deliveries=10")
    session = slow_session(service, gateway_of)
    others = [change(name, "insert") for name in "bcdefgh"]
    post(service, [change("a", "insert"), *others])
    post(service, [change("a"), change("a"), change("b", "delete")])
    wait_until(lambda: samples(service)[MERGED] == 3, "three to be merged")
    gateway = gateway_of(service)
    hello(gateway, session=session, coalesce=True)
    got = deliveries(gateway, 8)
    assert told(got) == [
        *((f"{name}1", 0) for name in "cdefgh"),
        ("a3", 2),
        ("b2", 1),
    ]
    assert [one.seq for one in got] == list(range(1, 9))
    operations = [one.event.operation for one in got]
    assert operations == [INSERT] * 7 + [DELETE]
    assert json.loads(got[6].event.document_data)["version"] == 3


def test_who_does_not_allow_it_gets_each_event(start, gateway_of, change):
    service = start("--outbox.max_deliveries=10")
    session = slow_session(service, gateway_of, coalesce=False)
    post(service, [change("a", "insert"), *(change("a") for _ in range(30))])
    gateway = gateway_of(service)
    hello(gateway, session=session)
    got = []
    while len(got) < 31:
        got += gateway.receive().delivery_batch.deliveries
        gateway.send(ack={"session": session, "seq": got[-1].seq})
    assert told(got) == [(f"a{number}", 0) for number in range(1, 32)]
    assert samples(service)[MERGED] == 0


def test_memberships_are_composed(start, gateway_of, change):
    service = start("--outbox.max_deliveries=10")
    session = slow_session(
        service, gateway_of, expression="doc.n > 0", membership=True
    )
    fill = [change(f"other{n}", "insert", n=1) for n in range(8)]
    post(
        service, [*fill, change("a", "insert", n=1), change("b", "insert", n=1)]
    )
    gateway = gateway_of(service)
    hello(gateway, session=session, coalesce=True)
    deliveries(gateway, 10)
    gateway.send(ack={"session": session, "seq": 10})
    # Answered in its turn: the ack has been taken.
    gateway.send(heartbeat={"timestamp": 1})
    assert gateway.receive().heartbeat_ack.timestamp == 1
    leave(service, gateway)
    fill = [change(f"more{n}", "insert", n=1) for n in range(6)]
    a_left, a_entered = change("a", n=0), change("a", n=5)
    b_changed, b_left = change("b", n=7), change("b", n=0)
    c_entered, c_left = change("c", "insert", n=1), change("c", n=0)
    post(service, [a_left, b_changed, *fill, a_entered, b_left])
    post(service, [c_entered, c_left])
    gateway = gateway_of(service)
    hello(gateway, session=session, last_seq=10, coalesce=True)
    got = {
        one.event.event_id: (one.coalesced, *one.membership)
        for one in deliveries(gateway, 10)
    }
    assert got[a_entered["event_id"]] == (1, CHANGED)
    assert got[b_left["event_id"]] == (1, LEFT)
    # What entered and left again is told in full.
    assert got[c_entered["event_id"]] == (0, ENTERED)
    assert got[c_left["event_id"]] == (0, LEFT)


def test_a_kill_loses_nothing_of_what_waits_within_a_later_event(
    start, gateway_of, tmp_path, change
):
    service = start(
        *log_options(tmp_path / "log"), "--outbox.max_deliveries=10"
    )
    session = slow_session(
        service, gateway_of, expression="doc.n > 0", membership=True
    )
    post(service, [change("a", "insert", n=1)])
    others = [change(name, "insert", n=1) for name in "bcdefgh"]
    post(service, [*others, change("a", n=2)])
    wait_until(lambda: samples(service)[MERGED] == 1, "one to be merged")
    gateway = gateway_of(service)
    hello(gateway, session=session, coalesce=True)
    got = deliveries(gateway, 8)
    assert [one.event.event_id for one in got] == [
        *(f"{name}1" for name in "bcdefgh"),
        "a2",
    ]
    # It had processed b1 and c1 when all went down: not a1, though that came
    # before both.
    service.kill()
    gateway.close()
    service.start()
    gateway = gateway_of(service)
    hello(
        gateway,
        session=session,
        last_seq=got[1].seq,
        last_progress=got[1].progress,
        coalesce=True,
    )
    again = deliveries(gateway, 9)
    assert [one.event.event_id for one in again] == [
        "a1",
        *(f"{name}1" for name in "bcdefgh"),
        "a2",
    ]
    # A restart remembers nothing of what it replays.
    assert [one.membership[0] for one in again] == [ENTERED] * 8 + [UNKNOWN]
    assert all(one.redelivered for one in again)


def test_the_python_client_shows_how_many_came_as_one(start, change):
    service = start("--outbox.max_deliveries=10")

    def connect(resume=""):
        return streamer.connect(
            service.target,
            gateway_id="g",
            session=True,
            coalesce=True,
            resume=resume,
        )

    async def run():
        async with connect() as client:
            await client.subscribe(id="s", tenant="t", collection="c")
            state = client.session_state()
        await asyncio.to_thread(
            wait_until,
            lambda: samples(service)["streamer_gateways_connected"] == 0,
            "the stream to be gone",
        )
        changes = [change(name, "insert") for name in "abcdefgh"]
        changes += [change("a") for _ in range(20)]
        await asyncio.to_thread(post, service, changes)
        async with connect(state) as client:
            client.on_gap(lambda gap: pytest.fail(str(gap)))
            got = []
            async for delivery in client:
                got.append((delivery.event.event_id, delivery.coalesced))
                if len(got) == 8:
                    return got

    got = asyncio.run(run())
    assert got == [*((f"{name}1", 0) for name in "bcdefgh"), ("a21", 20)]
