"""The core in process, from subscribe to delivery."""

import gc
import json

import pytest
import streamer

ROOMS = {"tenant": "t", "collection": "rooms"}


def room(number, **fields):
    return {
        **ROOMS,
        "id": f"r{number}",
        "event_id": f"e{number}",
        "op": "insert",
        "doc": {"number": number, **fields},
    }


@pytest.fixture
def core():
    return streamer.Core()


def message_of(caught):
    return str(caught.value)


class TestSubscribe:
    def test_answers_with_handle_position_and_gateway(self, core):
        made = core.subscribe("s1", **ROOMS)
        assert (made.id, made.handle, made.gateway) == ("s1", 1, "default")
        assert made.progress == "p1-1-0"
        assert made.expires_at_ms is None
        assert repr(made) == (
            "Subscription(id='s1', handle=1, gateway='default', "
            "progress='p1-1-0', expires_at_ms=None)"
        )

    def test_takes_effect_after_the_events_before_it(self, core):
        core.subscribe("early", **ROOMS)
        core.ingest(room(1))
        late = core.subscribe("late", **ROOMS)
        [delivery] = core.ingest(room(2))
        assert late.progress == "p1-1-1"
        assert delivery.progress == "p1-1-2"
        assert delivery.subscription_ids == ("early", "late")

    def test_filter_expression_and_where_must_all_hold(self, core):
        core.subscribe(
            "s1",
            **ROOMS,
            filter=streamer.Filter.cel("doc.a == 1"),
            expression="doc.b == 1",
            where=[("c", "==", 1), ("d", "in", [1])],
        )
        full = {"a": 1, "b": 1, "c": 1, "d": 1}
        assert core.ingest(room(0, **full)) != []
        for name in full:
            assert core.ingest(room(1, **full | {name: 2})) == []

    def test_the_same_again_changes_nothing(self, core):
        first = core.subscribe("s1", **ROOMS, expression="doc.a > 1")
        again = core.subscribe("s1", **ROOMS, expression="( doc.a>1 )")
        assert again.handle == first.handle
        assert len(core.subscriptions()) == 1

    def test_another_filter_under_the_same_id_exists_already(self, core):
        core.subscribe("s1", **ROOMS)
        with pytest.raises(streamer.AlreadyExists) as caught:
            core.subscribe("s1", **ROOMS, expression="doc.a")
        assert message_of(caught) == (
            'subscription "s1" exists with another filter'
        )

    def test_gateways_may_use_the_same_id(self, core):
        core.subscribe("s1", **ROOMS, gateway="g1")
        core.subscribe("s1", **ROOMS, gateway="g2", expression="true")
        deliveries = core.ingest(room(1))
        assert [each.gateway for each in deliveries] == ["g1", "g2"]
        assert [each.sequence for each in deliveries] == [1, 1]
        assert [each.handles for each in deliveries] == [(1,), (2,)]

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            (
                {"collection": "a//b"},
                streamer.InvalidArgument,
                "collection: expected a path without empty segments, "
                'got "a//b"',
            ),
            (
                {"tenant": ""},
                streamer.InvalidArgument,
                'tenant: expected a non-empty name, got ""',
            ),
            (
                {"ttl_seconds": 0},
                streamer.InvalidArgument,
                "ttl_seconds: expected more than 0, got 0.0",
            ),
            (
                {"ttl_seconds": -1},
                streamer.InvalidArgument,
                "ttl_seconds: expected at least 0, got -1.0",
            ),
            (
                {"expression": "doc.a >"},
                streamer.FilterError,
                "ERROR: 1:8: expected an expression, got end of text\n"
                " | doc.a >\n"
                " | .......^",
            ),
            (
                {"where": [("a", "==", 1), ("", "==", 1)]},
                streamer.FilterError,
                "filters[1].field: expected a path, got empty text",
            ),
            (
                {"where": [("a", "==")]},
                TypeError,
                "where[0]: expected (field, op, value), got ('a', '==')",
            ),
        ],
    )
    def test_what_is_malformed_is_refused(self, core, options, error, message):
        with pytest.raises(error) as caught:
            core.subscribe("s1", **ROOMS | options)
        assert message_of(caught) == message
        assert core.subscriptions() == []

    @pytest.mark.parametrize(
        ("quota", "scope"),
        [
            ("quota_per_gateway", "gateway"),
            ("quota_per_tenant", "tenant"),
            ("quota_total", "node"),
        ],
    )
    def test_a_quota_that_is_used_up_names_its_scope(self, quota, scope):
        core = streamer.Core(**{quota: 2})
        core.subscribe("s1", **ROOMS)
        core.subscribe("s2", **ROOMS)
        with pytest.raises(streamer.QuotaExceeded) as caught:
            core.subscribe("s3", **ROOMS)
        assert caught.value.scope == scope
        assert message_of(caught) == (
            "quota exceeded: expected at most 2 subscriptions per "
            f"{scope}, got 3"
        )
        core.unsubscribe("s1")
        core.subscribe("s3", **ROOMS)
        assert core.statistics()["quota_exceeded"] == 1

    def test_quotas_of_others_are_not_touched(self):
        core = streamer.Core(quota_per_gateway=1)
        core.subscribe("s1", **ROOMS, gateway="g1")
        core.subscribe("s1", **ROOMS, gateway="g2")
        core = streamer.Core(quota_per_tenant=1)
        core.subscribe("s1", tenant="t1", collection="rooms")
        core.subscribe("s2", tenant="t2", collection="rooms")


