"""Puller and streamer as two processes."""

import pytest
from calls import get, problem, samples
from streamerd import wait_until
from test_durability import log_options, post
from test_sessions import deliveries, event_ids, hello, subscribe


@pytest.fixture
def puller(start, tmp_path):
    return start("--roles=puller", *log_options(tmp_path / "puller-log"))


@pytest.fixture
def follow(start, tmp_path, puller):
    """Starts a streamer that follows the puller."""

    def follow_one():
        return start(
            "--roles=streamer",
            f"--puller.address={puller.target}",
            "--puller.reconnect_backoff_max=200ms",
            "--soft_state.recovery_window=0s",
            *log_options(tmp_path / "streamer-log"),
        )

    return follow_one


def is_ready(service):
    return get(service, "/health/ready").status == 200


def test_what_the_puller_takes_the_streamer_delivers(
    puller, follow, connect, events
):
    streamer = follow()
    wait_until(lambda: is_ready(streamer), "the source is followed")
    gateway = connect(streamer)
    gateway.subscribe_successfully()
    post(puller, events(100))
    assert gateway.event_ids(100) == [f"e{n}" for n in range(1, 101)]


def test_a_puller_that_is_killed_is_followed_again_without_loss(
    puller, follow, connect, events
):
    streamer = follow()
    gateway = connect(streamer)
    gateway.subscribe_successfully()
    wait_until(lambda: is_ready(streamer), "the source is followed")
    for _ in range(3):
        post(puller, events(20))
        puller.kill()
        puller.start()
        post(puller, events(20))
    assert gateway.event_ids(120) == [f"e{n}" for n in range(1, 121)]


def test_a_streamer_that_is_killed_goes_on_at_its_last_marker(
    puller, follow, connect, events
):
    streamer = follow()
    wait_until(lambda: is_ready(streamer), "the source is followed")
    gateway = connect(streamer)
    gateway.subscribe_successfully()
    post(puller, events(50))
    assert gateway.event_ids(50)[-1] == "e50"
    streamer.kill()
    post(puller, events(25))
    streamer.start()
    ingested = 'streamer_events_ingested_total{source="puller"}'
    wait_until(
        lambda: samples(streamer)[ingested] == 25,
        "what was missed is fetched, and nothing twice",
    )
    again = connect(streamer)
    again.subscribe_successfully()
    post(puller, events(1))
    assert again.event_ids(1) == ["e76"]


# The third has its collection in no form that can be read.
def test_an_unreadable_event_is_told_to_its_collection(
    start, gateway_of, scripted_puller
):
    streamer = start(
        "--roles=streamer", f"--puller.address={scripted_puller.target}"
    )
    wait_until(lambda: is_ready(streamer), "the source is followed")
    gateway = gateway_of(streamer)
    hello(gateway)
    assert subscribe(gateway, "its").success
    assert subscribe(gateway, "other", collection="d").success
    assert subscribe(gateway, "filtered", expression="doc.n > 0").success
    scripted_puller.send()
    assert event_ids(deliveries(gateway, 1)) == ["e1"]
    for change, told in [
        ({"op_type": "?"}, ["its"]),
        ({"full_doc": b"["}, ["its", "other"]),
    ]:
        scripted_puller.send(**change)
        resync = gateway.receive().resync_required
        assert resync.reason == "an event of the source could not be read"
        assert list(resync.subscription_ids) == told


def test_a_streamer_without_its_source_is_not_ready(start):
    streamer = start("--roles=streamer", "--puller.address=127.0.0.1:1")
    answer = get(streamer, "/health/ready")
    assert answer.status == 503
    detail = "expected the service to be ready, got source lost"
    assert answer.json == problem(
        503, "Service Unavailable", detail, phase="source lost"
    )
