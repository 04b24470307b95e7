"""What single metrics mean, each where what it counts happens.

Those of merging, stalled sessions, catching up and etcd stand with their tests.
"""

import math
import time

from calls import samples
from streamerd import wait_until
from test_durability import log_options, post
from test_sessions import deliveries, hello, subscribe


def test_ingest_lag_is_how_old_the_newest_event_was_when_it_came(
    streamerd, events
):
    lag = "streamer_ingest_lag_seconds"
    assert samples(streamerd)[lag] == 0
    event = events(1)[0]
    event["timestamp"] = int(time.time() * 1000) - 3_600_000
    post(streamerd, [event])
    assert 3_599 < samples(streamerd)[lag] < 3_660
    # Without a time of its own it is as old as its coming.
    post(streamerd, events(1))
    assert samples(streamerd)[lag] < 60


def test_unknown_memberships_are_counted(streamerd, gateway_of, events):
    gateway = gateway_of(streamerd)
    hello(gateway)
    assert subscribe(
        gateway, "s", expression="doc.number > 0", membership=True
    ).success
    inserted, *updated = events(3)
    for event in updated:
        event["op"] = "update"
    post(streamerd, [inserted, *updated])
    told = [list(one.membership) for one in deliveries(gateway, 3)]
    entered, unknown_in = 1, 4
    assert told == [[entered], [unknown_in], [unknown_in]]
    assert samples(streamerd)["streamer_membership_unknown_total"] == 2


def test_sessions_are_counted_by_state(start, gateway_of):
    service = start()
    kinds = [
        f'streamer_sessions{{state="{state}"}}'
        for state in ("connected", "disconnected", "behind")
    ]

    def count():
        found = samples(service)
        return [found[kind] for kind in kinds]

    assert count() == [0, 0, 0]
    gateway = gateway_of(service)
    hello(gateway, gateway_id="a")
    gateways = [gateway_of(service)]
    hello(gateways[0], gateway_id="b")
    gateway.close()
    wait_until(lambda: count() == [1, 1, 0], "both to be counted")


def test_headroom_is_without_bound_until_the_log_drops_something(
    start, gateway_of, events
):
    service = start()
    headroom = "streamer_log_headroom_seconds"
    post(service, events(1))
    assert samples(service)[headroom] == math.inf
    # In memory, so many are kept.
    kept = 100_000
    for _ in range(11):
        post(service, events(kept // 10))
    wait_until(
        lambda: samples(service)[headroom] < math.inf, "events to be dropped"
    )
    assert 0 <= samples(service)[headroom] < 600


def test_progress_is_saved_and_as_young_as_what_was_not_acknowledged(
    start, gateway_of, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"), "--state.save_interval=1s")
    gateway = gateway_of(service)
    session = hello(gateway).session
    assert subscribe(gateway, "s").success
    saves = "streamer_checkpoint_saves_total"
    age = "streamer_progress_age_seconds"
    before = samples(service)[saves]
    assert before > 0
    assert samples(service)[age] == 0
    post(service, events(3))
    assert len(deliveries(gateway, 3)) == 3
    wait_until(lambda: samples(service)[age] > 1, "it to age")
    gateway.send(ack={"session": session, "seq": 3})
    wait_until(lambda: samples(service)[age] == 0, "it to be of now")
    assert samples(service)[saves] > before
    assert samples(service)["streamer_checkpoint_errors_total"] == 0