class TestUnsubscribe:
    def test_nothing_comes_afterwards(self, core):
        core.subscribe("s1", **ROOMS)
        core.subscribe("s2", **ROOMS)
        core.unsubscribe("s1")
        [delivery] = core.ingest(room(1))
        assert delivery.subscription_ids == ("s2",)

    def test_of_an_unknown_subscription_is_not_found(self, core):
        with pytest.raises(streamer.NotFound) as caught:
            core.unsubscribe("s1")
        assert message_of(caught) == 'no gateway "default"'
        core.subscribe("s2", **ROOMS)
        with pytest.raises(streamer.NotFound) as caught:
            core.unsubscribe("s1")
        assert message_of(caught) == 'no subscription "s1" of this gateway'

    def test_disconnecting_ends_all_of_a_gateway(self, core):
        core.subscribe("s1", **ROOMS, gateway="g1")
        core.subscribe("s2", **ROOMS, gateway="g1")
        core.subscribe("s1", **ROOMS, gateway="g2")
        core.disconnect("g1")
        [delivery] = core.ingest(room(1))
        assert delivery.gateway == "g2"
        with pytest.raises(streamer.NotFound) as caught:
            core.disconnect("g1")
        assert message_of(caught) == 'no gateway "g1"'

    def test_a_gateway_that_comes_again_starts_afresh(self, core):
        core.subscribe("s1", **ROOMS)
        core.ingest(room(1))
        core.disconnect("default")
        core.subscribe("s1", **ROOMS, expression="true")
        [delivery] = core.ingest(room(2))
        assert delivery.sequence == 1


class TestTime:
    def test_stands_still_until_it_is_advanced(self):
        core = streamer.Core(start_ms=1_000)
        assert core.now_ms == 1_000
        core.advance(seconds=0.5)
        assert core.now_ms == 1_500

    def test_a_subscription_expires_at_its_time_and_not_before(self, core):
        made = core.subscribe("s1", **ROOMS, ttl_seconds=60)
        assert made.expires_at_ms == 60_000
        core.advance(seconds=59.999)
        assert len(core.ingest(room(1))) == 1
        assert core.notices() == []
        core.advance(seconds=0.001)
        assert core.ingest(room(2)) == []
        [notice] = core.notices()
        assert notice.kind == "closed"
        assert notice.gateway == "default"
        assert notice.subscription_ids == ("s1",)
        assert notice.reason == "expired"
        assert core.notices() == []
        assert core.statistics()["subscriptions_expired"] == 1

    def test_renewing_moves_the_end(self, core):
        core.subscribe("s1", **ROOMS, ttl_seconds=60)
        core.advance(seconds=50)
        assert core.renew("s1") == 110_000
        core.advance(seconds=50)
        assert core.renew("s1", ttl_seconds=10) == 110_000
        core.advance(seconds=10)
        with pytest.raises(streamer.NotFound):
            core.renew("s1")

    def test_renewing_what_never_ends_says_so(self, core):
        core.subscribe("s1", **ROOMS)
        assert core.renew("s1") is None

    def test_does_not_go_back(self, core):
        with pytest.raises(streamer.InvalidArgument) as caught:
            core.advance(seconds=-1)
        assert message_of(caught) == "seconds: expected at least 0, got -1.0"
        with pytest.raises(streamer.InvalidArgument) as caught:
            core.advance(seconds=1e12)
        assert message_of(caught) == (
            "seconds: expected at most 100 years, got 1000000000000.0"
        )


