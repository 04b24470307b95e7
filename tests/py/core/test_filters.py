"""Filters: made, joined, tried and explained."""

import datetime
import html
import json

import pytest
import rich.console
import streamer
from streamer import Filter


class TestCel:
    @pytest.mark.parametrize(
        ("expression", "document", "expected"),
        [
            ("doc.price >= 10", {"price": 10}, True),
            ("doc.price >= 10", {"price": 9.99}, False),
            ("doc.price >= 10", {"price": "10"}, False),
            ("doc.price >= 10", {}, False),
            ("!(doc.price >= 10)", {}, False),
            ("doc.a || doc.b", {"b": True}, True),
            ("doc.a && doc.b", {"b": False}, False),
            ("has(doc.a) ? doc.a == 1 : true", {}, True),
            ("'x' in doc.tags", {"tags": ["x"]}, True),
            ("doc.name.startsWith('ab')", {"name": "abc"}, True),
            ("size(doc.tags) == 2", {"tags": [1, 2]}, True),
            ("data.a == doc.a", {"a": 1}, True),
            ("op == 'insert' && tenant == '' && id == ''", {}, True),
            ("before == null", {}, True),
            ("doc.a", {"a": 1}, False),
        ],
    )
    def test_a_filter_matches_when_its_value_is_true(
        self, expression, document, expected
    ):
        assert Filter.cel(expression).matches(document) is expected

    @pytest.mark.parametrize(
        ("expression", "message", "position"),
        [
            (
                "doc.price >=",
                "ERROR: 1:13: expected an expression, got end of text\n"
                " | doc.price >=\n"
                " | ............^",
                (12, 1, 13),
            ),
            (
                "doc.a ==\n  docs.b",
                "ERROR: 2:3: undeclared reference to 'docs': expected one of "
                "doc, data, before, op, tenant, collection, id, timestamp\n"
                " |   docs.b\n"
                " | ..^",
                (11, 2, 3),
            ),
        ],
    )
    def test_what_is_malformed_is_refused_with_its_position(
        self, expression, message, position
    ):
        with pytest.raises(streamer.FilterError) as caught:
            Filter.cel(expression)
        assert str(caught.value) == message
        assert caught.value.position == position
        assert isinstance(caught.value, streamer.InvalidArgument)
        assert isinstance(caught.value, ValueError)

    def test_empty_text_is_no_expression(self):
        with pytest.raises(streamer.FilterError, match=r"^ERROR: 1:1: "):
            Filter.cel("")


class TestWhere:
    @pytest.mark.parametrize(
        ("symbol", "word"),
        [
            ("==", "eq"),
            ("!=", "ne"),
            (">", "gt"),
            (">=", "gte"),
            ("<", "lt"),
            ("<=", "lte"),
            ("contains", "array-contains"),
        ],
    )
    def test_both_spellings_are_the_same_filter(self, symbol, word):
        assert Filter.where("a", symbol, 1) == Filter.where("a", word, 1)

    def test_a_dot_in_a_name_is_escaped(self):
        filter_ = Filter.where(r"a\.b", "==", 1)
        assert filter_.matches({"a.b": 1})
        assert not filter_.matches({"a": {"b": 1}})

    def test_underscore_id_is_id(self):
        assert Filter.where("_id", "==", "x") == Filter.where("id", "==", "x")

    def test_text_is_never_taken_for_cel(self):
        nasty = "' || true || '\\"
        filter_ = Filter.where("a", "==", nasty)
        assert filter_.matches({"a": nasty})
        assert not filter_.matches({"a": ""})
        assert Filter.cel(filter_.text) == filter_

    @pytest.mark.parametrize(
        ("condition", "error", "message"),
        [
            (
                ("a", "=>", 1),
                streamer.FilterError,
                'filters[0].op: expected one of "==", "eq", "!=", "ne", ">", '
                '"gt", ">=", "gte", "<", "lt", "<=", "lte", "in", "contains", '
                '"array-contains", got "=>"',
            ),
            (
                ("", "==", 1),
                streamer.FilterError,
                "filters[0].field: expected a path, got empty text",
            ),
            (
                ("a", "in", 1),
                streamer.FilterError,
                "filters[0].value: expected a list for `in`, got int",
            ),
            (
                ("a", "==", {1, 2}),
                TypeError,
                "filters[0].value: expected None, bool, int, float, str, list "
                "or dict, got set",
            ),
            (
                ("a", "in", [1, float("inf")]),
                streamer.InvalidArgument,
                "filters[0].value[1]: expected a finite number, got inf; JSON "
                "has None for what is not known",
            ),
        ],
    )
    def test_what_is_malformed_is_refused(self, condition, error, message):
        with pytest.raises(error) as caught:
            Filter.where(*condition)
        assert str(caught.value) == message


