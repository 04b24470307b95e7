"""`streamer.cel`: expressions by themselves."""

import datetime
import json
import math
import pathlib
import re
import threading

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import streamer
from streamer import cel


class TestCompile:
    def test_without_variables_there_is_doc(self):
        assert cel.compile("doc.a").type == "dyn"
        with pytest.raises(streamer.FilterError, match="undeclared reference"):
            cel.compile("other.a")

    def test_the_type_follows_from_the_variables(self):
        program = cel.compile(
            "[a, b].map(x, x * 2)", variables={"a": "int", "b": "int"}
        )
        assert program.type == "list(int)"
        assert program.text == "[a, b].map(x, x * 2)"
        assert repr(program) == "cel.compile('[a, b].map(x, x * 2)')"

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            (
                "doc.a >=",
                (
                    "not_parsed",
                    (8, 1, 9),
                    "an expression",
                    "end of text",
                    "expected an expression, got end of text",
                ),
            ),
            (
                "doc.a.all(x, doc.b.all(y, x + y > 0))",
                (
                    "too_costly",
                    (6, 1, 7),
                    "an estimated cost of at most 1000000 units",
                    "17237251",
                    "expected an estimated cost of at most 1000000 units, "
                    "got 17237251",
                ),
            ),
        ],
    )
    def test_a_refusal_of_another_kind_is_one_problem(self, text, problem):
        with pytest.raises(streamer.FilterError) as caught:
            cel.compile(text, variables={"doc": "map"})
        assert caught.value.problems == (problem,)
        assert caught.value.position == problem[1]

    def test_a_pattern_that_is_none_is_one_problem(self):
        with pytest.raises(streamer.FilterError) as caught:
            cel.compile("'a'.matches('(')")
        [problem] = caught.value.problems
        assert problem.code == "not_compiled"
        assert problem.position == caught.value.position
        assert problem.message in str(caught.value)

    def test_all_type_problems_come_at_once_as_data(self):
        with pytest.raises(streamer.FilterError) as caught:
            cel.compile("1 + 'a' == 2 &&\n  size(3) > nothing")
        problems = caught.value.problems
        assert [problem.code for problem in problems] == [
            "no_matching_overload",
            "no_matching_overload",
            "undeclared_reference",
        ]
        assert [problem.position[1:] for problem in problems] == [
            (1, 3),
            (2, 3),
            (2, 13),
        ]
        for problem in problems:
            assert problem.message in str(caught.value)
        assert caught.value.position == problems[0].position

    @pytest.mark.parametrize(
        ("type_", "problem"),
        [
            ("list(int", "expected ',' or ')', got end of text"),
            ("list(strng)", "expected a type of CEL, got 'strng'"),
        ],
    )
    def test_a_malformed_type_of_a_variable_is_refused(self, type_, problem):
        with pytest.raises(streamer.InvalidArgument) as caught:
            cel.compile("a", variables={"a": type_})
        assert str(caught.value) == f"the type of variable 'a': {problem}"

    def test_an_expression_over_a_limit_is_refused(self):
        loops = "doc.l.all(x, doc.l.all(y, doc.l.all(z, x + y == z)))"
        with pytest.raises(streamer.FilterError) as caught:
            cel.compile(loops)
        assert caught.value.position is not None

    def test_dyn_beside_a_written_number_warns(self):
        (warning,) = cel.compile("doc.price * 1.5 > 3.0").warnings
        assert warning.code == "mixed_numbers"
        assert cel.compile("double(doc.price) * 1.5 > 3.0").warnings == ()