class TestSuspension:
    """A filter that costs more than an evaluation may."""

    COSTLY = "doc.seats.all(x, x >= 0)"

    def test_ends_its_subscriptions_at_the_event_and_says_so(self):
        core = streamer.Core(evaluation_budget=1_000)
        for name in ("s1", "s2"):
            core.subscribe(name, **ROOMS, expression=self.COSTLY)
        core.subscribe("s3", **ROOMS)
        [delivery] = core.ingest(room(1, seats=[1, 2]))
        assert delivery.subscription_ids == ("s1", "s2", "s3")
        [delivery] = core.ingest(room(2, seats=list(range(1000))))
        assert delivery.subscription_ids == ("s3",)
        assert [
            (notice.kind, notice.subscription_ids, notice.reason)
            for notice in core.notices()
        ] == [
            (
                "closed",
                (name,),
                "suspended: its filter was cut off after 1000 units of cost "
                'at event "e2", which it may have matched',
            )
            for name in ("s1", "s2")
        ]
        [delivery] = core.ingest(room(3, seats=[1]))
        assert delivery.subscription_ids == ("s3",)
        assert core.statistics()["subscriptions_suspended"] == 2
        assert core.statistics()["subscriptions_active"] == 1

    def test_a_suspended_id_is_free_at_once(self):
        core = streamer.Core(evaluation_budget=1_000, quota_total=1)
        core.subscribe("s1", **ROOMS, expression=self.COSTLY)
        core.ingest(room(1, seats=list(range(1000))))
        core.subscribe("s1", **ROOMS)
        assert len(core.ingest(room(2))) == 1


class TestScannedFilters:
    def test_too_many_for_one_collection_are_refused(self):
        core = streamer.Core()
        expression = "doc.seats.all(x, doc.seats.all(y, x > {}))"

        def fill():
            for least in range(1000):
                core.subscribe(
                    f"s{least}", **ROOMS, expression=expression.format(least)
                )

        with pytest.raises(streamer.QuotaExceeded) as refused:
            fill()
        assert refused.value.scope == "collection"
        assert (
            "expected at most 10000000 estimated units of scanned filters per "
            "collection, got "
        ) in str(refused.value)
        core.subscribe("indexed", **ROOMS, expression="doc.id == 'd1'")


class TestIsolation:
    def test_no_event_crosses_tenants_or_collections(self, core):
        for tenant in ("t1", "t2"):
            for collection in ("c1", "c2"):
                core.subscribe(
                    f"{tenant}/{collection}",
                    tenant=tenant,
                    collection=collection,
                )
        [delivery] = core.ingest(
            {
                "tenant": "t1",
                "collection": "c2",
                "id": "1",
                "op": "insert",
                "doc": {"tenant": "t2", "collection": "c1"},
            }
        )
        assert delivery.subscription_ids == ("t1/c2",)
        assert delivery.event.document["collection"] == "c2"

    def test_cores_share_nothing(self):
        one, two = streamer.Core(), streamer.Core()
        one.subscribe("s1", **ROOMS)
        assert two.ingest(room(1)) == []
        assert len(one.ingest(room(1))) == 1


