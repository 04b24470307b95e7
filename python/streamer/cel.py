"""The Common Expression Language by itself: compile, evaluate, look inside.

>>> from streamer import cel
>>> program = cel.compile("doc.price >= 10 && 'sale' in doc.tags")
>>> program.eval({"doc": {"price": 12, "tags": ["sale"]}})
True
>>> program.eval_many([{"price": 12, "tags": ["sale"]}, '{"price": 7}'])
[True, False]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from streamer import _core
from streamer.errors import Position

__all__ = ["Documents", "Node", "Problem", "Program", "compile"]

Node = _core.CelNode
Program = _core.CelProgram


class Problem(NamedTuple):
    """One thing that cannot work in an expression, found by its types.

    Parameters
    ----------
    code : str
        A stable name: ``undeclared_reference``, ``undeclared_function``,
        ``no_matching_overload``, ``unexpected_type``, ``no_fields``,
        ``not_iterable``, ``unknown_message``, ``too_complex`` or
        ``mixed_numbers``.
    position : Position
        Where it stands.
    expected, got : str
        The types.
    message : str
        One sentence with both.

    Examples
    --------
    >>> import streamer
    >>> from streamer import cel
    >>> try:
    ...     cel.compile("1 + 'a'")
    ... except streamer.FilterError as error:
    ...     error.problems[0].code
    'no_matching_overload'
    """

    code: str
    position: Position
    expected: str
    got: str
    message: str


class Documents(_core.CelDocuments):
    """Documents, parsed once and evaluated often.

    Parameters
    ----------
    column : iterable of (dict, str, bytes or None)
        The documents; a str or bytes is JSON text.  Also a column of pandas,
        polars or pyarrow, of JSON text or of structs.

    Raises
    ------
    InvalidArgument
        One is malformed; the message says which and where.

    Examples
    --------
    >>> from streamer import cel
    >>> documents = cel.Documents([{"a": 1}, '{"a": 2}'])
    >>> cel.compile("doc.a > 1").eval_many(documents)
    [False, True]
    """

    def __init__(self, column: Iterable[Any], /) -> None:
        super().__init__(_as_list(column))


def compile(  # noqa: A001  (as re.compile)
    text: str, /, *, variables: Mapping[str, str] | None = None
) -> Program:
    """Compile an expression.

    Parameters
    ----------
    text : str
        The expression.
    variables : mapping of str to str, optional
        The names that it may use, and their types: ``dyn`` (any), ``bool``,
        ``int``, ``uint``, ``double``, ``string``, ``bytes``, ``timestamp``,
        ``duration``, ``list(int)``, ``map(string, dyn)`` and so on.  Without
        them there is one, ``doc``, a ``map(string, dyn)``.

    Returns
    -------
    Program
        Releases the GIL while it compiles.

    Raises
    ------
    FilterError
        The text is malformed, its types cannot fit, or it is over a limit;
        ``position`` says where, ``problems`` each thing that is wrong with the
        types.

    Examples
    --------
    >>> from streamer import cel
    >>> program = cel.compile("a + b", variables={"a": "int", "b": "int"})
    >>> program.type, program.eval({"a": 40, "b": 2})
    ('int', 42)
    """
    if variables is None:
        variables = {"doc": "map(string, dyn)"}
    return _core.compile_cel(text, list(variables.items()))


def _as_list(column: Iterable[Any]) -> list[Any]:
    """Return what a column holds as Python objects."""
    for method in ("to_pylist", "to_list"):
        if convert := getattr(column, method, None):
            return list(convert())
    return list(column)
