"""Filters that are checked, subscriptions that are listed, summaries."""

import base64
import json

import pytest
from calls import call, get, problem
from plain_wire import condition


def check(service, question):
    return call(
        service,
        "POST",
        "/internal/v1/filters/check",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )


class TestFilterCheck:
    def test_it_compiles_and_explains(self, streamerd):
        answer = check(
            streamerd,
            {
                "filters": [{"field": "a", "op": ">", "value": 1}],
                "expression": "'x' in doc.tags",
                "document": {"a": 2, "tags": ["y"]},
            },
        )
        assert answer.status == 200
        explanation = answer.json.pop("explanation", None)
        del explanation
        found = answer.json
        assert found["filter"] == 'doc.a > 1 && "x" in doc.tags'
        assert found["matchAll"] is False
        assert found["conjunctions"] == 1
        assert found["indexable"] is True
        assert found["explanation"]["matches"] is False
        assert found["explanation"]["sentence"] == (
            '`"x" in doc.tags` is false: doc.tags is ["y"]'
        )

    def test_without_a_filter_everything_matches(self, streamerd):
        found = check(streamerd, {}).json
        assert found == {
            "filter": "true",
            "matchAll": True,
            "conjunctions": 0,
            "exact": True,
            "indexable": True,
        }

    @pytest.mark.parametrize(
        ("question", "field", "detail"),
        [
            ([], "body", "body: expected an object, got list"),
            (
                {"filter": 1},
                "body",
                'body: expected filters, expression or document, got "filter"',
            ),
            ({"filters": 1}, "filters", "filters: expected a list, got int"),
            (
                {"filters": [{"field": "a", "op": "=="}]},
                "filters[0].value",
                "filters[0].value: expected a value, got nothing",
            ),
            (
                {"filters": [{"field": "a", "op": "==", "value": 1, "x": 2}]},
                "filters[0]",
                'filters[0]: expected field, op and value, got "x"',
            ),
            (
                {"expression": 5},
                "expression",
                "expression: expected a string, got int",
            ),
            (
                {"document": 5},
                "document",
                "document: expected an object, got int",
            ),
        ],
    )
    def test_a_wrong_question_names_the_field(
        self, streamerd, question, field, detail
    ):
        answer = check(streamerd, question)
        assert answer.json == problem(400, "Bad Request", detail, field=field)

    def test_a_wrong_expression_names_the_position(self, streamerd):
        answer = check(streamerd, {"expression": "doc.a >\n  && true"})
        detail = answer.json["detail"]
        assert answer.json == problem(
            400,
            "Bad Request",
            detail,
            field="expression",
            position={"offset": 10, "line": 2, "column": 3},
        )
        assert detail.startswith("ERROR: 2:3: expected an expression, got ")

    def test_a_question_over_the_limit_is_413(self, streamerd):
        answer = check(streamerd, {"expression": "x" * (1 << 20)})
        assert answer.json == problem(
            413,
            "Payload Too Large",
            "expected a body of at most 1048576 bytes, got more",
        )

    def test_a_question_of_another_type_is_415(self, streamerd):
        answer = call(
            streamerd,
            "POST",
            "/internal/v1/filters/check",
            b"{}",
            {"Content-Type": "text/plain"},
        )
        assert answer.json == problem(
            415,
            "Unsupported Media Type",
            'Content-Type: expected application/json, got "text/plain"',
        )

    @pytest.mark.parametrize("constant", ["doc.x / 0.0", "-doc.x / 0.0"])
    def test_numbers_that_json_lacks_are_explained_too(
        self, streamerd, constant
    ):
        answer = check(
            streamerd,
            {"expression": f"{constant} > 1.0", "document": {"x": 0.0}},
        )
        assert answer.status == 200
        assert answer.json["explanation"]["matches"] is False


