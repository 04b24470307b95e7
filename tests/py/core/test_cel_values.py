"""What values `streamer.cel` takes from Python and gives back."""

import collections
import datetime
import json
import math
import types

import numpy as np
import pandas as pd
import pytest
import streamer
from streamer import cel

_UTC = datetime.UTC
_NOON = datetime.datetime(2024, 5, 1, 12, tzinfo=_UTC)
_BERLIN = datetime.timezone(datetime.timedelta(hours=2))


class TestPythonToCel:
    """The table in the module's docstring, line by line."""

    @pytest.mark.parametrize(
        ("given", "type_", "text"),
        [
            (None, "null_type", "null"),
            (pd.NaT, "null_type", "null"),
            (pd.NA, "null_type", "null"),
            (True, "bool", "true"),
            (np.True_, "bool", "true"),
            (-(2**63), "int", "-9223372036854775808"),
            (2**63 - 1, "int", "9223372036854775807"),
            (2**63, "uint", "9223372036854775808u"),
            (2**64 - 1, "uint", "18446744073709551615u"),
            (np.int8(-3), "int", "-3"),
            (np.uint64(2**64 - 1), "uint", "18446744073709551615u"),
            (2.5, "double", "2.5"),
            (np.float32(0.5), "double", "0.5"),
            (math.inf, "double", "double('Infinity')"),
            (-math.inf, "double", "double('-Infinity')"),
            ("hé", "string", "'hé'"),
            (b"\x00\xff", "bytes", "b'\\x00\\xff'"),
            (bytearray(b"ab"), "bytes", "b'ab'"),
            (memoryview(b"ab"), "bytes", "b'ab'"),
            (
                _NOON,
                "google.protobuf.Timestamp",
                "timestamp('2024-05-01T12:00:00Z')",
            ),
            (
                datetime.datetime(2024, 5, 1, 14, 0, 0, 123456, tzinfo=_BERLIN),
                "google.protobuf.Timestamp",
                "timestamp('2024-05-01T12:00:00.123456Z')",
            ),
            (
                datetime.datetime.min.replace(tzinfo=_UTC),
                "google.protobuf.Timestamp",
                "timestamp('0001-01-01T00:00:00Z')",
            ),
            (
                pd.Timestamp("2024-05-01T12:00:00.123456789Z"),
                "google.protobuf.Timestamp",
                "timestamp('2024-05-01T12:00:00.123456789Z')",
            ),
            (
                datetime.timedelta(days=1, microseconds=5),
                "google.protobuf.Duration",
                "duration('86400.000005s')",
            ),
            (
                datetime.timedelta(seconds=-1.5),
                "google.protobuf.Duration",
                "duration('-1.5s')",
            ),
            (
                datetime.timedelta(microseconds=-1),
                "google.protobuf.Duration",
                "duration('-0.000001s')",
            ),
            (
                pd.Timedelta("1.000000001s"),
                "google.protobuf.Duration",
                "duration('1.000000001s')",
            ),
            ([1, [b"a", None]], "list", "[1, [b'a', null]]"),
            ((1, 2), "list", "[1, 2]"),
            (np.array([[1, 2], [3, 4]]), "list", "[[1, 2], [3, 4]]"),
            ({"a": {1: True, False: 2}}, "map", "{'a': {1: true, false: 2}}"),
            ({2**63: 1}, "map", "{9223372036854775808u: 1}"),
            (types.MappingProxyType({"a": 1}), "map", "{'a': 1}"),
            (collections.ChainMap({"a": 1}, {"b": 2}), "map", "{'a':1,'b':2}"),
        ],
    )
    def test_each_kind_becomes_what_the_table_says(self, given, type_, text):
        program = cel.compile(
            f"[string(type(x) == type({text}) && x == {text}), "
            f"string(type(x) == {type_.replace('optional_type', 'dyn')})]",
            variables={"x": "dyn"},
        )
        assert program.eval({"x": given}) == ["true", "true"]

    def test_nan_is_a_number_that_equals_nothing(self):
        program = cel.compile("x == x", variables={"x": "dyn"})
        assert program.eval({"x": math.nan}) is False
        assert math.isnan(
            cel.compile("x", variables={"x": "dyn"}).eval({"x": math.nan})
        )

    @pytest.mark.parametrize(
        ("given", "error", "message"),
        [
            (
                {"a": [datetime.datetime(2024, 5, 1)]},
                streamer.InvalidArgument,
                "variables.x.a[0]: expected a datetime with a time zone, got "
                "2024-05-01T00:00:00, which has none",
            ),
            (
                datetime.datetime.max.replace(
                    tzinfo=datetime.timezone(-datetime.timedelta(hours=1))
                ),
                streamer.InvalidArgument,
                "variables.x: expected a datetime in the years 1 to 9999 of "
                "UTC, got 9999-12-31T23:59:59.999999-01:00",
            ),
            (
                datetime.timedelta.max,
                streamer.InvalidArgument,
                "variables.x: expected a timedelta of at most 315576000000 "
                "seconds, got 86399999999999",
            ),
            (
                [2**64],
                streamer.InvalidArgument,
                "variables.x[0]: expected an int between -2**63 and 2**64 - 1, "
                "got one of 65 bits",
            ),
            (
                -(2**70),
                streamer.InvalidArgument,
                "variables.x: expected an int between -2**63 and 2**64 - 1, "
                "got one of 71 bits",
            ),
            (
                {1.5: 2},
                TypeError,
                "variables.x: expected keys of type str, int or bool, got "
                "float",
            ),
            (
                {"s": {1, 2}},
                TypeError,
                "variables.x.s: expected None, bool, int, float, str, bytes, "
                "datetime, timedelta, list or dict, got set",
            ),
            (
                datetime.date(2024, 5, 1),
                TypeError,
                "variables.x: expected None, bool, int, float, str, bytes, "
                "datetime, timedelta, list or dict, got date",
            ),
            (
                np.datetime64("2024-05-01T00:00:00", "ns"),
                TypeError,
                "variables.x: expected None, bool, int, float, str, bytes, "
                "datetime, timedelta, list or dict, got datetime64",
            ),
            (
                "a\ud800",
                streamer.InvalidArgument,
                "variables.x: expected text that UTF-8 can encode, got a lone "
                "surrogate",
            ),
        ],
    )
    def test_what_cel_lacks_is_refused_with_its_place(
        self, given, error, message
    ):
        program = cel.compile("x", variables={"x": "dyn"})
        with pytest.raises(error) as caught:
            program.eval({"x": given})
        assert str(caught.value) == message

    def test_a_value_that_holds_itself_is_refused(self):
        knot = []
        knot.append(knot)
        with pytest.raises(streamer.InvalidArgument, match="levels of nesting"):
            cel.compile("x", variables={"x": "dyn"}).eval({"x": knot})


