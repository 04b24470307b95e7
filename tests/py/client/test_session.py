"""The asyncio client with a session, against the real service."""

import asyncio
import os
import signal
import time

import pytest
import streamer
from calls import samples
from streamerd import Streamerd
from test_client import FLIGHTS, connected, event_ids, flight, take, until


@pytest.fixture
def durable(tmp_path):
    """A running streamerd that finds its log and its state again."""
    service = Streamerd(
        tmp_path / "streamerd.log", f"--log.path={tmp_path}/log"
    )
    service.start()
    yield service
    service.kill()


def session(service, **options):
    return connected(service, session=True, gateway_id="g", **options)


class Gaps(list):
    """What `on_gap` was told."""

    def __init__(self, client):
        super().__init__()
        client.on_gap(self.append)


class TestWelcome:
    async def test_says_how_the_session_goes_on_on_each_stream(self, durable):
        async with session(durable) as client:
            welcomes = []
            client.on_welcome(welcomes.append)
            await client.subscribe(id="s", **FLIGHTS)
            durable.ingest(flight(number) for number in range(2))
            first = await take(client, 2)
            durable.kill()
            durable.start()
            await until(lambda: len(welcomes) == 2)
            durable.ingest([flight(2)])
            last = await take(client, 1)
            assert [
                (welcome.continuity, welcome.next_sequence)
                for welcome in welcomes
            ] == [("new", 1), ("complete", 1)]
            numbers = [welcome.session for welcome in welcomes]
            assert [each.session for each in first] == numbers[:1] * 2
            assert [each.session for each in last] == numbers[1:]
            assert numbers[0] != numbers[1]

    async def test_the_newest_is_told_at_once(self, durable):
        async with session(durable) as client:
            early = []
            client.on_welcome(early.append)
            await until(lambda: early)
            late = []
            client.on_welcome(late.append)
            assert late == early

    async def test_nobody_welcomes_a_client_without_a_session(self, durable):
        async with connected(durable) as client:
            welcomes = []
            client.on_welcome(welcomes.append)
            await client.subscribe(id="s", **FLIGHTS)
            durable.ingest([flight(1)])
            [delivery] = await take(client, 1)
            assert delivery.session == 0
            assert welcomes == []


class TestBrokenStream:
    async def test_nothing_is_missed_and_nothing_comes_twice(self, durable):
        async with session(durable) as client:
            gaps = Gaps(client)
            await client.subscribe(
                id="even", expression="doc.number % 2 == 0", **FLIGHTS
            )
            await client.subscribe(id="all", **FLIGHTS)
            taken = []
            for restart in range(3):
                first = restart * 40
                durable.ingest(flight(n) for n in range(first, first + 20))
                taken += await take(client, 5)
                durable.kill()
                durable.start()
                await until(
                    lambda count=restart + 1: (
                        client.statistics()["reconnects"] == count
                    )
                )
                durable.ingest(flight(n) for n in range(first + 20, first + 40))
            taken += await take(client, 105)
            assert event_ids(taken) == [f"e{n}" for n in range(120)]
            assert [each.subscription_ids for each in taken[:2]] == [
                ("even", "all"),
                ("all",),
            ]
            assert gaps == []
            assert client.statistics()["reconnects"] == 3
            assert client.statistics()["subscriptions"] == 2

    async def test_a_service_that_forgot_says_so(self, streamerd):
        async with session(streamerd) as client:
            gaps = Gaps(client)
            await client.subscribe(id="s1", **FLIGHTS)
            await client.subscribe(id="s2", **FLIGHTS)
            streamerd.kill()
            streamerd.start()
            await until(
                lambda: sum(len(gap.subscription_ids) for gap in gaps) >= 2
            )
            named = [id_ for gap in gaps for id_ in gap.subscription_ids]
            assert sorted(named) == ["s1", "s2"]
            assert gaps[0].reason == (
                "the service lost continuity of the session"
            )
            assert gaps[0].ended is None
            streamerd.ingest([flight(1)])
            [delivery] = await take(client, 1)
            assert delivery.subscription_ids == ("s1", "s2")

    async def test_what_is_asked_while_it_is_away_is_done_later(self, durable):
        async with session(durable) as client:
            await client.subscribe(id="gone", **FLIGHTS)
            durable.kill()
            await until(lambda: client.state == "reconnecting")
            ending = asyncio.ensure_future(client.unsubscribe("gone"))
            asking = asyncio.ensure_future(
                client.subscribe(id="made", **FLIGHTS)
            )
            await asyncio.sleep(0)
            assert not ending.done()
            durable.start()
            await ending
            assert (await asking).id == "made"
            durable.ingest([flight(1)])
            [delivery] = await take(client, 1)
            assert delivery.subscription_ids == ("made",)

    async def test_a_clean_stop_is_no_gap_either(self, durable):
        async with session(durable) as client:
            gaps = Gaps(client)
            await client.subscribe(id="s", **FLIGHTS)
            assert durable.stop() == 0
            durable.start()
            durable.ingest([flight(1)])
            assert event_ids(await take(client, 1)) == ["e1"]
            assert gaps == []