class TestParts:
    def test_conditions_and_expression_are_kept_apart(self):
        filter_ = (
            Filter.where("a", "gte", 1.5)
            & Filter.where("b", "in", [1, "x", True])
            & Filter.cel("doc.c || doc.d")
        )
        assert filter_.conditions == (
            ("a", ">=", 1.5),
            ("b", "in", [1, "x", True]),
        )
        assert filter_.expression == "doc.c || doc.d"
        assert filter_.text == (
            'doc.a >= 1.5 && doc.b in [1, "x", true] && (doc.c || doc.d)'
        )

    def test_joined_expressions_keep_their_meaning(self):
        filter_ = Filter.cel("doc.a ? doc.b : doc.c") & Filter.cel("doc.d")
        assert filter_.expression == "(doc.a ? doc.b : doc.c) && doc.d"
        assert not filter_.matches({"a": True, "b": True, "d": False})

    def test_equal_filters_are_equal_whatever_their_spelling(self):
        one = Filter.cel("doc.a==1&&doc.b==2")
        two = Filter.where("b", "==", 2) & Filter.where("a", "==", 1)
        assert one == two
        assert hash(one) == hash(two)
        assert one != Filter.cel("doc.a == 1")
        assert one != "doc.a == 1 && doc.b == 2"
        assert len({one, two}) == 1

    def test_constants_of_other_types_are_other_filters(self):
        assert Filter.where("a", "==", 1) != Filter.where("a", "==", 1.0)

    def test_no_filter_matches_all(self):
        filter_ = Filter.match_all()
        assert filter_.is_match_all
        assert filter_.text == "true"
        assert filter_.conditions == ()
        assert filter_.expression == ""
        assert filter_.matches({})
        assert repr(filter_) == "Filter.match_all()"
        assert filter_ & Filter.cel("doc.a") == Filter.cel("doc.a")

    def test_its_text_makes_it_again(self):
        filter_ = Filter.where("a", "==", 'é"\n') & Filter.cel("-doc.b < -1.0")
        assert Filter.cel(filter_.text) == filter_
        assert repr(filter_) == f"Filter.cel({filter_.text!r})"

    def test_only_filters_can_be_joined(self):
        with pytest.raises(TypeError):
            Filter.cel("doc.a") & "doc.b"


class TestMatches:
    @pytest.mark.parametrize(
        "form", [dict, json.dumps, lambda d: json.dumps(d).encode()]
    )
    def test_takes_a_document_in_any_form(self, form):
        filter_ = Filter.cel("doc.a.b[1] == 'é'")
        assert filter_.matches(form({"a": {"b": [0, "é"]}}))
        assert not filter_.matches(form({"a": {"b": ["é", 0]}}))

    def test_takes_an_event_as_a_core_would_see_it(self):
        event = streamer.Event(
            tenant="t",
            collection="rooms",
            id="r1",
            op="update",
            document={"deleted": True, "a": 1},
            before={"a": 0},
            timestamp_ms=1_000,
        )
        expression = (
            "op == 'delete' && tenant == 't' && collection == 'rooms' && "
            "id == 'r1' && doc.id == 'r1' && doc.deleted && data.a == 1 && "
            "before.a == 0 && timestamp == timestamp"
        )
        assert Filter.cel(expression).matches(event)
        assert Filter.cel(expression).matches_many([event]) == [True]

    @pytest.mark.parametrize(
        ("document", "error", "message"),
        [
            (
                "[1]",
                streamer.InvalidArgument,
                "document: expected a JSON object, got list",
            ),
            (
                b"{",
                streamer.InvalidArgument,
                "expected a key in quotes, got end of text, at byte 1",
            ),
            (
                5,
                TypeError,
                "document: expected a dict, or JSON as str or bytes, got int",
            ),
        ],
    )
    def test_what_is_malformed_is_refused(self, document, error, message):
        filter_ = Filter.cel("doc.a")
        with pytest.raises(error) as caught:
            filter_.matches(document)
        assert str(caught.value) == message
        with pytest.raises(error) as caught:
            filter_.explain(document)
        assert str(caught.value) == message

    def test_of_many_the_first_that_is_malformed_is_named(self):
        with pytest.raises(streamer.InvalidArgument) as caught:
            Filter.cel("doc.a").matches_many([b"{}", b"{", b"["])
        assert str(caught.value) == (
            "documents[1]: expected a key in quotes, got end of text, at byte 1"
        )
        with pytest.raises(TypeError) as caught:
            Filter.cel("doc.a").matches_many([b"{}", 5])
        assert str(caught.value) == (
            "documents[1]: expected a dict, or JSON as str or bytes, got int"
        )


def shown_in_every_way(explanation):
    """Return the explanation as text, as HTML and as rich prints it."""
    console = rich.console.Console(width=200)
    with console.capture() as capture:
        console.print(explanation)
    return (
        str(explanation),
        html.unescape(explanation._repr_html_()),
        capture.get(),
    )


