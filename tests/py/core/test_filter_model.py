"""The structured filters and the core agree with the plain-Python model."""

import json

import model
import streamer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

# A small world, so that values meet: equal across types, just not equal, at
# the edge of what a double can tell apart.
_NUMBERS = st.sampled_from(
    [
        *(0, 1, -1, 2, 7),
        *(0.0, 1.0, -0.0, 1.5, 7.0),
        *(2**53, 2**53 + 1, 2.0**53, 2**63 - 1, -(2**63), 2**64 - 1, 2.0**63),
    ]
)
_ORDERED = st.one_of(
    _NUMBERS,
    st.sampled_from(["", "a", "ab", "b", "1", "é", "\U0001f600", "\uffff"]),
    st.booleans(),
)
_SCALARS = st.one_of(_ORDERED, st.none())
_NAMES = st.sampled_from(["a", "b", "a.b", "c", "id"])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_NAMES, inner, max_size=3),
    ),
    max_leaves=6,
)
_DOCUMENTS = st.dictionaries(_NAMES, _VALUES, max_size=4)
_PATHS = st.sampled_from(
    ["a", "b", "a.b", r"a\.b", "a.a", "b.c", "id", "_id", "missing"]
)
_CONSTANTS = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3))
_CONDITIONS = st.one_of(
    st.tuples(
        _PATHS,
        st.sampled_from(["==", "!=", "eq", "ne", "contains", "array-contains"]),
        _CONSTANTS,
    ),
    st.tuples(
        _PATHS,
        st.sampled_from(["<", "<=", ">", ">=", "lt", "lte", "gt", "gte"]),
        _ORDERED,
    ),
    st.tuples(_PATHS, st.just("in"), st.lists(_SCALARS, max_size=4)),
)


def _filter(conditions: list[model.Condition]) -> streamer.Filter:
    filter_ = streamer.Filter.match_all()
    for condition in conditions:
        filter_ = filter_ & streamer.Filter.where(*condition)
    return filter_


class TestStructuredFilters:
    @settings(max_examples=1500, deadline=None)
    @given(st.lists(_CONDITIONS, max_size=3), _DOCUMENTS)
    @example([("a", "==", 2**53)], {"a": 2**53 + 1})
    @example([("a", "<=", 2.0**63)], {"a": 2**63 - 1})
    @example([("a", "contains", "b")], {"a": {"b": None}})
    def test_a_filter_matches_exactly_when_the_model_does(
        self, conditions, document
    ):
        filter_ = _filter(conditions)
        expected = model.matches(conditions, document)
        assert filter_.matches(document) == expected
        assert filter_.matches(json.dumps(document)) == expected
        assert filter_.explain(document).is_match == expected

    @settings(max_examples=500, deadline=None)
    @given(st.lists(_CONDITIONS, max_size=3), _DOCUMENTS)
    def test_the_cel_text_of_a_filter_means_the_same(
        self, conditions, document
    ):
        filter_ = _filter(conditions)
        as_text = streamer.Filter.cel(filter_.text)
        assert as_text.matches(document) == filter_.matches(document)

    @settings(max_examples=200, deadline=None)
    @given(st.lists(_CONDITIONS, max_size=3), st.lists(_DOCUMENTS, max_size=8))
    def test_matches_many_is_matches_of_each(self, conditions, documents):
        filter_ = _filter(conditions)
        texts = [json.dumps(document).encode() for document in documents]
        expected = [model.matches(conditions, each) for each in documents]
        assert filter_.matches_many(texts) == expected
        assert filter_.matches_many(documents) == expected


