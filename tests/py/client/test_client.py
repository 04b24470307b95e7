"""The asyncio client against the real service."""

import asyncio
import contextlib
import os
import signal
import socket
import time

import pytest
import streamer
from streamerd import PATIENCE, Streamerd, wait_until

FLIGHTS = {"tenant": "t", "collection": "flights"}


def flight(number, **fields):
    return {
        **FLIGHTS,
        "id": f"f{number}",
        "event_id": f"e{number}",
        "op": "insert",
        "doc": {"number": number, **fields},
    }


@contextlib.asynccontextmanager
async def connected(service, **options):
    options = {"backoff_minimum": 0.01, "backoff_maximum": 0.1} | options
    async with asyncio.timeout(PATIENCE):
        async with streamer.connect(service.target, **options) as client:
            yield client


async def until(condition):
    """Wait for what the loop does not tell of; `connected` bounds the wait."""
    while not condition():
        await asyncio.sleep(0.005)


async def take(client, count):
    deliveries = []
    while len(deliveries) < count:
        deliveries += await client.next_batch(limit=count - len(deliveries))
    return deliveries


def event_ids(deliveries):
    return [delivery.event.event_id for delivery in deliveries]


class TestDelivery:
    async def test_a_delivery_says_everything_about_its_event(self, streamerd):
        async with connected(streamerd, gateway_id="g1") as client:
            before = time.monotonic_ns()
            await client.subscribe(id="s1", **FLIGHTS)
            await client.subscribe(id="s2", expression="doc.x > 1", **FLIGHTS)
            streamerd.ingest([{**flight(1, x=0.5), "timestamp": 1234}])
            streamerd.ingest([flight(2, x=2)])
            first, second = await take(client, 2)

            assert first.subscription_ids == ("s1",)
            assert second.subscription_ids == ("s1", "s2")
            assert first.gateway == "g1"
            assert before < first.received_ns <= second.received_ns
            assert second.received_ns < time.monotonic_ns()
            event = first.event
            assert event is first.event
            assert event.event_id == "e1"
            assert event.tenant == "t"
            assert event.collection == "flights"
            assert event.id == "f1"
            assert event.operation == "insert"
            assert event.timestamp_ms == 1234
            assert event.before is None
            assert event.document == {
                "number": 1,
                "x": 0.5,
                "id": "f1",
                "collection": "flights",
            }
            assert event.document is event.document

    async def test_numbers_keep_the_spelling_of_the_source(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            line = (
                b'{"tenant":"t","collection":"flights","id":"1","op":"insert",'
                b'"doc":{"x":1.50e0}}'
            )
            assert streamerd.post("/v1/events", line)[0] == 202
            [delivery] = await take(client, 1)
            assert b'"x":1.50e0' in delivery.event.document_json

    async def test_deliveries_keep_the_order_of_the_events(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(expression="doc.number % 2 == 0", **FLIGHTS)
            streamerd.ingest(flight(number) for number in range(4000))
            deliveries = await take(client, 2000)
            assert event_ids(deliveries) == [f"e{n}" for n in range(0, 4000, 2)]

    async def test_a_hard_delete_has_no_document(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest([{**FLIGHTS, "id": "f1", "op": "delete"}])
            [delivery] = await take(client, 1)
            assert delivery.event.operation == "delete"
            assert delivery.event.document_json == b""
            assert delivery.event.document is None

    async def test_async_for_gives_one_after_the_other(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest(flight(number) for number in range(1000))
            taken = []
            async for delivery in client:
                taken.append(delivery.event.event_id)
                if len(taken) == 600:
                    break
            async for delivery in client:
                taken.append(delivery.event.event_id)
                if len(taken) == 1000:
                    break
            assert taken == [f"e{number}" for number in range(1000)]

    async def test_structured_filters_reach_the_service(self, streamerd):
        where = streamer.Filter.where
        filter_ = (
            where("carrier", "in", ["AA", "UA"])
            & where("delay", ">=", 1.5)
            & where("tags", "contains", "late")
            & where("international", "==", True)
        )
        match = {
            "carrier": "UA",
            "delay": 2,
            "tags": ["late"],
            "international": True,
        }
        async with connected(streamerd) as client:
            await client.subscribe(filter=filter_, **FLIGHTS)
            streamerd.ingest(
                [
                    flight(1, **match | {"carrier": "DL"}),
                    flight(2, **match | {"delay": 1}),
                    flight(3, **match | {"tags": []}),
                    flight(4, **match | {"international": 1}),
                    flight(5, **match),
                ]
            )
            assert event_ids(await take(client, 1)) == ["e5"]

    async def test_filter_and_expression_must_both_hold(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(
                filter=streamer.Filter.cel("doc.a"),
                expression="doc.b",
                **FLIGHTS,
            )
            streamerd.ingest(
                [
                    flight(1, a=True, b=False),
                    flight(2, a=False, b=True),
                    flight(3, a=True, b=True),
                ]
            )
            assert event_ids(await take(client, 1)) == ["e3"]

    async def test_two_clients_get_each_its_own(self, streamerd):
        async with connected(streamerd) as one, connected(streamerd) as two:
            await one.subscribe(id="s", expression="doc.number < 2", **FLIGHTS)
            await two.subscribe(id="s", expression="doc.number > 0", **FLIGHTS)
            streamerd.ingest(flight(number) for number in range(3))
            assert event_ids(await take(one, 2)) == ["e0", "e1"]
            assert event_ids(await take(two, 2)) == ["e1", "e2"]

    async def test_tasks_that_take_share_the_deliveries(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            takers = [
                asyncio.ensure_future(client.next_batch(limit=1))
                for _ in range(4)
            ]
            streamerd.ingest(flight(number) for number in range(4))
            taken = [
                event_ids(batch)[0] for batch in await asyncio.gather(*takers)
            ]
            assert sorted(taken) == ["e0", "e1", "e2", "e3"]

    async def test_other_tasks_get_a_turn_between_batches(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest(flight(number) for number in range(100))
            turns = 0

            async def count_turns():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            counter = asyncio.ensure_future(count_turns())
            for _ in range(100):
                await client.next_batch(limit=1)
            assert turns >= 99
            counter.cancel()


class TestSubscribe:
    async def test_the_answer_names_the_subscription(self, streamerd):
        async with connected(streamerd, gateway_id="g1") as client:
            one = await client.subscribe(**FLIGHTS)
            two = await client.subscribe(id="s2", **FLIGHTS)
            assert len(one.id) == 36
            assert two.id == "s2"
            assert two.gateway == "g1"
            assert two.handle > one.handle > 0
            assert two.progress.startswith("p")
            assert two.expires_at_ms is None
            assert client.statistics()["subscriptions"] == 2

    async def test_a_bad_expression_is_refused_with_its_position(
        self, streamerd
    ):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.FilterError) as caught:
                await client.subscribe(
                    expression="doc.a ==\n  docs.b", **FLIGHTS
                )
            assert str(caught.value) == (
                "ERROR: 2:3: undeclared reference to 'docs': expected one of "
                "doc, data, before, op, tenant, collection, id, timestamp\n"
                " |   docs.b\n"
                " | ..^"
            )
            assert caught.value.position == (11, 2, 3)
            assert client.statistics()["subscriptions"] == 0

    async def test_an_empty_expression_is_refused(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.FilterError) as caught:
                await client.subscribe(expression="", **FLIGHTS)
            assert caught.value.position == (0, 1, 1)

    async def test_an_empty_id_is_refused(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.InvalidArgument) as caught:
                await client.subscribe(id="", **FLIGHTS)
            assert str(caught.value) == "id: expected text, got none"

    async def test_a_bad_collection_is_refused_by_the_service(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.InvalidArgument) as caught:
                await client.subscribe(tenant="t", collection="a//b")
            assert str(caught.value) == (
                'collection: expected a path without empty segments, got "a//b"'
            )

    async def test_a_constant_that_the_wire_lacks_is_refused(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.FilterError) as caught:
                await client.subscribe(
                    filter=streamer.Filter.where("a", "==", None), **FLIGHTS
                )
            assert str(caught.value) == (
                "filters[0].value: expected a string, number, bool or list, "
                "got null_type"
            )

    async def test_another_filter_under_the_same_id_exists_already(
        self, streamerd
    ):
        async with connected(streamerd) as client:
            await client.subscribe(id="s1", expression="doc.a > 1", **FLIGHTS)
            again = await client.subscribe(
                id="s1", expression="(doc.a > 1)", **FLIGHTS
            )
            assert again.id == "s1"
            with pytest.raises(streamer.AlreadyExists) as caught:
                await client.subscribe(id="s1", **FLIGHTS)
            assert str(caught.value) == (
                'subscription "s1" exists with another filter'
            )
            streamerd.ingest([flight(1, a=2)])
            assert event_ids(await take(client, 1)) == ["e1"]

    async def test_a_quota_that_is_used_up_names_its_scope(self, tmp_path):
        service = Streamerd(
            tmp_path / "log", "--subscription.quota.max_per_gateway=1"
        )
        service.start()
        try:
            async with connected(service) as client:
                await client.subscribe(**FLIGHTS)
                with pytest.raises(streamer.QuotaExceeded) as caught:
                    await client.subscribe(**FLIGHTS)
                assert caught.value.scope == "gateway"
                assert str(caught.value) == (
                    "quota exceeded: expected at most 1 subscriptions per "
                    "gateway, got 2"
                )
        finally:
            service.kill()

    async def test_many_at_once_are_all_answered(self, streamerd):
        async with connected(streamerd) as client:
            made = await asyncio.gather(
                *(
                    client.subscribe(
                        id=f"s{number}",
                        expression=f"doc.number == {number}",
                        **FLIGHTS,
                    )
                    for number in range(500)
                )
            )
            assert [each.id for each in made] == [f"s{n}" for n in range(500)]
            streamerd.ingest(flight(number) for number in range(500))
            deliveries = await take(client, 500)
            assert [each.subscription_ids for each in deliveries] == [
                (f"s{number}",) for number in range(500)
            ]

    async def test_cancelling_takes_the_request_back(self, streamerd):
        async with connected(streamerd) as client:
            os.kill(streamerd.pid, signal.SIGSTOP)
            asking = asyncio.ensure_future(client.subscribe(id="s", **FLIGHTS))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            os.kill(streamerd.pid, signal.SIGCONT)
            assert client.statistics()["subscriptions"] == 0
            await client.subscribe(id="s", expression="doc.a", **FLIGHTS)
            streamerd.ingest([flight(1, a=False), flight(2, a=True)])
            assert event_ids(await take(client, 1)) == ["e2"]


class TestUnsubscribe:
    async def test_nothing_comes_afterwards(self, streamerd):
        async with connected(streamerd) as client:
            gone = await client.subscribe(id="gone", **FLIGHTS)
            await client.subscribe(id="kept", **FLIGHTS)
            streamerd.ingest(flight(number) for number in range(50))
            await take(client, 1)
            await client.unsubscribe(gone)
            streamerd.ingest(flight(number) for number in range(50, 100))
            ids = {each.subscription_ids for each in await take(client, 99)}
            assert ids == {("kept",)}

    async def test_of_an_unknown_id_is_not_found(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.NotFound) as caught:
                await client.unsubscribe("s1")
            assert str(caught.value) == 'no subscription "s1" on this client'


class TestReconnect:
    async def test_after_a_crash_of_the_service_it_goes_on(self, streamerd):
        async with connected(streamerd) as client:
            gaps = []
            client.on_gap(gaps.append)
            await client.subscribe(id="s1", **FLIGHTS)
            await client.subscribe(
                id="s2", expression="doc.number == 2", **FLIGHTS
            )
            streamerd.ingest([flight(1)])
            assert event_ids(await take(client, 1)) == ["e1"]

            streamerd.kill()
            await until(lambda: client.state == "reconnecting")
            streamerd.start()
            await until(
                lambda: sum(len(gap.subscription_ids) for gap in gaps) >= 2
            )
            assert client.state == "connected"
            named = [id_ for gap in gaps for id_ in gap.subscription_ids]
            assert sorted(named) == ["s1", "s2"]
            assert all(
                gap.reason.startswith("the stream broke") for gap in gaps
            )
            assert client.statistics()["reconnects"] == 1

            streamerd.ingest([flight(2)])
            [delivery] = await take(client, 1)
            assert delivery.subscription_ids == ("s1", "s2")

    async def test_a_clean_stop_of_the_service_is_a_gap_too(self, streamerd):
        async with connected(streamerd) as client:
            gaps = []
            client.on_gap(gaps.append)
            await client.subscribe(id="s1", **FLIGHTS)
            assert streamerd.stop() == 0
            streamerd.start()
            await until(lambda: gaps)
            streamerd.ingest([flight(1)])
            assert event_ids(await take(client, 1)) == ["e1"]

    async def test_what_was_received_before_comes_before_the_gap(
        self, streamerd
    ):
        async with connected(streamerd) as client:
            seen = []
            client.on_gap(lambda gap: seen.append("gap"))
            await client.subscribe(id="s1", **FLIGHTS)
            streamerd.ingest(flight(number) for number in range(10))
            await until(lambda: client.statistics()["queued_deliveries"] >= 10)
            streamerd.kill()
            streamerd.start()
            await until(lambda: client.statistics()["reconnects"] >= 1)
            # Answered in order: this one tells that the first was.
            await client.subscribe(id="s2", expression="false", **FLIGHTS)
            streamerd.ingest([flight(10)])
            while len(seen) < 12:
                seen += event_ids(await client.next_batch(limit=3))
            assert seen == [f"e{n}" for n in range(10)] + ["gap", "e10"]

    async def test_subscribing_while_disconnected_waits_for_the_service(
        self, streamerd
    ):
        async with connected(streamerd) as client:
            streamerd.kill()
            await until(lambda: client.state == "reconnecting")
            asking = asyncio.ensure_future(client.subscribe(id="s", **FLIGHTS))
            await asyncio.sleep(0)
            assert not asking.done()
            streamerd.start()
            assert (await asking).id == "s"

    async def test_a_callback_that_fails_disturbs_nothing(self, streamerd):
        async with connected(streamerd) as client:
            failures = []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: failures.append(context["message"])
            )

            @client.on_gap
            def fail(gap):
                raise RuntimeError("no")

            await client.subscribe(id="s1", **FLIGHTS)
            streamerd.kill()
            streamerd.start()
            await until(lambda: failures)
            assert failures == ["a callback of on_gap failed"]
            streamerd.ingest([flight(1)])
            assert event_ids(await take(client, 1)) == ["e1"]


class TestBackpressure:
    async def test_a_slow_consumer_bounds_the_queue_and_loses_nothing(
        self, streamerd
    ):
        async with connected(streamerd, queue_deliveries=64) as client:
            await client.subscribe(**FLIGHTS)
            text = "x" * 2000
            for start in range(0, 4000, 500):
                streamerd.ingest(
                    flight(n, text=text) for n in range(start, start + 500)
                )
            await until(lambda: client.statistics()["reading_pauses"] > 0)
            taken = []
            while len(taken) < 4000:
                assert client.statistics()["queued_deliveries"] <= 64
                taken += event_ids(await client.next_batch(limit=7))
            assert taken == [f"e{number}" for number in range(4000)]
            assert client.statistics()["reconnects"] == 0


class TestConnect:
    async def test_a_service_that_is_not_there_is_unavailable(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(streamer.Unavailable) as caught:
            async with streamer.connect(
                f"127.0.0.1:{port}", connect_timeout=0.2
            ):
                pass
        assert str(caught.value).startswith(
            f'cannot reach "127.0.0.1:{port}" within 200 ms: '
        )

    async def test_a_client_can_be_entered_once(self, streamerd):
        client = streamer.connect(streamerd.target)
        async with client:
            assert client.state == "connected"
        with pytest.raises(streamer.ClosedError):
            async with client:
                pass

    async def test_an_option_out_of_range_is_refused(self):
        with pytest.raises(streamer.InvalidArgument) as caught:
            streamer.connect("127.0.0.1:1", connect_timeout=0)
        assert str(caught.value) == (
            "connect_timeout: expected more than 0, got 0"
        )

    async def test_nothing_works_before_it_is_entered(self):
        client = streamer.connect("127.0.0.1:1")
        with pytest.raises(streamer.ClosedError) as caught:
            await client.subscribe(**FLIGHTS)
        assert str(caught.value) == (
            'the client is not connected: use "async with"'
        )
        with pytest.raises(streamer.ClosedError):
            client.statistics()


class TestClose:
    async def test_what_came_with_the_end_is_given_before_it(
        self, streamerd, monkeypatch
    ):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            take_now = client._take

            def find_nothing_just_before(limit):
                nothing = take_now(limit)
                monkeypatch.setattr(client, "_take", take_now)
                streamerd.ingest([flight(1)])
                wait_until(
                    lambda: client.statistics()["queued_deliveries"] == 1,
                    "it to be received",
                )
                client.close()
                return nothing

            monkeypatch.setattr(client, "_take", find_nothing_just_before)
            assert event_ids(await client.next_batch()) == ["e1"]
            with pytest.raises(streamer.ClosedError, match="client is closed"):
                await client.next_batch()

    async def test_closing_ends_who_takes_and_who_asks(self, streamerd):
        async with connected(streamerd) as client:

            async def iterate():
                return [delivery async for delivery in client]

            iterating = asyncio.ensure_future(iterate())
            taking = asyncio.ensure_future(client.next_batch())
            os.kill(streamerd.pid, signal.SIGSTOP)
            asking = asyncio.ensure_future(client.subscribe(**FLIGHTS))
            for _ in range(3):
                await asyncio.sleep(0)
            client.close()
            os.kill(streamerd.pid, signal.SIGCONT)
            assert await iterating == []
            with pytest.raises(streamer.ClosedError, match="client is closed"):
                await taking
            with pytest.raises(streamer.ClosedError, match="client is closed"):
                await asking
            assert client.state == "closed"
            client.close()

    async def test_what_was_received_can_still_be_taken(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest(flight(number) for number in range(3))
            await until(lambda: client.statistics()["queued_deliveries"] >= 3)
            client.close()
            assert event_ids(await client.next_batch()) == ["e0", "e1", "e2"]
            with pytest.raises(streamer.ClosedError):
                await client.next_batch()
            with pytest.raises(streamer.ClosedError):
                await client.subscribe(**FLIGHTS)

    async def test_the_subscriptions_of_a_closed_client_go(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(id="s1", **FLIGHTS)
        async with connected(streamerd) as client:
            await client.subscribe(id="s1", expression="doc.a", **FLIGHTS)

    async def test_cancelling_next_batch_loses_nothing(self, streamerd):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            for number in range(50):
                taking = asyncio.ensure_future(client.next_batch())
                await asyncio.sleep(0)
                streamerd.ingest([flight(number)])
                taking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    taken = event_ids(await taking)
                    pytest.fail(f"cancelled, yet took {taken}")
            assert event_ids(await take(client, 50)) == [
                f"e{number}" for number in range(50)
            ]

    async def test_a_limit_below_one_is_refused(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.InvalidArgument) as caught:
                await client.next_batch(limit=0)
            assert str(caught.value) == "limit: expected at least 1, got 0"
