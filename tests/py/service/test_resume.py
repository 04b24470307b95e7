"""Subscriptions that begin in the past: `resume_after`."""

import pytest
from calls import samples
from test_durability import log_options, post
from test_sessions import deliveries, hello

INVALID_ARGUMENT, OUT_OF_RANGE = 3, 11


def resume(gateway, subscription_id, after):
    gateway.send(
        subscribe={
            "subscription_id": subscription_id,
            "tenant": "t",
            "collection": "c",
            "resume_after": after,
        }
    )
    message = gateway.receive()
    assert message.WhichOneof("payload") == "subscribe_response", message
    return message.subscribe_response


def test_what_was_missed_comes_first_and_then_what_is_new(
    start, gateway_of, events
):
    service = start()
    place = post(service, events(3))
    post(service, events(4))
    gateway = gateway_of(service)
    answer = resume(gateway, "s", place)
    assert answer.success, answer.error
    assert answer.from_progress == place
    assert gateway.event_ids(4) == ["e4", "e5", "e6", "e7"]
    post(service, events(1))
    assert gateway.event_ids(1) == ["e8"]
    assert samples(service)["streamer_catchup_events_total"] == 4


def test_a_place_is_found_again_after_a_restart(
    start, gateway_of, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"))
    place = post(service, events(2))
    post(service, events(2))
    service.kill()
    service.start()
    post(service, events(1))
    gateway = gateway_of(service)
    assert resume(gateway, "s", place).success
    assert gateway.event_ids(3) == ["e3", "e4", "e5"]


def test_what_the_log_has_lost_of_a_place_is_flagged(
    start, gateway_of, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"))
    place = post(service, events(2))
    service.kill()
    service.start()
    post(service, events(3))
    gateway = gateway_of(service)
    hello(gateway)
    # Two events more than were left when the service came back.
    lost = place.rpartition("-")[0] + "-4"
    assert resume(gateway, "s", lost).from_progress == place
    assert [
        (one.event.event_id, one.redelivered) for one in deliveries(gateway, 3)
    ] == [("e3", True), ("e4", True), ("e5", False)]


def test_many_past_events_and_live_ones_meanwhile_come_once_and_in_order(
    start, gateway_of, events
):
    service = start("--outbox.max_deliveries=500")
    place = post(service, events(1))
    post(service, events(3_000))
    gateway = gateway_of(service)
    assert resume(gateway, "s", place).success
    post(service, events(300))
    assert gateway.event_ids(3_300) == [f"e{n}" for n in range(2, 3_302)]


@pytest.mark.parametrize(
    ("after", "code", "error"),
    [
        (
            "yesterday",
            INVALID_ARGUMENT,
            "resume_after: progress: expected a marker given by this service, "
            'got "yesterday"',
        ),
        ("p1-1-1", OUT_OF_RANGE, "resume_after: "),
    ],
)
def test_a_place_that_is_none_is_refused_and_nothing_else(
    start, gateway_of, events, after, code, error
):
    service = start()
    gateway = gateway_of(service)
    answer = resume(gateway, "s", after)
    assert not answer.success
    assert answer.code == code
    assert answer.error.startswith(error)
    assert resume(gateway, "s", "").success
    post(service, events(1))
    assert gateway.event_ids(1) == ["e1"]
