"""Sessions of a core in process: the contract of gateways over the wire."""

import pytest
import streamer


def event(number, document="d1", **fields):
    return streamer.Event(
        tenant="t",
        collection="c",
        id=document,
        event_id=f"e{number}",
        op="update",
        document={"n": number, **fields},
    )


def ingest(core, *numbers, document="d1"):
    core.ingest([event(number, document) for number in numbers])


@pytest.fixture
def core():
    return streamer.Core()


@pytest.fixture
def session(core):
    session = core.session("g")
    session.subscribe("s", tenant="t", collection="c")
    return session


def told(entries):
    """Return deliveries as number and event, notices as number and kind."""
    return [
        (entry.sequence, entry.event.event_id)
        if isinstance(entry, streamer.Delivery)
        else (entry.sequence, entry.kind)
        for entry in entries
    ]


def test_deliveries_are_numbered_and_taken_once(core, session):
    assert core.ingest([event(1), event(2)]) == []
    assert told(session.take(1)) == [(1, "e1")]
    assert told(session.take()) == [(2, "e2")]
    assert session.take() == []


def test_what_is_not_acknowledged_comes_again_to_the_next_stream(core, session):
    ingest(core, 1, 2, 3)
    session.take()
    session.acknowledge(1)
    session.close()
    ingest(core, 4)
    again = core.session("g", session=session.number, last_sequence=1)
    assert again.number == session.number
    assert again.continuity == "complete"
    assert told(again.take()) == [(2, "e2"), (3, "e3"), (4, "e4")]


def test_who_forgot_what_it_acknowledged_is_told_that_it_is_lost(core, session):
    ingest(core, 1, 2)
    session.acknowledge(1)
    session.close()
    again = core.session("g", session=session.number)
    assert again.continuity == "lost"
    assert told(again.take()) == [(2, "e2")]


def test_what_is_said_to_be_had_does_not_come_again(core, session):
    ingest(core, 1, 2)
    last = session.take()[-1]
    session.close()
    again = core.session(
        "g",
        session=session.number,
        last_sequence=last.sequence,
        last_progress=last.progress,
    )
    assert again.continuity == "nothing_missed"
    assert again.take() == []
    assert again.next_sequence == 3


def test_a_session_ends_after_its_time_without_a_stream(core, session):
    ingest(core, 1)
    session.close()
    core.advance(seconds=61)
    again = core.session("g", session=session.number)
    assert again.continuity == "lost"
    assert again.number != session.number
    assert core.subscriptions() == []


def test_a_second_stream_takes_the_session_over(core, session):
    newer = core.session("g", session=session.number)
    assert session.end_reason is not None
    with pytest.raises(streamer.ClosedError, match="the stream has ended"):
        session.acknowledge(0)
    ingest(core, 1)
    assert told(newer.take()) == [(1, "e1")]
    assert session.take() == []


def test_another_credential_is_refused(core):
    holder = core.session("g", credential="mine")
    with pytest.raises(streamer.Error, match="credential"):
        core.session("g", session=holder.number, credential="other")
    assert holder.end_reason is None


def test_who_is_behind_is_caught_up_from_the_log(core):
    session = core.session("g", max_deliveries=5)
    session.subscribe("s", tenant="t", collection="c")
    ingest(core, *range(1, 41))
    got = []
    while entries := session.take():
        got += entries
        session.acknowledge(got[-1].sequence)
    assert told(got) == [(n, f"e{n}") for n in range(1, 41)]
    assert any(entry.is_catching_up for entry in got)


def test_who_is_behind_the_log_is_told_so():
    core = streamer.Core(retained_events=10)
    session = core.session("g", max_deliveries=5)
    session.subscribe("s", tenant="t", collection="c")
    for number in range(1, 41):
        ingest(core, number)
    got = []
    while entries := session.take():
        got += entries
        session.acknowledge(got[-1].sequence)
    notices = [entry for entry in got if isinstance(entry, streamer.Notice)]
    assert [notice.kind for notice in notices] == ["resync"]
    assert notices[0].from_progress != notices[0].to_progress
    seen = {
        entry.event.event_id
        for entry in got
        if isinstance(entry, streamer.Delivery)
    }
    missing = {f"e{n}" for n in range(1, 41)} - seen
    first, last = (
        int(progress.rpartition("-")[2])
        for progress in (notices[0].from_progress, notices[0].to_progress)
    )
    assert missing
    assert missing <= {f"e{n}" for n in range(first + 1, last + 1)}


def test_a_subscription_may_begin_in_the_past(core, session):
    ingest(core, 1, 2, 3)
    second = session.take()[1]
    session.subscribe(
        "past", tenant="t", collection="c", resume_after=second.progress
    )
    got = session.take()
    assert told(got) == [(4, "e3")]
    assert got[0].subscription_ids == ("past",)
    assert got[0].is_catching_up


def test_a_place_that_is_none_is_refused(core, session):
    with pytest.raises(streamer.InvalidArgument, match="resume_after"):
        session.subscribe(
            "past", tenant="t", collection="c", resume_after="nowhere"
        )
    ingest(core, 1)
    assert told(session.take()) == [(1, "e1")]


def test_an_acknowledgement_of_the_future_ends_the_stream(core, session):
    ingest(core, 1)
    with pytest.raises(streamer.InvalidArgument, match="expected at most 1"):
        session.acknowledge(2)
    assert "expected at most 1" in session.end_reason
    again = core.session("g", session=session.number)
    assert told(again.take()) == [(1, "e1")]


def test_changes_of_one_document_may_come_as_one(core):
    session = core.session("g", coalesce=True, max_deliveries=10)
    session.subscribe("s", tenant="t", collection="c")
    session.close()
    others = [event(number, f"other{number}") for number in range(8)]
    core.ingest([*others, *(event(number) for number in range(10, 30))])
    again = core.session("g", session=session.number, coalesce=True)
    got = []
    while entries := again.take():
        got += entries
        again.acknowledge(got[-1].sequence)
    assert got[-1].event.event_id == "e29"
    assert sum(1 + entry.coalesced for entry in got) == 28
    assert len(got) < 28


def test_a_subscription_that_ends_is_told_in_its_place(core, session):
    session.subscribe("short", tenant="t", collection="c", ttl_seconds=60)
    ingest(core, 1)
    core.advance(seconds=60)
    ingest(core, 2)
    got = session.take()
    assert told(got) == [(1, "e1"), (2, "closed"), (3, "e2")]
    assert got[1].subscription_ids == ("short",)


def test_refusals_name_what_is_wrong(core, session):
    with pytest.raises(streamer.AlreadyExists, match="s"):
        session.subscribe("s", tenant="t", collection="c", expression="doc.a")
    with pytest.raises(streamer.NotFound):
        session.unsubscribe("none")
    with pytest.raises(streamer.InvalidArgument, match="limit"):
        session.take(-1)
    with pytest.raises(streamer.InvalidArgument, match="gateway"):
        core.session("")
    # The same again changes nothing.
    session.subscribe("s", tenant="t", collection="c")
    assert len(core.subscriptions()) == 1


def test_the_stream_of_a_session_that_is_let_go_breaks(core):
    session = core.session("g")
    session.subscribe("s", tenant="t", collection="c")
    number = session.number
    ingest(core, 1)
    del session
    again = core.session("g", session=number)
    assert told(again.take()) == [(1, "e1")]


def test_gateways_without_a_session_go_on_beside(core, session):
    core.subscribe("s", tenant="t", collection="c")
    (delivery,) = core.ingest(event(1))
    assert delivery.gateway == "default"
    assert told(session.take()) == [(1, "e1")]
