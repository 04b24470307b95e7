"""What gateways may rely on that know the plain wire only."""

import json
import queue
import uuid

import grpc
import pytest
from calls import active_subscriptions, get, samples
from plain_wire import (
    DELETE,
    INSERT,
    METHOD,
    UPDATE,
    condition,
    unknown_numbers,
    value_of,
)
from streamerd import wait_until


def hello():
    """Return the bytes of GatewayMessage{hello {gateway_id: "g"}}."""
    return b"\x82\x01\x03\x0a\x01g"


def varint(number):
    """Return the wire's form of a number."""
    low = number & 0x7F
    return (
        bytes([low | 0x80]) + varint(number >> 7)
        if number > 0x7F
        else bytes([low])
    )


def subscribe_with_expression(wire, subscription_id, expression):
    """Return a GatewayMessage whose subscribe has field 16, not in the wire.

    What a plain gateway cannot say, a newer one on a plain stream can.
    """
    request = wire.SubscribeRequest(
        subscription_id=subscription_id, database="t", collection="c"
    ).SerializeToString()
    text = expression.encode()
    request += b"\x82\x01" + varint(len(text)) + text
    return b"\x0a" + varint(len(request)) + request


class TestDelivery:
    def test_a_delivery_says_everything_about_its_event(
        self, streamerd, connect
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("s1")
        gateway.subscribe_successfully("s2", condition("price", ">=", 10))
        source = {"tenant": "t", "collection": "c", "id": "d1"}
        streamerd.ingest(
            [
                {
                    **source,
                    "event_id": "e1",
                    "op": "insert",
                    "doc": {"price": 12.50},
                    "timestamp": 1234,
                },
                {**source, "event_id": "e2", "op": "update", "doc": {}},
                {**source, "event_id": "e3", "op": "delete"},
            ]
        )
        first, second, third = (gateway.delivery() for _ in range(3))
        assert sorted(first.subscription_ids) == ["s1", "s2"]
        event = first.event
        assert event.event_id == "e1"
        assert event.tenant == "t"
        assert event.collection == "c"
        assert event.document_id == "d1"
        assert event.operation == INSERT
        assert event.timestamp == 1234
        assert json.loads(event.document_data) == {
            "price": 12.5,
            "id": "d1",
            "collection": "c",
        }
        assert list(second.subscription_ids) == ["s1"]
        assert second.event.operation == UPDATE
        assert list(third.subscription_ids) == ["s1"]
        assert third.event.operation == DELETE
        assert third.event.document_data == b""

    def test_deliveries_come_in_the_order_of_the_log(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        streamerd.ingest(events(2000))
        assert gateway.event_ids(2000) == [f"e{n}" for n in range(1, 2001)]

    def test_an_event_never_reaches_another_tenant(
        self, streamerd, connect, events
    ):
        ours, theirs = connect(streamerd), connect(streamerd)
        ours.subscribe_successfully("s", tenant="t")
        theirs.subscribe_successfully("s", tenant="u")
        streamerd.ingest(events(1))
        streamerd.ingest([{**event, "tenant": "u"} for event in events(1)])
        assert ours.event_ids(1) == ["e1"]
        assert theirs.event_ids(1) == ["e2"]

    def test_a_subscription_starts_with_the_event_after_its_answer(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        streamerd.ingest(events(1))
        gateway.subscribe_successfully()
        streamerd.ingest(events(1))
        assert gateway.event_ids(1) == ["e2"]

    def test_nothing_comes_after_an_unsubscribe(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("gone")
        gateway.subscribe_successfully("stays")
        gateway.send(unsubscribe={"subscription_id": "gone"})
        wait_until(
            lambda: active_subscriptions(streamerd) == 1, "the unsubscribe"
        )
        streamerd.ingest(events(1))
        assert list(gateway.delivery().subscription_ids) == ["stays"]

    def test_a_duplicate_event_is_delivered_once(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        first, second = events(2)
        streamerd.ingest([first])
        streamerd.ingest([first, second])
        assert gateway.event_ids(2) == ["e1", "e2"]
        assert samples(streamerd)["streamer_duplicate_events_total"] == 1

    def test_another_payload_under_the_same_id_is_another_event(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        (first,) = events(1)
        changed = {**first, "doc": {"number": -1}}
        streamerd.ingest([first, changed, first, changed])
        got = [gateway.delivery().event for _ in range(2)]
        assert [event.event_id for event in got] == ["e1", "e1"]
        bodies = [json.loads(event.document_data) for event in got]
        assert [body["number"] for body in bodies] == [1, -1]
        assert samples(streamerd)["streamer_duplicate_events_total"] == 2

    def test_only_answers_carry_fields_that_the_table_lacks(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.send(heartbeat={"timestamp": 1})
        messages = [gateway.receive()]
        gateway.send(subscribe={"database": "t", "collection": "c"})
        messages.append(gateway.receive())
        gateway.send(subscribe={"database": "", "collection": "c"})
        messages.append(gateway.receive())
        streamerd.ingest(events(1))
        messages.append(gateway.receive())
        gateway.send(heartbeat={"timestamp": 2})
        messages.append(gateway.receive())
        gateway.send(unsubscribe={"subscription_id": "unknown"})
        gateway.half_close()
        rest, _, _ = gateway.read_to_end()
        assert rest == []
        kinds = [message.WhichOneof("payload") for message in messages]
        assert kinds == [
            "heartbeat_ack",
            "subscribe_response",
            "subscribe_response",
            "delivery",
            "heartbeat_ack",
        ]
        for answer in messages[1:3]:
            numbers = unknown_numbers(answer)["SubscribeResponse"]
            assert numbers <= {16, 17, 18, 19}
        for other in [messages[0], *messages[3:]]:
            assert unknown_numbers(other) == {}


class TestSubscribe:
    def test_an_empty_id_comes_back_as_a_uuid(self, streamerd, connect, events):
        gateway = connect(streamerd)
        first, second = gateway.subscribe(""), gateway.subscribe("")
        assert first.success
        assert second.success
        ids = {first.subscription_id, second.subscription_id}
        assert len(ids) == 2
        assert {uuid.UUID(text).version for text in ids} == {4}
        streamerd.ingest(events(1))
        assert set(gateway.delivery().subscription_ids) == ids

    def test_underscore_id_means_the_id_of_the_document(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("one", condition("_id", "==", "d2"))
        gateway.subscribe_successfully("in", condition("_id", "in", ["d3"]))
        gateway.subscribe_successfully("ne", condition("_id", "!=", "d3"))
        streamerd.ingest(events(3))
        got = [sorted(gateway.delivery().subscription_ids) for _ in range(3)]
        assert got == [["ne"], ["ne", "one"], ["in"]]

    @pytest.mark.parametrize(
        ("filters", "error"),
        [
            (
                [{"field": "a", "op": "=="}],
                "filters[0].value: expected one of string_value, int_value, "
                "double_value, bool_value, list_value, got nothing",
            ),
            (
                [
                    condition("a", "==", 1),
                    {"field": "a", "op": ">", "value": {}},
                ],
                "filters[1].value: expected one of string_value, int_value, "
                "double_value, bool_value, list_value, got nothing",
            ),
            (
                [
                    {
                        "field": "a",
                        "op": "in",
                        "value": {
                            "list_value": {"values": [value_of(1), {}]},
                        },
                    }
                ],
                "filters[0].value.list_value[1]: expected one of string_value, "
                "int_value, double_value, bool_value, list_value, got nothing",
            ),
            (
                [condition("a", "~", 1)],
                'filters[0].op: expected one of "==", "eq", "!=", "ne", ">", '
                '"gt", ">=", "gte", "<", "lt", "<=", "lte", "in", "contains", '
                '"array-contains", got "~"',
            ),
        ],
    )
    def test_a_wrong_filter_is_answered_and_the_stream_goes_on(
        self, streamerd, connect, events, filters, error
    ):
        gateway = connect(streamerd)
        answer = gateway.subscribe("wrong", *filters)
        assert answer.subscription_id == "wrong"
        assert not answer.success
        assert answer.error == error
        gateway.subscribe_successfully("right")
        streamerd.ingest(events(1))
        assert list(gateway.delivery().subscription_ids) == ["right"]

    @pytest.mark.parametrize(
        ("request_fields", "error"),
        [
            (
                {"tenant": ""},
                'tenant: expected a non-empty name, got ""',
            ),
            (
                {"collection": "a//b"},
                "collection: expected a path without empty segments, "
                'got "a//b"',
            ),
            (
                {"collection": ""},
                'collection: expected a path without empty segments, got ""',
            ),
        ],
    )
    def test_a_wrong_place_is_answered(
        self, streamerd, connect, request_fields, error
    ):
        answer = connect(streamerd).subscribe("s", **request_fields)
        assert not answer.success
        assert answer.error == error

    def test_an_id_of_megabytes_is_answered_and_the_stream_goes_on(
        self, streamerd, connect
    ):
        gateway = connect(streamerd)
        answer = gateway.subscribe("ü" * (2_097_152 - 50))
        assert not answer.success
        assert len(answer.subscription_id) == 512
        assert set(answer.subscription_id) == {"ü"}
        assert answer.error == (
            "subscription_id: expected at most 1024 bytes, got 4194204"
        )
        gateway.subscribe_successfully()

    def test_an_id_taken_by_another_filter_is_refused(self, streamerd, connect):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("s", condition("a", "==", 1))
        answer = gateway.subscribe("s", condition("a", "==", 2))
        assert not answer.success
        assert answer.error == ('subscription "s" exists with another filter')

    def test_a_filter_that_costs_too_much_is_refused_after_the_fact(
        self, start, connect, wire, events
    ):
        service = start("--cel.evaluation_timeout", "10us")
        gateway = connect(service)
        gateway.send_bytes(
            subscribe_with_expression(wire, "s", "doc.seats.all(x, x >= 0)")
        )
        assert gateway.receive().subscribe_response.success
        gateway.subscribe_successfully("other")
        service.ingest(events(1, seats=[1, 2]))
        service.ingest(events(1, seats=list(range(1000))))
        assert sorted(gateway.delivery().subscription_ids) == ["other", "s"]
        assert list(gateway.delivery().subscription_ids) == ["other"]
        answer = gateway.receive().subscribe_response
        assert (answer.subscription_id, answer.success) == ("s", False)
        assert answer.error == (
            "suspended: its filter was cut off after 1000 units of cost at "
            'event "e2", which it may have matched'
        )
        # Gone for the registry too: the id is free.
        gateway.subscribe_successfully("s")
        service.ingest(events(1))
        assert sorted(gateway.delivery().subscription_ids) == ["other", "s"]
        counted = samples(service)
        assert counted["streamer_subscriptions_suspended_total"] == 1
        evaluations = "streamer_filter_evaluations_total"
        assert counted[evaluations + '{result="over_budget"}'] == 1

    def test_repeating_a_subscribe_changes_nothing(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        for _ in range(3):
            gateway.subscribe_successfully("s", condition("number", ">", 0))
        assert active_subscriptions(streamerd) == 1
        streamerd.ingest(events(1))
        assert list(gateway.delivery().subscription_ids) == ["s"]

    def test_a_full_quota_is_answered(self, start, connect):
        service = start("--subscription.quota.max_per_gateway=1")
        gateway = connect(service)
        gateway.subscribe_successfully("s1")
        answer = gateway.subscribe("s2")
        assert not answer.success
        assert answer.error == (
            "quota exceeded: expected at most 1 subscriptions per gateway, "
            "got 2"
        )
        counted = samples(service)
        assert counted['streamer_quota_exceeded_total{scope="gateway"}'] == 1
        assert counted['streamer_quota_exceeded_total{scope="tenant"}'] == 0
        connect(service).subscribe_successfully("s2")


class TestMessages:
    @pytest.mark.parametrize(
        "message",
        [
            pytest.param(b"", id="an unset payload"),
            pytest.param(b"\xfa\x01\x02ab", id="an unknown payload"),
            pytest.param(
                b"\x8a\x01\x02\x10\x01", id="an ack without a session"
            ),
        ],
    )
    def test_what_is_not_known_is_ignored(self, streamerd, connect, message):
        gateway = connect(streamerd)
        gateway.send_bytes(message)
        gateway.send(heartbeat={"timestamp": 7})
        assert gateway.receive().heartbeat_ack.timestamp == 7

    def test_a_hello_comes_first_or_never(self, streamerd, connect):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("s")
        gateway.send_bytes(hello())
        assert gateway.read_to_end() == (
            [],
            grpc.StatusCode.INVALID_ARGUMENT,
            "hello: expected it as the first message of a stream, got another "
            "before it",
        )

    def test_bytes_that_are_no_message_end_the_stream(self, streamerd, connect):
        gateway = connect(streamerd)
        gateway.send_bytes(b"\x0a\xff\xff")
        assert gateway.read_to_end() == (
            [],
            grpc.StatusCode.INVALID_ARGUMENT,
            "expected a syntrix.streamer.v1.GatewayMessage, got 3 bytes that "
            "are none",
        )

    def test_a_heartbeat_may_be_empty(self, streamerd, connect):
        gateway = connect(streamerd)
        gateway.send(heartbeat={})
        message = gateway.receive()
        assert message.WhichOneof("payload") == "heartbeat_ack"
        assert message.heartbeat_ack.timestamp == 0

    def test_heartbeats_are_echoed_in_their_order(self, streamerd, connect):
        gateway = connect(streamerd)
        for timestamp in range(100):
            gateway.send(heartbeat={"gateway_id": "g", "timestamp": timestamp})
        echoed = [gateway.receive().heartbeat_ack.timestamp for _ in range(100)]
        assert echoed == list(range(100))


class TestStream:
    def test_half_close_ends_it_with_ok_after_the_answers(
        self, streamerd, connect
    ):
        gateway = connect(streamerd)
        request = {"database": "t", "collection": "c"}
        for number in range(20):
            gateway.send(subscribe={**request, "subscription_id": f"{number}"})
        gateway.half_close()
        messages, code, details = gateway.read_to_end()
        assert [
            message.subscribe_response.subscription_id for message in messages
        ] == [f"{number}" for number in range(20)]
        assert code == grpc.StatusCode.OK
        assert details == ""

    @pytest.mark.parametrize("end", ["half_close", "close"])
    def test_its_subscriptions_go_with_it(
        self, streamerd, connect, events, end
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("s1")
        gateway.subscribe_successfully("s2", condition("a", "==", 1))
        assert active_subscriptions(streamerd) == 2
        getattr(gateway, end)()
        wait_until(
            lambda: active_subscriptions(streamerd) == 0, "they are gone"
        )
        listed = get(streamerd, "/internal/v1/subscriptions").json
        assert listed["subscriptions"] == []
        assert (
            samples(streamerd)["streamer_subscriptions_unregistered_total"] == 2
        )
        # A new stream is a new gateway: the old one's subscriptions are none
        # of its own, and their ids are free.
        newcomer = connect(streamerd)
        streamerd.ingest(events(1))
        newcomer.subscribe_successfully("s1", condition("number", ">", 1))
        streamerd.ingest(events(1))
        delivery = newcomer.delivery()
        assert delivery.event.event_id == "e2"
        assert list(delivery.subscription_ids) == ["s1"]

    def test_many_may_share_a_connection(self, streamerd, wire, events):
        count = 50
        with grpc.insecure_channel(streamerd.target) as channel:
            stream = channel.stream_stream(
                METHOD,
                request_serializer=wire.GatewayMessage.SerializeToString,
                response_deserializer=wire.StreamerMessage.FromString,
            )
            request = wire.GatewayMessage(
                subscribe={
                    "subscription_id": "s",
                    "database": "t",
                    "collection": "c",
                }
            )
            sent = [queue.SimpleQueue() for _ in range(count)]
            calls = [stream(iter(requests.get, None)) for requests in sent]
            for requests in sent:
                requests.put(request)
            for call in calls:
                assert next(call).subscribe_response.success
            streamerd.ingest(events(1))
            for call in calls:
                assert next(call).delivery.event.event_id == "e1"
            gauge = "streamer_gateways_connected"
            assert samples(streamerd)[gauge] == count
            for requests in sent:
                requests.put(None)
            for call in calls:
                assert list(call) == []
                assert call.code() == grpc.StatusCode.OK
