"""Subscriptions that are registered over HTTP, against the real service."""

import asyncio
import json
from datetime import datetime

import pytest
import streamer
from calls import call, get, samples
from test_durability import log_options, post
from test_sessions import NEW, deliveries, event_ids, hello, subscribe

PATH = "/internal/v1/subscriptions"


def register(service, subscription_id="s", gateway_id="g", **members):
    body = {
        "gatewayId": gateway_id,
        "subscriptionId": subscription_id,
        "tenant": "t",
        "collection": "c",
        **members,
    }
    return call(service, "POST", PATH, json.dumps(body).encode())


def renew(service, subscription_id, query=""):
    return call(service, "PUT", f"{PATH}/{subscription_id}/heartbeat{query}")


def unregister(service, subscription_id, query=""):
    return call(service, "DELETE", f"{PATH}/{subscription_id}{query}")


def listed(service):
    found = get(service, PATH).json["subscriptions"]
    return [(one["gatewayId"], one["subscriptionId"]) for one in found]


def test_what_is_registered_waits_for_the_gateway(
    streamerd, gateway_of, events
):
    answer = register(streamerd, expression="doc.number > 1", ttl=60)
    assert answer.status == 201
    registered = answer.json
    lifetime = datetime.fromisoformat(
        registered.pop("expiresAt")
    ) - datetime.fromisoformat(registered.pop("createdAt"))
    assert lifetime.total_seconds() == 60
    session = registered.pop("session")
    assert registered.pop("fromProgress").startswith("p1-")
    assert registered == {
        "subscriptionId": "s",
        "gatewayId": "g",
        "tenant": "t",
        "collection": "c",
        "filter": "doc.number > 1",
    }
    post(streamerd, events(3))
    gateway = gateway_of(streamerd)
    welcome = hello(gateway)
    assert welcome.continuity == NEW
    assert str(welcome.session) == session
    assert event_ids(deliveries(gateway, 2)) == ["e2", "e3"]


def test_a_connected_gateway_gets_what_is_registered_and_is_told_of_its_end(
    streamerd, gateway_of, events
):
    gateway = gateway_of(streamerd)
    hello(gateway)
    assert register(streamerd, "a").status == 201
    assert register(streamerd, "b").status == 201
    post(streamerd, events(1))
    [delivery] = deliveries(gateway, 1)
    assert list(delivery.subscription_ids) == ["a", "b"]
    assert unregister(streamerd, "a").status == 204
    assert unregister(streamerd, "a").status == 204
    path = "/internal/v1/gateways/g/subscriptions"
    assert call(streamerd, "DELETE", path).json == {"removed": 1}
    assert call(streamerd, "DELETE", path).json == {"removed": 0}
    for subscription_id in ("a", "b"):
        closed = gateway.receive().subscription_closed
        assert closed.subscription_id == subscription_id
        assert closed.reason == 3  # revoked
    assert listed(streamerd) == []


def test_an_id_that_the_gateway_has_is_refused(streamerd, gateway_of):
    gateway = gateway_of(streamerd)
    hello(gateway)
    assert subscribe(gateway, "s").success
    assert register(streamerd).status == 409
    other = register(streamerd, expression="doc.number > 1")
    assert other.status == 409
    assert other.json["title"] == "Conflict"
    assert other.json["detail"] == (
        'subscription "s" exists with another filter'
    )


def test_what_is_registered_can_be_subscribed_to_as_it_is(
    streamerd, gateway_of
):
    registered = register(streamerd).json
    gateway = gateway_of(streamerd)
    hello(gateway)
    answer = subscribe(gateway, "s")
    assert answer.success
    assert answer.from_progress == registered["fromProgress"]
    assert listed(streamerd) == [("g", "s")]


def test_a_quota_that_is_used_up_is_named(start):
    service = start("--subscription.quota.max_per_gateway", "1")
    assert register(service, "a").status == 201
    refused = register(service, "b")
    assert refused.status == 429
    assert refused.json["quota"] == "gateway"
    assert listed(service) == [("g", "a")]


def test_of_several_gateways_one_must_be_named(streamerd):
    for gateway_id in ("g", "h"):
        assert register(streamerd, gateway_id=gateway_id).status == 201
    refused = renew(streamerd, "s")
    assert refused.status == 409
    assert refused.json["gateways"] == ["g", "h"]
    renewed = renew(streamerd, "s", "?gateway=h")
    assert renewed.status == 200
    assert renewed.json["subscriptionId"] == "s"
    assert unregister(streamerd, "s").status == 409
    assert unregister(streamerd, "s", "?gateway=g").status == 204
    assert listed(streamerd) == [("h", "s")]
    assert renew(streamerd, "s").status == 200


def test_what_is_not_there_cannot_be_renewed(streamerd):
    assert renew(streamerd, "s").status == 404
    assert renew(streamerd, "s", "?gateway=g").status == 404


def test_what_a_plain_gateway_holds_is_its_own(streamerd, connect):
    gateway = connect(streamerd)
    gateway.subscribe_successfully("s")
    assert unregister(streamerd, "s").status == 409
    assert renew(streamerd, "s").status == 409


def test_a_restart_keeps_what_is_registered(
    start, gateway_of, events, tmp_path
):
    service = start(*log_options(tmp_path / "log"))
    session = register(service).json["session"]
    post(service, events(2))
    service.kill()
    service.start()
    assert listed(service) == [("g", "s")]
    gateway = gateway_of(service)
    welcome = hello(gateway, session=int(session))
    assert welcome.unasked_count == 1
    assert event_ids(deliveries(gateway, 2)) == ["e1", "e2"]


def test_the_python_client_gets_what_others_registered(streamerd, events):
    register(streamerd)
    post(streamerd, events(1))

    async def run():
        gaps = []
        async with streamer.connect(
            streamerd.target, gateway_id="g", session=True
        ) as client:
            client.on_gap(gaps.append)
            [early] = await client.next_batch()
            assert early.subscription_ids == ("s",)
            await asyncio.to_thread(register, streamerd, "later")
            await asyncio.to_thread(unregister, streamerd, "s")
            await asyncio.to_thread(post, streamerd, events(1))
            [late] = await client.next_batch()
            assert late.subscription_ids == ("later",)
        return gaps

    [gap] = asyncio.run(run())
    assert gap.subscription_ids == ("s",)
    assert gap.ended == "revoked"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"gatewayId":"g"}'])
def test_a_bad_registration_changes_nothing(streamerd, body):
    answer = call(streamerd, "POST", PATH, body)
    assert answer.status == 400
    assert answer.json["field"]
    assert listed(streamerd) == []
    assert samples(streamerd)['streamer_sessions{state="disconnected"}'] == 0
