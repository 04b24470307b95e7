"""Memberships of the core in process."""

import types

import pytest
import streamer

ROOMS = {"tenant": "t", "collection": "rooms"}


@pytest.fixture
def core():
    return streamer.Core()


class TestMembership:
    """Each delivery says what the event did to the documents in the filter."""

    BIG = types.MappingProxyType(
        {**ROOMS, "where": [("number", ">", 10)], "membership": True}
    )

    @staticmethod
    def change(op, number, before=None):
        event = {**ROOMS, "id": "r", "op": op, "doc": {"number": number}}
        if before is not None:
            event["before"] = {"number": before}
        return event

    def told(self, core, *events):
        return [each.memberships for each in core.ingest(list(events))]

    def test_a_before_image_makes_it_exact(self, core):
        core.subscribe("big", **self.BIG)
        assert self.told(
            core,
            self.change("update", 20, before=5),
            self.change("update", 30, before=20),
            self.change("update", 5, before=30),
            self.change("update", 6, before=5),
        ) == [("entered",), ("changed",), ("left",)]

    def test_without_it_the_core_remembers(self, core):
        core.subscribe("big", **self.BIG)
        assert self.told(
            core,
            self.change("insert", 20),
            self.change("update", 30),
            self.change("update", 5),
            self.change("update", 20),
            {**ROOMS, "id": "r", "op": "delete"},
        ) == [("entered",), ("changed",), ("left",), ("entered",), ("left",)]

    def test_what_was_before_the_subscription_is_unknown(self, core):
        core.ingest(self.change("insert", 20))
        core.subscribe("big", **self.BIG)
        assert self.told(
            core, self.change("update", 30), self.change("update", 5)
        ) == [("unknown_in",), ("left",)]
        other = {**ROOMS, "id": "other", "op": "delete"}
        assert self.told(core, other) == [("unknown_out",)]
        assert core.statistics()["memberships_unknown"] == 2

    def test_what_was_too_long_ago_is_unknown(self):
        core = streamer.Core(remembered_documents=2)
        core.subscribe("big", **self.BIG)
        others = [
            {
                **ROOMS,
                "id": f"r{number}",
                "event_id": f"e{number}",
                "op": "insert",
                "doc": {"number": number},
            }
            for number in range(2)
        ]
        assert self.told(
            core,
            self.change("insert", 20),
            *others,
            self.change("update", 30),
        ) == [("entered",), ("unknown_in",)]

    def test_stands_beside_subscriptions_that_did_not_ask(self, core):
        core.subscribe("all", **ROOMS)
        core.subscribe("big", **self.BIG)
        core.subscribe("small", **ROOMS, where=[("number", "<=", 10)])
        [left] = core.ingest(self.change("update", 5, before=20))
        assert left.subscription_ids == ("all", "big", "small")
        assert left.memberships == (None, "left", None)
        [other] = core.ingest(self.change("update", 5, before=5))
        assert other.subscription_ids == ("all", "small")
        assert other.memberships == ()

    def test_is_part_of_what_a_subscription_is(self, core):
        core.subscribe("big", **self.BIG)
        with pytest.raises(streamer.AlreadyExists) as caught:
            core.subscribe("big", **{**self.BIG, "membership": False})
        assert str(caught.value) == (
            'subscription "big" exists with membership'
        )

    def test_too_many_of_one_collection_are_refused(self):
        core = streamer.Core(quota_memberships=1)
        core.subscribe("first", **self.BIG)
        with pytest.raises(streamer.QuotaExceeded) as caught:
            core.subscribe("second", **self.BIG)
        assert str(caught.value) == (
            "quota exceeded: expected at most 1 membership subscriptions per "
            "collection whose events have no before-images, got 2"
        )
        assert caught.value.scope == "collection"
        core.ingest(self.change("update", 5, before=20))
        core.subscribe("second", **self.BIG)