class TestOperations:
    """What an event means to users; see the design's delivery document."""

    @staticmethod
    def change(op, **fields):
        return {**ROOMS, "id": "r1", "op": op, "doc": fields}

    def operations(self, core, *events):
        return [each.event.operation for each in core.ingest(list(events))]

    def test_a_soft_delete_is_a_delete(self, core):
        core.subscribe("s1", **ROOMS)
        assert self.operations(
            core,
            self.change("insert", a=1),
            self.change("update", a=1, deleted=True),
            self.change("replace", a=1, deleted=True),
        ) == ["insert", "delete", "delete"]

    def test_a_recreation_is_an_insert(self, core):
        core.subscribe("s1", **ROOMS)
        assert self.operations(
            core,
            self.change("update", deleted=True),
            self.change("update", a=1),
            self.change("update", a=2),
            self.change("replace", deleted=True),
            self.change("replace", a=3),
            self.change("replace", a=4),
            self.change("replace", a=5, version=1),
        ) == [
            "delete",
            "insert",
            "update",
            "delete",
            "insert",
            "update",
            "insert",
        ]

    def test_a_hard_delete_after_a_soft_one_is_not_told_again(self, core):
        core.subscribe("s1", **ROOMS)
        hard = {**ROOMS, "id": "r1", "op": "delete"}
        assert self.operations(
            core,
            self.change("update", a=1, deleted=True),
            hard,
            self.change("insert", a=1),
            hard,
            hard,
        ) == ["delete", "insert", "delete"]
        assert core.statistics()["events_skipped_deleted_again"] == 2

    def test_a_delete_without_fields_still_finds_its_subscribers(self, core):
        core.subscribe("all", **ROOMS)
        core.subscribe("document", **ROOMS, where=[("id", "==", "r1")])
        core.subscribe("deletes", **ROOMS, expression="op == 'delete'")
        core.subscribe("fields", **ROOMS, expression="doc.a == 1")
        core.ingest(self.change("insert", a=1))
        [delivery] = core.ingest({**ROOMS, "id": "r1", "op": "delete"})
        assert delivery.subscription_ids == ("all", "document", "deletes")
        assert delivery.event.document is None
        assert delivery.event.document_json == b""

    def test_a_duplicate_is_taken_once_within_the_window(self):
        core = streamer.Core(duplicate_window_seconds=10)
        core.subscribe("s1", **ROOMS)
        event = room(1) | {"timestamp": 5}
        assert len(core.ingest([event, event])) == 1
        assert len(core.ingest(event | {"doc": {"number": 2}})) == 1
        assert core.statistics()["duplicate_events"] == 1
        core.advance(seconds=11)
        assert len(core.ingest(event)) == 1

    def test_events_without_an_id_are_never_duplicates(self, core):
        core.subscribe("s1", **ROOMS)
        event = room(1)
        del event["event_id"]
        assert len(core.ingest([event, event])) == 2