class TestEval:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("null", None),
            ("1 < 2", True),
            ("3 - 5", -2),
            ("18446744073709551615u", 18446744073709551615),
            ("0.5", 0.5),
            ("'h\\u00e9'", "hé"),
            ("b'\\x00\\xff'", b"\x00\xff"),
            ("[1, 'a', null]", [1, "a", None]),
            ("{'a': {'b': [true]}}", {"a": {"b": [True]}}),
            ("type(1)", "int"),
            (
                "timestamp('2013-01-01T05:15:00Z')",
                datetime.datetime(2013, 1, 1, 5, 15, tzinfo=datetime.UTC),
            ),
            ("duration('90s')", datetime.timedelta(seconds=90)),
            ("optional.of(3)", 3),
            ("optional.none()", None),
        ],
    )
    def test_each_kind_of_value_comes_back(self, text, value):
        assert cel.compile(text).eval({}) == value

    def test_variables_come_as_a_mapping_or_as_json(self):
        program = cel.compile("a.b + 1", variables={"a": "dyn"})
        variables = {"a": {"b": 41}, "unused": 1}
        assert program.eval(variables) == 42
        assert program.eval(json.dumps(variables)) == 42
        assert program.eval(json.dumps(variables).encode()) == 42

    def test_variables_that_are_no_object_are_refused(self):
        with pytest.raises(streamer.InvalidArgument) as caught:
            cel.compile("doc").eval("[1]")
        assert str(caught.value) == "variables: expected an object, got list"

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("doc.missing", "no_such_field"),
            ("doc.a + 'x'", "no_such_overload"),
            ("doc.a / 0", "division_by_zero"),
            ("doc.a + 9223372036854775807", "overflow"),
            ("timestamp(doc.s)", "invalid_argument"),
            ("absent", "unknown_variable"),
        ],
    )
    def test_a_failure_has_a_code(self, text, code):
        program = cel.compile(text, variables={"doc": "dyn", "absent": "dyn"})
        with pytest.raises(streamer.EvaluationError) as caught:
            program.eval({"doc": {"a": 1, "s": "soon"}})
        assert caught.value.code == code

    def test_a_missing_variable_is_absorbed_where_it_does_not_matter(self):
        program = cel.compile("a || b", variables={"a": "bool", "b": "bool"})
        assert program.eval({"b": True}) is True

    def test_an_evaluation_over_budget_is_ended(self):
        program = cel.compile("doc.l.all(x, x >= 0)")
        variables = {"doc": {"l": list(range(1000))}}
        assert program.eval(variables) is True
        with pytest.raises(streamer.EvaluationError) as caught:
            program.eval(variables, budget=100)
        assert caught.value.code == "over_budget"

    def test_what_it_cost_depends_on_the_values_alone(self):
        program = cel.compile("doc.l.all(x, x >= 0)")
        costs = [
            program.measure({"doc": {"l": [1] * length}})[1]
            for length in (10, 20, 30, 10)
        ]
        assert costs[0] == costs[3]
        assert costs[1] - costs[0] == costs[2] - costs[1] > 0
        assert program.cost > costs[2]


def _peak_bytes(*, reset=False):
    """The most memory that this process had, since it was last reset."""
    if reset:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"^VmHWM:\s*(\d+)", status, re.M)[1])


