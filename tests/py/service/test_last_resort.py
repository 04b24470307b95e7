"""What is no reason for a resync: nobody is told of a loss without one."""

from test_durability import log_options, post
from test_losses import losses
from test_sessions import COMPLETE, event_ids, hello
from test_stalled_sessions import open_session, resyncs

ROUNDS, PER_ROUND = 5, 30


def deliveries_of(gateway, session, count):
    """Take so many deliveries or a few more, and acknowledge them."""
    got = []
    while len(got) < count:
        message = gateway.receive()
        assert message.WhichOneof("payload") == "delivery_batch", message
        got += message.delivery_batch.deliveries
        gateway.send(ack={"session": session, "seq": got[-1].seq})
    return got


def test_kills_in_a_row_and_a_session_behind_its_outbox_are_none(
    start, gateway_of, tmp_path, events
):
    service = start(
        *log_options(tmp_path / "log"),
        "--outbox.max_deliveries=20",
        "--state.save_interval=1s",
    )
    away, session_away = open_session(service, gateway_of, "away")
    away.close()
    steady, session = open_session(service, gateway_of, "steady")
    seen = []
    for _ in range(ROUNDS):
        post(service, events(PER_ROUND))
        got = deliveries_of(steady, session, PER_ROUND // 2)
        seen += event_ids(got)
        assert resyncs(service) == 0
        service.kill()
        steady.close()
        service.start()
        steady = gateway_of(service)
        again = hello(
            steady,
            gateway_id="steady",
            session=session,
            last_seq=got[-1].seq,
            last_progress=got[-1].progress,
        )
        assert again.continuity == COMPLETE
        session = again.session
    everything = [f"e{number}" for number in range(1, ROUNDS * PER_ROUND + 1)]
    left = len(everything) - len(seen)
    assert seen + event_ids(deliveries_of(steady, session, left)) == everything

    away = gateway_of(service)
    again = hello(away, gateway_id="away", session=session_away)
    assert again.continuity == COMPLETE
    late = deliveries_of(away, again.session, len(everything))
    assert event_ids(late) == everything
    assert resyncs(service) == 0
    assert losses(service) == []