_TENANTS = st.sampled_from(["t1", "t2"])
_COLLECTIONS = st.sampled_from(["c", "c/d"])
_IDS = st.sampled_from(["s1", "s2", "s3", "s4", "s5"])
_FIELDS = st.dictionaries(
    st.sampled_from(["a", "b"]), st.sampled_from([1, 2, "x"]), max_size=2
)
_CORE_CONDITIONS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(["==", "!=", ">="]),
            st.sampled_from([1, 2, "x"]),
        ),
        st.tuples(
            st.sampled_from(["id"]),
            st.sampled_from(["=="]),
            st.sampled_from(["d1", "d2"]),
        ),
        st.tuples(
            st.sampled_from(["deleted"]),
            st.sampled_from(["=="]),
            st.sampled_from([True]),
        ),
    ),
    max_size=2,
)


class CoreAgainstModel(RuleBasedStateMachine):
    """Whatever is asked, core and model answer alike."""

    @initialize(remembered=st.sampled_from([1, 3, 100_000]))
    def start(self, remembered):
        self.core = streamer.Core(remembered_documents=remembered)
        self.model = model.ModelCore(remembered_documents=remembered)

    @rule(
        name=_IDS,
        tenant=_TENANTS,
        collection=_COLLECTIONS,
        conditions=_CORE_CONDITIONS,
        ttl=st.sampled_from([None, 5.0, 60.0]),
        membership=st.booleans(),
    )
    def subscribe(self, name, tenant, collection, conditions, ttl, membership):
        if name in self.model.live():
            return
        made = self.core.subscribe(
            name,
            tenant=tenant,
            collection=collection,
            where=conditions,
            ttl_seconds=ttl,
            membership=membership,
        )
        handle = self.model.subscribe(
            name, tenant, collection, conditions, ttl, membership
        )
        assert made.handle == handle

    @rule(name=_IDS)
    def unsubscribe(self, name):
        was_there = self.model.unsubscribe(name)
        try:
            self.core.unsubscribe(name)
        except streamer.NotFound:
            assert not was_there
        else:
            assert was_there

    @rule(name=_IDS)
    def renew(self, name):
        is_there = self.model.renew(name)
        try:
            self.core.renew(name)
        except streamer.NotFound:
            assert not is_there
        else:
            assert is_there

    @rule(seconds=st.sampled_from([0.7, 4.1, 31.3, 103.9]))
    def advance(self, seconds):
        expired = self.model.advance(seconds)
        self.core.advance(seconds=seconds)
        told = [
            id_
            for notice in self.core.notices()
            for id_ in notice.subscription_ids
        ]
        assert told == expired

    @rule(
        tenant=_TENANTS,
        collection=_COLLECTIONS,
        document=st.sampled_from(["d1", "d2"]),
        op=st.sampled_from(["insert", "update", "replace", "delete"]),
        fields=_FIELDS,
        gone=st.booleans(),
        version=st.sampled_from([None, 1, 2]),
        event_id=st.sampled_from([None, None, "e1", "e2"]),
        before=st.one_of(st.none(), st.none(), _FIELDS),
        was_gone=st.booleans(),
    )
    def ingest(
        self,
        tenant,
        collection,
        document,
        op,
        fields,
        gone,
        version,
        event_id,
        before,
        was_gone,
    ):
        event = {
            "tenant": tenant,
            "collection": collection,
            "id": document,
            "op": op,
            "timestamp": 0,
        }
        if event_id is not None:
            event["event_id"] = event_id
        if op != "delete":
            event["doc"] = dict(fields)
            if gone and op != "insert":
                event["doc"]["deleted"] = True
            if version is not None:
                event["doc"]["version"] = version
        if before is not None:
            event["before"] = before | ({"deleted": True} if was_gone else {})
        expected = self.model.ingest(event)
        deliveries = self.core.ingest(event)
        if expected is None:
            assert deliveries == []
            return
        [delivery] = deliveries
        operation, ids, memberships = expected
        assert delivery.event.operation == operation
        assert list(delivery.subscription_ids) == ids
        assert list(delivery.memberships) == memberships

    @invariant()
    def the_same_subscriptions_are_live(self):
        live = [info.id for info in self.core.subscriptions()]
        assert live == self.model.live()


CoreAgainstModel.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestCoreAgainstModel = CoreAgainstModel.TestCase