class TestEvalMany:
    DOCUMENTS = ({"a": 1}, {"a": 2}, {"b": 3})
    ANSWERS = (False, True, "no such key: a")

    def answers(self, documents, **options):
        results = cel.compile("doc.a > 1").eval_many(documents, **options)
        return tuple(
            str(result) if isinstance(result, Exception) else result
            for result in results
        )

    def test_documents_come_as_any_column(self):
        lines = [json.dumps(document) for document in self.DOCUMENTS]
        for column in (
            self.DOCUMENTS,
            iter(self.DOCUMENTS),
            lines,
            [line.encode() for line in lines],
            pd.Series(lines),
            pd.Series(self.DOCUMENTS),
            pl.Series(lines),
            pa.array(lines),
            pa.chunked_array([lines[:1], lines[1:]]),
            cel.Documents(lines),
        ):
            assert self.answers(column) == self.ANSWERS, type(column)

    def test_an_arrow_struct_has_every_field(self):
        assert self.answers(pa.array(self.DOCUMENTS))[:2] == (False, True)

    def test_what_is_missing_in_a_column_is_null(self):
        lines = ['{"a": 1}', None, '{"a": 2}']
        for column in (
            lines,
            pd.Series(lines),
            pd.Series(lines, dtype="string"),
            pl.Series(lines),
            pa.array(lines),
            pa.chunked_array([lines]),
            pd.Series([{"a": 1}, math.nan, {"a": 2}]),
            pl.Series([{"a": 1}, None, {"a": 2}]),
            pa.array([{"a": 1}, None, {"a": 2}]),
        ):
            is_null = cel.compile("doc == null", variables={"doc": "dyn"})
            assert is_null.eval_many(column) == [False, True, False], column
            first, second, third = cel.compile("doc.a").eval_many(column)
            assert (first, third) == (1, 2)
            assert str(second) == (
                "doc: expected map(string, dyn), got null_type"
            )

    def test_a_column_of_numbers_or_times_is_one_variable(self):
        whole = cel.compile("x == null || x > 1", variables={"x": "dyn"})
        for column in (
            pd.Series([1, 2, None], dtype="Int64"),
            pd.Series([1.0, 2.0, None]),
            pl.Series([1, 2, None]),
            pa.array([1, 2, None]),
            np.array([1.0, 2.0, 3.0]),
        ):
            assert whole.eval_many(column) == [False, True, True], column
        late = cel.compile(
            "x > timestamp('2024-01-01T00:00:00Z')",
            variables={"x": "timestamp"},
        )
        times = pd.Series(
            pd.to_datetime(["2023-05-01", "2024-05-01"], utc=True)
        )
        for column in (times, pl.from_pandas(times), pa.array(times)):
            assert late.eval_many(column) == [False, True], type(column)

    def test_a_table_is_a_document_a_row(self):
        rows = [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]
        program = cel.compile("doc.a == null ? doc.b : string(doc.a)")
        for table in (
            pd.DataFrame(rows, dtype=object),
            pl.DataFrame(rows),
            pa.Table.from_pylist(rows),
            pa.RecordBatch.from_pylist(rows),
        ):
            assert program.eval_many(table) == ["1", "y"], type(table)

    def test_one_text_is_no_column(self):
        with pytest.raises(TypeError) as caught:
            self.answers('{"a": 1}')
        assert str(caught.value) == (
            "documents: expected an iterable of documents, got str, which is "
            "one"
        )

    def test_many_chunks_keep_their_order(self):
        documents = cel.Documents({"a": i} for i in range(2000))
        assert len(documents) == 2000
        assert cel.compile("doc.a").eval_many(documents) == list(range(2000))

    def test_what_is_made_of_many_documents_is_not_held_at_once(self):
        program = cel.compile("lists.range(10000 + doc.n).map(x, x) == []")
        documents = cel.Documents({"n": i} for i in range(600))
        before = _peak_bytes(reset=True)
        assert program.eval_many(documents) == [False] * 600
        assert _peak_bytes() - before < 30_000_000

    def test_which_variable_must_be_said_when_there_are_more(self):
        program = cel.compile("a > 1", variables={"a": "int", "b": "int"})
        assert program.eval_many([1, 2], variable="a") == [False, True]
        with pytest.raises(streamer.InvalidArgument, match="the program has 2"):
            program.eval_many([1])
        with pytest.raises(streamer.InvalidArgument, match='got "c"'):
            program.eval_many([1], variable="c")

    def test_a_malformed_document_is_named(self):
        with pytest.raises(streamer.InvalidArgument) as caught:
            self.answers(["{}", "{"])
        assert str(caught.value).startswith("documents[1]: ")

    def test_threads_may_share_a_program_and_documents(self):
        program = cel.compile("doc.l.filter(x, x % 2 == 0).size()")
        documents = cel.Documents([{"l": list(range(50))}] * 500)
        found = []

        def run():
            found.append(program.eval_many(documents))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [[25] * 500] * 4


class TestAst:
    def test_it_reads_as_a_tree(self):
        tree = cel.compile("doc.a == 1 && has(doc.b)").ast
        assert repr(tree) == (
            "call _&&_\n"
            "  call _==_\n"
            "    select a\n"
            "      identifier doc\n"
            "    literal 1\n"
            "  has b\n"
            "    identifier doc"
        )

    def test_its_nodes_are_data(self):
        tree = cel.compile("size(doc.a) > 1").ast
        call, literal = tree.children
        assert (tree.kind, tree.name) == ("call", "_>_")
        assert (call.kind, call.name) == ("call", "size")
        assert (literal.kind, literal.value) == ("literal", 1)
        assert literal.position == (14, 1, 15)

    def test_a_node_outlives_its_program(self):
        node = cel.compile("[1, 2].exists(x, x > 1)").ast
        assert node.kind == "comprehension"
        assert "exists x" in repr(node)