class TestExplain:
    def test_says_in_a_sentence_why_not(self):
        explanation = Filter.cel("doc.price >= 10").explain({"price": 7})
        assert not explanation.is_match
        assert explanation.sentence == (
            "`doc.price >= 10` is false: doc.price is 7"
        )
        assert repr(explanation) == f"Explanation({explanation.sentence!r})"

    def test_the_tree_holds_every_value(self):
        tree = (
            Filter.cel("doc.a == 1 && doc.b.c > 2 && doc.d")
            .explain({"a": 1, "b": {"c": 3}})
            .tree
        )
        nodes = {}

        def collect(node):
            nodes[node.text] = node
            for child in node.children:
                collect(child)

        collect(tree)
        assert nodes["doc.a == 1"].value is True
        assert nodes["doc.b.c"].value == 3
        assert nodes["doc.b.c"].was_evaluated
        assert nodes["doc.d"].error == "no such key: d"
        assert nodes["doc.d"].value is None
        assert not nodes["doc.d"].was_evaluated
        assert nodes["doc.a == 1"].is_indexed
        assert sum(node.is_access for node in nodes.values()) == 1

    def test_what_was_not_needed_has_no_value(self):
        tree = Filter.cel("doc.a || doc.b").explain({"a": True, "b": 1}).tree
        assert [node.was_evaluated for node in tree.children] == [True, False]

    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("doc.a", None),
            ("doc.b", True),
            ("doc.c", 1.5),
            ("doc.d", [1, {"x": "y"}]),
            ("doc.e", 2**64 - 1),
            ("doc.f", "é"),
            (
                "timestamp",
                datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
            ),
        ],
    )
    def test_values_are_python_objects(self, expression, value):
        document = {
            "a": None,
            "b": True,
            "c": 1.5,
            "d": [1, {"x": "y"}],
            "e": 2**64 - 1,
            "f": "é",
        }
        tree = Filter.cel(expression).explain(document).tree
        assert tree.value == value
        assert type(tree.value) is type(value)

    def test_explains_events_too(self):
        event = streamer.Event(
            tenant="t", collection="rooms", id="r1", op="delete"
        )
        explanation = Filter.cel("op == 'delete'").explain(event)
        assert explanation.is_match

    def test_str_is_the_sentence_then_the_tree_then_the_cost(self):
        explanation = Filter.cel("doc.a > 1 && doc.b").explain({"a": 1})
        lines = str(explanation).splitlines()
        assert lines[0] == explanation.sentence
        assert lines[2] == "doc.a > 1 && doc.b = false"
        assert lines[3].startswith("  doc.a > 1 = false")
        assert lines[-1] == (
            f"cost: {explanation.measured_cost} units, "
            f"estimated {explanation.estimated_cost}"
        )

    def test_what_fails_for_whole_numbers_is_warned_of_everywhere(self):
        explanation = Filter.cel("doc.a * 1.5 > 1.0").explain({"a": 2})
        (warning,) = explanation.warnings
        for shown in shown_in_every_way(explanation):
            assert f"warning: {warning}" in shown

    def test_the_element_that_decided_a_loop_is_shown_everywhere(self):
        explanation = Filter.cel("doc.items.all(i, i.n > 5)").explain(
            {"items": [{"n": 9}, {"n": 4}, {"n": 7}]}
        )
        assert explanation.sentence == (
            '`doc.items.all(i, i.n > 5)` is false: for i = {"n":4} (2 of 3), '
            "`i.n > 5` is false: i.n is 4"
        )
        items, predicate = explanation.tree.children
        assert (items.turn, predicate.turn) == (None, 'i = {"n":4} (2 of 3)')
        assert predicate.value is False
        assert [node.value for node in predicate.children] == [4]
        for shown in shown_in_every_way(explanation):
            assert 'i = {"n":4} (2 of 3)' in shown

    def test_long_values_and_keys_of_any_kind_are_shown(self):
        filter_ = Filter.cel("{1: doc.t, 'a': 2} == {}")
        explanation = filter_.explain({"t": "x" * 10_000})
        assert len(explanation._repr_html_()) < 3_000
        assert "xxx" in explanation._repr_html_()

    def test_html_is_escaped(self):
        filter_ = Filter.cel("doc.a == '<script>' || doc.b < 2")
        shown = filter_.explain({"a": "<b>", "b": 3})._repr_html_()
        assert "<script>" not in shown
        assert "<b>" not in shown.replace('<b style="', "")
        assert "&lt;script&gt;" in shown
        assert "no match" in shown

    def test_rich_shows_a_tree(self):
        explanation = Filter.cel("doc.a > 1 && doc.b").explain(
            {"a": 2, "b": True}
        )
        console = rich.console.Console(width=100)
        with console.capture() as capture:
            console.print(explanation)
        shown = capture.get()
        assert "doc.a > 1 && doc.b → true" in shown
        assert "├── doc.a > 1 → true" in shown