class TestDelivery:
    async def test_sequence_and_progress_are_told(self, streamerd):
        async with session(streamerd) as client:
            made = await client.subscribe(id="s", **FLIGHTS)
            streamerd.ingest(flight(n) for n in range(3))
            deliveries = await take(client, 3)
            assert [each.sequence for each in deliveries] == [1, 2, 3]
            assert made.progress.startswith("p1-")
            assert deliveries[0].progress.startswith("p1-")
            assert deliveries[0].gateway == "g"
            assert not deliveries[0].is_redelivered
            assert not deliveries[0].is_catching_up
            assert not deliveries[0].is_document_omitted
            assert deliveries[0].coalesced == 0

    async def test_many_are_taken_one_by_one(self, streamerd):
        async with session(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest(flight(n) for n in range(2000))
            ids = []
            async for delivery in client:
                ids.append(delivery.event.event_id)
                if len(ids) == 2000:
                    break
            assert ids == [f"e{n}" for n in range(2000)]

    async def test_a_slow_reader_is_caught_up_from_the_log(self, tmp_path):
        service = Streamerd(tmp_path / "log", "--outbox.max_deliveries=50")
        service.start()
        try:
            async with session(service, queue_deliveries=8) as client:
                gaps = Gaps(client)
                await client.subscribe(**FLIGHTS)
                service.ingest(flight(n) for n in range(500))
                taken = []
                while len(taken) < 500:
                    taken += await client.next_batch(limit=3)
                assert event_ids(taken) == [f"e{n}" for n in range(500)]
                assert any(each.is_catching_up for each in taken)
                assert gaps == []
        finally:
            service.kill()

    async def test_a_document_too_large_is_left_out(self, streamerd):
        async with session(streamerd, max_message_bytes=64 << 10) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest([flight(1, text="x" * (128 << 10)), flight(2)])
            first, second = await take(client, 2)
            assert first.is_document_omitted
            assert first.event.document is None
            assert not second.is_document_omitted
        omitted = 'streamer_documents_omitted_total{transport="grpc"}'
        assert samples(streamerd)[omitted] == 1

    async def test_who_takes_larger_messages_gets_them(self, streamerd):
        async with session(streamerd, max_message_bytes=8 << 20) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest([flight(1, text="x" * (6 << 20)), flight(2)])
            first, second = await take(client, 2)
            assert not first.is_document_omitted
            assert len(first.event.document["text"]) == 6 << 20
            assert event_ids([second]) == ["e2"]


class TestParts:
    """Ids that do not fit into one message come in several deliveries."""

    async def test_all_of_them_are_needed_and_none_comes_again(self, streamerd):
        options = {"max_message_bytes": 64 << 10, "acknowledgement": "manual"}
        async with session(streamerd, **options) as client:
            ids = [f"{n:0100}" for n in range(500)]
            await asyncio.gather(
                *(client.subscribe(id=id_, **FLIGHTS) for id_ in ids)
            )
            streamerd.ingest([flight(1)])
            first, last = await take(client, 2)
            assert first.sequence == last.sequence == 1
            got = first.subscription_ids + last.subscription_ids
            assert sorted(got) == ids
            before_last = client.session_state(after=first)
            state = client.session_state(after=last)
        async with session(streamerd, resume=before_last, **options) as client:
            again = await take(client, 2)
            assert event_ids(again) == ["e1", "e1"]
        async with session(streamerd, resume=state, **options) as client:
            streamerd.ingest([flight(2)])
            assert event_ids(await take(client, 1)) == ["e2"]


class TestAcknowledgement:
    async def test_what_was_not_processed_comes_to_the_next_client(
        self, streamerd
    ):
        async with session(streamerd) as client:
            await client.subscribe(id="s", **FLIGHTS)
            streamerd.ingest(flight(n) for n in range(10))
            processed = await take(client, 4)
            state = client.session_state(after=processed[-1])
        async with session(streamerd, resume=state) as client:
            gaps = Gaps(client)
            deliveries = await take(client, 6)
            assert event_ids(deliveries) == [f"e{n}" for n in range(4, 10)]
            assert deliveries[0].subscription_ids == ("s",)
            await client.unsubscribe("s")
            assert gaps == []

    async def test_a_killed_process_misses_nothing_and_repeats_nothing(
        self, streamerd
    ):
        state = ""
        handled = []
        for attempt in range(5):
            async with session(
                streamerd, resume=state, acknowledgement="manual"
            ) as client:
                gaps = Gaps(client)
                await client.subscribe(id="s", **FLIGHTS)
                if attempt == 0:
                    streamerd.ingest(flight(n) for n in range(10))
                delivery = (await take(client, 2))[0]
                state = client.session_state(after=delivery)
                handled.append(delivery.event.event_id)
                if attempt % 2:
                    client.acknowledge(delivery)
                assert gaps == []
        assert handled == [f"e{n}" for n in range(5)]

    async def test_a_state_older_than_what_was_acknowledged_is_a_gap(
        self, streamerd
    ):
        async with session(streamerd) as client:
            await client.subscribe(id="s", **FLIGHTS)
            state = client.session_state()
            streamerd.ingest(flight(n) for n in range(10))
            client.acknowledge((await take(client, 10))[-1])
        client = streamer.connect(
            streamerd.target, gateway_id="g", session=True, resume=state
        )
        gaps = Gaps(client)
        async with client:
            await until(lambda: gaps)
        assert gaps[0].subscription_ids == ()
        assert gaps[0].reason == "the service lost continuity of the session"

    async def test_another_clients_delivery_is_refused(self, streamerd):
        async with (
            session(streamerd) as client,
            connected(streamerd, session=True, gateway_id="other") as other,
        ):
            await client.subscribe(**FLIGHTS)
            streamerd.ingest([flight(1)])
            [delivery] = await take(client, 1)
            client.acknowledge(delivery)
            with pytest.raises(streamer.InvalidArgument) as caught:
                other.acknowledge(delivery)
            assert str(caught.value) == (
                "delivery: expected a delivery that this client received, "
                "got another"
            )
            with pytest.raises(streamer.InvalidArgument):
                other.session_state(after=delivery)

    async def test_without_a_session_there_is_nothing_to_acknowledge(
        self, streamerd
    ):
        async with connected(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest([flight(1)])
            [delivery] = await take(client, 1)
            with pytest.raises(streamer.InvalidArgument) as caught:
                client.acknowledge(delivery)
            assert str(caught.value) == (
                "acknowledge: expected a client with session=True"
            )
            assert client.session_state() == ""


def change(op, number, before=None):
    event = {**FLIGHTS, "id": "f", "op": op, "doc": {"number": number}}
    if before is not None:
        event["before"] = {"number": before}
    return event


BIG = {"id": "big", "expression": "doc.number > 10", "membership": True}


class TestMembership:
    async def test_before_images_make_it_exact(self, streamerd):
        async with session(streamerd) as client:
            await client.subscribe(**BIG, **FLIGHTS)
            streamerd.ingest(
                [
                    change("update", 20, before=5),
                    change("update", 30, before=20),
                    change("update", 5, before=30),
                    change("update", 6, before=5),
                    change("delete", 20, before=20),
                ]
            )
            told = [each.memberships for each in await take(client, 4)]
            assert told == [("entered",), ("changed",), ("left",), ("left",)]

    async def test_without_them_what_was_before_is_unknown(self, streamerd):
        async with session(streamerd) as client:
            await client.subscribe(**BIG, **FLIGHTS)
            streamerd.ingest([change("update", 20)])
            streamerd.ingest([{**change("update", 5), "id": "other"}])
            told = [each.memberships for each in await take(client, 2)]
            assert told == [("unknown_in",), ("unknown_out",)]

    async def test_stands_beside_subscriptions_that_did_not_ask(
        self, streamerd
    ):
        async with session(streamerd) as client:
            await client.subscribe(id="all", **FLIGHTS)
            await client.subscribe(**BIG, **FLIGHTS)
            await client.subscribe(id="too", **FLIGHTS)
            await client.unsubscribe("all")
            streamerd.ingest(
                [change("update", 5, before=20), change("update", 5, before=5)]
            )
            left, other = await take(client, 2)
            assert left.subscription_ids == ("big", "too")
            assert left.memberships == ("left", None)
            assert other.subscription_ids == ("too",)
            assert other.memberships == ()

    async def test_goes_on_after_the_service_lost_it(self, streamerd):
        async with session(streamerd) as client:
            gaps = Gaps(client)
            await client.subscribe(**BIG, **FLIGHTS)
            streamerd.kill()
            streamerd.start()
            await until(lambda: gaps)
            streamerd.ingest([change("update", 20, before=5)])
            [delivery] = await take(client, 1)
            assert delivery.memberships == ("entered",)

    async def test_is_part_of_what_a_subscription_is(self, streamerd):
        async with session(streamerd) as client:
            await client.subscribe(**BIG, **FLIGHTS)
            with pytest.raises(streamer.AlreadyExists) as caught:
                await client.subscribe(
                    **{**BIG, "membership": False}, **FLIGHTS
                )
            assert str(caught.value) == (
                'subscription "big" exists with membership'
            )

    async def test_is_refused_without_a_session(self, streamerd):
        async with connected(streamerd) as client:
            with pytest.raises(streamer.Error) as caught:
                await client.subscribe(**BIG, **FLIGHTS)
            assert str(caught.value) == (
                "membership: expected false, got true; only a session, which "
                "is opened with Hello, can be told"
            )


class TestResumeAfter:
    @pytest.mark.parametrize("options", [{}, {"session": True}])
    async def test_what_came_since_comes_first(self, streamerd, options):
        async with session(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest(flight(n) for n in range(10))
            place = (await take(client, 10))[3].progress
        async with connected(streamerd, gateway_id="h", **options) as client:
            made = await client.subscribe(resume_after=place, **FLIGHTS)
            assert made.progress == place
            streamerd.ingest([flight(10)])
            deliveries = await take(client, 7)
            assert event_ids(deliveries) == [f"e{n}" for n in range(4, 11)]

    @pytest.mark.parametrize("options", [{}, {"session": True}])
    async def test_an_old_place_is_not_asked_for_again(
        self, streamerd, options
    ):
        async with session(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            streamerd.ingest(flight(n) for n in range(10))
            place = (await take(client, 10))[3].progress
        async with connected(streamerd, gateway_id="h", **options) as client:
            gaps = Gaps(client)
            await client.subscribe(resume_after=place, **FLIGHTS)
            assert len(await take(client, 6)) == 6
            # The log of the next one does not have that place.
            streamerd.kill()
            streamerd.start()
            await until(lambda: gaps)
            assert gaps[0].ended is None
            streamerd.ingest([flight(10)])
            assert event_ids(await take(client, 1)) == ["e10"]

    async def test_what_is_no_place_is_refused(self, streamerd):
        async with session(streamerd) as client:
            with pytest.raises(streamer.InvalidArgument) as caught:
                await client.subscribe(resume_after="yesterday", **FLIGHTS)
            assert str(caught.value) == (
                "resume_after: progress: expected a marker given by this "
                'service, got "yesterday"'
            )


class TestTimeToLive:
    async def test_the_answer_says_when_it_ends(self, streamerd):
        async with session(streamerd) as client:
            before_ms = time.time_ns() // 1_000_000
            made = await client.subscribe(ttl=60, **FLIGHTS)
            after_ms = time.time_ns() // 1_000_000 + 1
            assert before_ms <= made.expires_at_ms - 60_000 <= after_ms
            forever = await client.subscribe(**FLIGHTS)
            assert forever.expires_at_ms is None

    @pytest.mark.parametrize(
        ("ttl", "message"),
        [
            (0, "ttl: expected 60 to 3600 seconds, got 0"),
            (59, "ttl_seconds: expected 0 or 60 to 3600, got 59"),
            (3601, "ttl_seconds: expected 0 or 60 to 3600, got 3601"),
        ],
    )
    async def test_any_other_is_refused(self, streamerd, ttl, message):
        async with session(streamerd) as client:
            with pytest.raises(streamer.InvalidArgument) as caught:
                await client.subscribe(ttl=ttl, **FLIGHTS)
            assert str(caught.value) == message


class TestLateCallback:
    @pytest.fixture
    async def client(self, streamerd):
        """Of a session that was lost; nobody has been told."""
        async with session(streamerd) as client:
            state = client.session_state()
        streamerd.kill()
        streamerd.start()
        async with session(streamerd, resume=state) as client:
            # The answer comes behind the gap.
            await client.subscribe(**FLIGHTS)
            yield client

    async def test_is_told_what_came_before_it(self, client):
        gaps, later = Gaps(client), Gaps(client)
        assert [gap.reason for gap in gaps] == [
            "the service lost continuity of the session"
        ]
        assert later == []

    async def test_nobody_was_told_so_far_says_the_state(
        self, client, streamerd
    ):
        for number in (1, 2):
            streamerd.ingest([flight(number)])
            await client.next_batch()
        assert client.session_state().startswith("s1-lost-")
        assert len(Gaps(client)) == 1
        assert not client.session_state().startswith("s1-lost-")

    async def test_too_many_are_one_that_concerns_all(self, streamerd):
        async with session(streamerd) as client:
            client._tell(
                [((f"s{n}",), "cut", None, "", "") for n in range(1026)]
            )
            gaps = Gaps(client)
            assert len(gaps) == 1025
            assert gaps[0] == streamer.Gap(
                (), "more than 1024 gaps came before on_gap"
            )
            assert gaps[1].subscription_ids == ("s2",)
            assert gaps[-1].subscription_ids == ("s1025",)


class TestConnect:
    async def test_a_newer_client_takes_the_session_over(self, streamerd):
        async with session(streamerd) as older:
            await older.subscribe(**FLIGHTS)
            async with session(streamerd, resume=older.session_state()):
                with pytest.raises(streamer.ConnectionLost) as caught:
                    await older.next_batch()
                assert str(caught.value) == (
                    "a newer stream of this gateway took the session"
                )

    async def test_another_credential_does_not_get_the_session(self, streamerd):
        async with session(streamerd, credential="Bearer one"):
            with pytest.raises(streamer.PermissionDenied):
                async with session(streamerd, credential="Bearer two"):
                    pass

    async def test_a_gateway_id_is_needed(self, streamerd):
        with pytest.raises(streamer.InvalidArgument) as caught:
            async with connected(streamerd, session=True):
                pass
        assert str(caught.value) == "gateway_id: expected text, got none"

    async def test_what_is_not_a_state_is_refused(self, streamerd):
        with pytest.raises(streamer.InvalidArgument) as caught:
            async with session(streamerd, resume="s1-7"):
                pass
        assert str(caught.value) == (
            'resume: expected the state of a session, got "s1-7"'
        )

    @pytest.mark.parametrize(
        "option",
        [
            {"credential": "a"},
            {"resume": "s1-1-0-"},
            {"coalesce": True},
            {"acknowledgement": "manual"},
        ],
    )
    def test_options_of_sessions_need_one(self, option):
        with pytest.raises(streamer.InvalidArgument) as caught:
            streamer.connect("127.0.0.1:1", **option)
        assert str(caught.value) == (
            "credential, resume, coalesce and acknowledgement: expected only "
            "with session=True"
        )

    def test_an_unknown_way_to_acknowledge_is_refused(self):
        with pytest.raises(streamer.InvalidArgument) as caught:
            streamer.connect(
                "127.0.0.1:1", session=True, acknowledgement="never"
            )
        assert str(caught.value) == (
            'acknowledgement: expected "automatic" or "manual", got "never"'
        )

    async def test_closing_does_not_wait_for_a_service_that_hangs(
        self, streamerd
    ):
        async with session(streamerd) as client:
            await client.subscribe(**FLIGHTS)
            os.kill(streamerd.pid, signal.SIGSTOP)
            client.close()
            assert client.state == "closed"
        del client
        os.kill(streamerd.pid, signal.SIGCONT)
