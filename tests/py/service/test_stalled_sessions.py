"""A session that reads and never acknowledges holds nobody up for ever."""

import json

from calls import samples
from streamerd import wait_until
from test_durability import log_options, post
from test_losses import losses
from test_sessions import deliveries, event_ids, hello, subscribe

BEHIND = 'streamer_sessions{state="behind"}'


def resyncs(service, reason=None):
    """Return how often sessions were told of a loss, for this reason or any."""
    counts = samples(service)
    if reason is not None:
        return counts[f'streamer_resyncs_total{{reason="{reason}"}}']
    return sum(
        count
        for name, count in counts.items()
        if name.startswith("streamer_resyncs_total{")
    )


def restored(service):
    """Return what the last start found again."""
    entries = [json.loads(line) for line in service.log.splitlines()]
    return [one for one in entries if one["message"] == "state restored"][-1]


def open_session(service, gateway_of, gateway_id):
    gateway = gateway_of(service)
    session = hello(gateway, gateway_id=gateway_id).session
    assert subscribe(gateway, "s").success
    return gateway, session


def read_and_acknowledge(gateway, session, count):
    got = deliveries(gateway, count)
    gateway.send(ack={"session": session, "seq": got[-1].seq})
    return event_ids(got)


def test_it_is_left_out_of_the_watermark_after_the_stall_timeout(
    start, gateway_of, tmp_path, events
):
    service = start(
        *log_options(tmp_path / "log"),
        "--gateway.stall_timeout=1s",
        "--state.save_interval=1s",
    )
    silent, _ = open_session(service, gateway_of, "silent")
    good, session = open_session(service, gateway_of, "good")
    post(service, events(100))
    assert len(deliveries(silent, 100)) == 100
    assert len(read_and_acknowledge(good, session, 100)) == 100
    # What came before is a second old when something comes after it.
    wait_until(
        lambda: samples(service)["streamer_progress_age_seconds"] > 1,
        "progress to wait for the silent one",
    )
    post(service, events(1))
    wait_until(
        lambda: samples(service)[BEHIND] == 1, "it to be taken for behind"
    )
    assert event_ids(deliveries(silent, 1)) == ["e101"]
    assert read_and_acknowledge(good, session, 1) == ["e101"]
    wait_until(
        lambda: samples(service)["streamer_progress_age_seconds"] == 0,
        "progress to go on without it",
    )
    assert samples(service)["streamer_session_lag_events_max"] == 101
    service.kill()
    service.start()
    # A restart reads nothing again for those that are not behind.
    assert restored(service)["replay"] == 0
    assert restored(service)["sessions"] == 2


def tell_by_events(service, good, session, events):
    """Post one event after the other until a session is told of its lag.

    Lag is measured in the time of the log, which goes on with events.  Returns
    what the good one got meanwhile.
    """
    got = []

    def is_told():
        post(service, events(1))
        got.extend(read_and_acknowledge(good, session, 1))
        return resyncs(service, "lag") == 1

    wait_until(is_told, "the silent session to be told that it is too far")
    return got


def expect_lag_notice(message):
    assert message.WhichOneof("payload") == "resync_required", message
    resync = message.resync_required
    assert resync.reason == "the gateway is behind by more than session.max_lag"
    assert resync.from_progress.endswith("-0")
    assert list(resync.subscription_ids) == []


def test_too_far_behind_it_is_told_so_and_the_others_miss_nothing(
    start, gateway_of, events
):
    service = start("--outbox.max_deliveries=50", "--session.max_lag=1s")
    silent, _ = open_session(service, gateway_of, "silent")
    good, session = open_session(service, gateway_of, "good")
    post(service, events(40))
    assert len(deliveries(silent, 40)) == 40
    got = read_and_acknowledge(good, session, 40)
    post(service, events(20))
    assert len(deliveries(silent, 10)) == 10
    got += read_and_acknowledge(good, session, 20)
    got += tell_by_events(service, good, session, events)
    expect_lag_notice(silent.receive())
    assert got == [f"e{number}" for number in range(1, len(got) + 1)]


def test_far_from_its_limit_it_is_told_as_well(start, gateway_of, events):
    service = start("--session.max_lag=1s")
    silent, _ = open_session(service, gateway_of, "silent")
    good, session = open_session(service, gateway_of, "good")
    post(service, events(5))
    assert len(deliveries(silent, 5)) == 5
    read_and_acknowledge(good, session, 5)
    tell_by_events(service, good, session, events)
    # What came after those, until it was told.
    message = silent.receive()
    while message.WhichOneof("payload") == "delivery_batch":
        message = silent.receive()
    expect_lag_notice(message)
    wait_until(lambda: losses(service), "the line of it")
    told = [(one["cause"], one["gateway"]) for one in losses(service)]
    assert told == [("lag", "silent")]
