"""Restarts under a wall clock that was set by hours, forth and back."""

import pytest
from calls import samples
from streamerd import wait_until
from test_durability import log_options, opened, post
from test_losses import losses
from test_resume import resume
from test_roles import is_ready
from test_sessions import COMPLETE, deliveries, event_ids, hello, subscribe
from test_stalled_sessions import resyncs
from wall_clock import WallClock

DUPLICATES = "streamer_duplicate_events_total"


def places(got):
    return [(one.event.event_id, one.progress) for one in got]


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_was_there_is_there_again_and_in_its_place(
    start, gateway_of, tmp_path, events, end
):
    clock = WallClock(tmp_path / "clock")
    service = start(
        *log_options(tmp_path / "log"), environment=clock.environment
    )
    gateway = gateway_of(service)
    session = hello(gateway).session
    # This lives for a minute, and a session as long after its stream.
    assert subscribe(gateway, "s", ttl_seconds=60).success
    sent = events(4)
    head = post(service, sent)
    got = deliveries(gateway, 4)
    gateway.send(ack={"session": session, "seq": 2})
    last_seq = 2
    for hours in (9, -9, 0):
        getattr(service, end)()
        gateway.close()
        clock.throw(hours)
        service.start()
        assert opened(service)[-1]["head"] == head
        gateway = gateway_of(service)
        again = hello(
            gateway,
            session=session,
            last_seq=last_seq,
            last_progress=got[1].progress,
        )
        assert (again.continuity, again.subscription_count) == (COMPLETE, 1)
        session, last_seq = again.session, 0
        assert places(deliveries(gateway, 2)) == places(got[2:])
        past = f"past, {hours}"
        assert resume(gateway, past, got[0].progress).success
        assert places(deliveries(gateway, 3)) == places(got[1:])
        gateway.send(unsubscribe={"subscription_id": past})
        assert gateway.receive().unsubscribe_response.success
        # What was seen before is known, however late it seems to be.
        wait_until(lambda: is_ready(service), "the replay to be over")
        known = samples(service)[DUPLICATES]
        head = post(service, sent)
        wait_until(
            lambda before=known: samples(service)[DUPLICATES] == before + 4,
            "what is sent again to be known",
        )
    post(service, events(1))
    assert event_ids(deliveries(gateway, 1)) == ["e5"]
    assert resyncs(service) == 0
    assert losses(service) == []