class TestIngest:
    def test_takes_events_dicts_and_lines(self, core):
        core.subscribe("s1", **ROOMS)
        as_event = streamer.Event(
            **ROOMS, id="r1", document={"number": 1}, event_id="e1"
        )
        forms = [
            as_event,
            room(2),
            json.dumps(room(3)),
            json.dumps(room(4)).encode(),
        ]
        for form in forms:
            assert len(core.ingest(form)) == 1
        forms = [room(5), json.dumps(room(6))]
        deliveries = core.ingest(forms)
        assert [each.event.event_id for each in deliveries] == ["e5", "e6"]

    def test_events_of_a_delivery_can_be_taken_again(self, core):
        core.subscribe("s1", **ROOMS)
        [delivery] = core.ingest(room(1))
        other = streamer.Core()
        other.subscribe("s2", **ROOMS, expression="doc.number == 1")
        [again] = other.ingest(delivery.event)
        assert again.event.document == delivery.event.document
        assert again.event.event_id == "e1"

    def test_a_list_is_taken_at_once_or_not_at_all(self, core):
        core.subscribe("s1", **ROOMS)
        with pytest.raises(streamer.EventError) as caught:
            core.ingest([room(1), room(2) | {"op": "upsert"}])
        assert caught.value.index == 1
        assert message_of(caught) == (
            'events[1]: op: expected one of "insert", "update", "replace", '
            '"delete", got "upsert"'
        )
        assert core.statistics()["events_ingested"] == 0

    def test_an_iterator_is_taken_as_far_as_is_asked(self, core):
        core.subscribe("s1", **ROOMS)
        taken = []

        def events():
            for number in range(10_000):
                taken.append(number)
                yield room(number)

        deliveries = core.ingest(events())
        assert taken == []
        assert next(deliveries).event.id == "r0"
        assert 0 < len(taken) < 1_000
        rest = [delivery.event.id for delivery in deliveries]
        assert rest == [f"r{number}" for number in range(1, 10_000)]
        with pytest.raises(StopIteration):
            next(deliveries)

    def test_what_an_iterator_gave_before_it_failed_is_delivered(self):
        def events(last):
            yield from map(room, range(300))
            yield last

        for last, error in [({}, streamer.EventError), (5, TypeError)]:
            core = streamer.Core()
            core.subscribe("s1", **ROOMS)
            deliveries = core.ingest(events(last))
            given = [next(deliveries).event.id for _ in range(300)]
            assert given == [f"r{number}" for number in range(300)]
            with pytest.raises(error, match=r"^events\[300\]: "):
                next(deliveries)

    def test_a_failure_of_the_iterator_itself_comes_through(self, core):
        def events():
            yield room(1)
            raise ZeroDivisionError

        core.subscribe("s1", **ROOMS)
        deliveries = core.ingest(events())
        assert next(deliveries).event.id == "r1"
        with pytest.raises(ZeroDivisionError):
            next(deliveries)
        with pytest.raises(StopIteration):
            next(deliveries)

    def test_what_is_no_event_is_a_type_error(self, core):
        with pytest.raises(TypeError) as caught:
            core.ingest([room(1), 5])
        assert message_of(caught) == (
            "events[1]: expected an Event, a dict or a line of NDJSON, got int"
        )
        with pytest.raises(TypeError):
            core.ingest(5)

    def test_nothing_gives_nothing(self, core):
        assert core.ingest([]) == []
        assert list(core.ingest(iter([]))) == []

    def test_the_time_of_an_event_is_its_own_or_that_of_the_core(self):
        core = streamer.Core(start_ms=7_000)
        core.subscribe("s1", **ROOMS)
        deliveries = core.ingest([room(1), room(2) | {"timestamp": 5}])
        assert [each.event.timestamp_ms for each in deliveries] == [7_000, 5]

    def test_deliveries_of_several_gateways_come_in_the_order_of_events(
        self, core
    ):
        for gateway in ("g1", "g2", "g3"):
            core.subscribe("s1", **ROOMS, gateway=gateway)
        deliveries = core.ingest([room(number) for number in range(5)])
        assert [(each.event.id, each.gateway) for each in deliveries] == [
            (f"r{number}", gateway)
            for number in range(5)
            for gateway in ("g1", "g2", "g3")
        ]

    def test_ids_ascend_by_handle_whatever_their_names(self, core):
        names = ["z", "a", "m", "b"]
        for name in names:
            core.subscribe(name, **ROOMS)
        [delivery] = core.ingest(room(1))
        assert delivery.subscription_ids == tuple(names)
        assert delivery.handles == (1, 2, 3, 4)


class TestListing:
    def test_lists_what_is_live_by_handle(self, core):
        core.subscribe("s2", **ROOMS, gateway="g", expression="doc.a  ==  1")
        core.subscribe("s1", **ROOMS, ttl_seconds=1.5)
        first, second = core.subscriptions()
        assert (first.id, first.handle, first.gateway) == ("s2", 1, "g")
        assert (first.tenant, first.collection) == ("t", "rooms")
        assert first.filter == "doc.a == 1"
        assert first.expires_at_ms is None
        assert second.filter == "true"
        assert second.expires_at_ms == 1_500

    def test_statistics_count(self, core):
        core.subscribe("s1", **ROOMS, expression="doc.number > 1")
        core.subscribe("s2", **ROOMS, expression="doc.number > 1")
        core.ingest([room(1), room(2)])
        counts = core.statistics()
        assert counts["events_ingested"] == 2
        assert counts["events_processed"] == 2
        assert counts["subscriptions_active"] == 2
        assert counts["distinct_filters"] == 1
        assert counts["deliveries"] == 1
        assert counts["matches"] == 2


class TestLifetime:
    def test_a_delivery_outlives_its_core(self):
        core = streamer.Core()
        core.subscribe("s1", **ROOMS)
        [delivery] = core.ingest(room(1))
        del core
        gc.collect()
        assert delivery.event.document["number"] == 1

    def test_an_iteration_keeps_its_core(self):
        core = streamer.Core()
        core.subscribe("s1", **ROOMS)
        deliveries = core.ingest(iter([room(1), room(2)]))
        del core
        gc.collect()
        assert [each.event.id for each in deliveries] == ["r1", "r2"]