class TestList:
    @pytest.fixture
    def subscriptions(self, streamerd, connect):
        """Two gateways: five subscriptions of c, one of d, one of tenant u."""
        first, second = connect(streamerd), connect(streamerd)
        for number in range(5):
            first.subscribe_successfully(
                f"s{number}", condition("a", "==", number)
            )
        second.subscribe_successfully("d", collection="d")
        second.subscribe_successfully("u", tenant="u")
        return streamerd

    def ids(self, service, query=""):
        answer = get(service, f"/internal/v1/subscriptions{query}")
        assert answer.status == 200, answer.body
        return [
            subscription["subscriptionId"]
            for subscription in answer.json["subscriptions"]
        ]

    def test_it_shows_what_lives_in_the_order_of_acceptance(
        self, subscriptions
    ):
        answer = get(subscriptions, "/internal/v1/subscriptions").json
        assert answer["nextCursor"] is None
        listed = answer["subscriptions"]
        assert [one["subscriptionId"] for one in listed] == [
            *(f"s{number}" for number in range(5)),
            "d",
            "u",
        ]
        first = listed[0]
        gateway = first.pop("gatewayId")
        assert first == {
            "subscriptionId": "s0",
            "tenant": "t",
            "collection": "c",
            "filter": "doc.a == 0",
            "handle": 1,
            "expiresAt": None,
        }
        assert {one["gatewayId"] for one in listed[1:5]} == {gateway}
        assert {one["gatewayId"] for one in listed[5:]} != {gateway}

    def test_it_can_be_narrowed(self, subscriptions):
        assert self.ids(subscriptions, "?tenant=u") == ["u"]
        assert self.ids(subscriptions, "?collection=d") == ["d"]
        assert self.ids(subscriptions, "?tenant=u&collection=d") == []
        listed = get(subscriptions, "/internal/v1/subscriptions").json
        gateway = listed["subscriptions"][-1]["gatewayId"]
        assert self.ids(subscriptions, f"?gateway={gateway}") == ["d", "u"]

    def test_pages_hold_each_once(self, subscriptions):
        found, query = [], "?limit=3"
        pages = 0
        while True:
            found += self.ids(subscriptions, query)
            pages += 1
            page = get(subscriptions, f"/internal/v1/subscriptions{query}")
            cursor = page.json["nextCursor"]
            if cursor is None:
                break
            query = f"?limit=3&cursor={cursor}"
        assert pages == 3
        assert found == self.ids(subscriptions)

    @pytest.mark.parametrize(
        ("query", "detail"),
        [
            ("limit=0", 'limit: expected 1 to 1000, got "0"'),
            ("limit=1001", 'limit: expected 1 to 1000, got "1001"'),
            (
                "cursor=x",
                'cursor: expected 1 to 18446744073709551615, got "x"',
            ),
            (
                "tenent=t",
                "query: expected tenant, collection, gateway, limit or "
                'cursor, got "tenent"',
            ),
        ],
    )
    def test_a_wrong_query_is_refused(self, streamerd, query, detail):
        answer = get(streamerd, f"/internal/v1/subscriptions?{query}")
        assert answer.json == problem(400, "Bad Request", detail)


class TestCollectionSummary:
    PATH = "/internal/v1/collections/summary"

    def test_a_subscribed_collection_has_one(self, streamerd, connect):
        connect(streamerd).subscribe_successfully(
            "s", condition("room", "==", "r1")
        )
        answer = get(streamerd, f"{self.PATH}?tenant=t&collection=c")
        assert answer.status == 200, answer.body
        (summary,) = answer.json["summaries"]
        content = base64.b64decode(summary, validate=True)
        # Version 1, which need not say maybe, of one path: doc.room.
        assert content[:8] == b"SBLM" + bytes([1, 0, 1, 0])
        assert content[12:21] == bytes([0, 4, 0, 0, 0]) + b"room"

    def test_one_that_nobody_subscribes_to_is_not_found(self, streamerd):
        answer = get(streamerd, f"{self.PATH}?tenant=t&collection=c")
        assert answer.json == problem(
            404,
            "Not Found",
            'expected a collection with subscriptions, got "c" of tenant "t"',
        )