class TestDeclaredTypes:
    """A value becomes what its variable was declared as, or an error."""

    @pytest.mark.parametrize(
        ("type_", "given", "text"),
        [
            ("uint", 5, "5u"),
            ("double", 5, "5.0"),
            ("double", 2**63, "9223372036854775808.0"),
            ("list(uint)", [1, 2], "[1u, 2u]"),
            ("map(string, double)", {"a": 1}, "{'a': 1.0}"),
            ("map(uint, list(double))", {1: [2]}, "{1u: [2.0]}"),
            ("timestamp", "2024-05-01T12:00:00Z", "timestamp(1714564800)"),
            ("duration", "1h", "duration('3600s')"),
            ("optional_type(uint)", None, "optional.none()"),
            ("optional_type(uint)", 3, "optional.of(3u)"),
            ("dyn", 5, "5"),
        ],
    )
    def test_what_can_mean_only_one_thing_is_converted(
        self, type_, given, text
    ):
        program = cel.compile(
            f"dyn(x) == dyn({text}) && type(x) == type({text})",
            variables={"x": type_},
        )
        assert program.eval({"x": given}) is True
        if type_ != "map(uint, list(double))":  # JSON has keys of text alone
            assert program.eval(json.dumps({"x": given})) is True

    @pytest.mark.parametrize(
        ("type_", "given", "message"),
        [
            ("int", "5", "x: expected int, got string"),
            ("int", 5.0, "x: expected int, got double"),
            ("int", 2**63, "x: expected int, got uint"),
            ("uint", -1, "x: expected uint, got int"),
            ("bool", 1, "x: expected bool, got int"),
            ("string", b"a", "x: expected string, got bytes"),
            ("timestamp", "soon", "x: expected timestamp, got string"),
            ("list(int)", [1, None], "x[1]: expected int, got null_type"),
            (
                "map(string, int)",
                {"a": "b"},
                'x["a"]: expected int, got string',
            ),
            ("map(int, dyn)", {"a": 1}, 'x["a"]: expected int, got string'),
            (
                "map(string, dyn)",
                None,
                "x: expected map(string, dyn), got null",
            ),
        ],
    )
    def test_what_does_not_fit_is_an_error_where_it_is_used(
        self, type_, given, message
    ):
        variables = {"x": type_, "flag": "bool"}
        program = cel.compile("dyn(x) == 1 || flag", variables=variables)
        with pytest.raises(streamer.EvaluationError) as caught:
            program.eval({"x": given, "flag": False})
        assert str(caught.value).startswith(message)
        assert caught.value.code == "invalid_argument"
        assert program.eval({"x": given, "flag": True}) is True


class TestCelToPython:
    def test_keys_of_every_kind_come_back(self):
        text = "{1: 'a', 'b': 2u, true: null, 7u: b'x'}"
        with pytest.raises(streamer.EvaluationError) as caught:
            cel.compile(text).eval({})
        assert str(caught.value) == (
            "expected keys that a dict can hold side by side, got a bool and "
            "an int that Python calls equal"
        )
        assert cel.compile("{1: 'a', 'b': 2u, false: null, 7u: b'x'}").eval(
            {}
        ) == {1: "a", "b": 2, False: None, 7: b"x"}

    def test_in_a_column_what_no_dict_can_hold_is_one_answer_of_many(self):
        program = cel.compile("doc.a ? {1: 2, true: 3} : {1: 2}")
        first, second = program.eval_many([{"a": True}, {"a": False}])
        assert first.code == "invalid_argument"
        assert second == {1: 2}

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("double('NaN') != double('NaN')", True),
            ("-1.0 / 0.0", -math.inf),
            ("type([])", "list"),
            ("type(timestamp(0))", "google.protobuf.Timestamp"),
            ("[optional.none(), optional.of(b'a')]", [None, b"a"]),
            (
                "timestamp('9999-12-31T23:59:59.999999999Z')",
                datetime.datetime.max.replace(tzinfo=_UTC),
            ),
            (
                "timestamp('0001-01-01T00:00:00Z')",
                datetime.datetime.min.replace(tzinfo=_UTC),
            ),
            (
                "duration('-315576000000s')",
                datetime.timedelta(seconds=-315576000000),
            ),
            ("duration('-0.5s')", datetime.timedelta(seconds=-0.5)),
        ],
    )
    def test_the_edges_of_each_kind_come_back(self, text, value):
        assert cel.compile(text).eval({}) == value
