"""The Common Expression Language by itself: compile, evaluate, look inside.

>>> from streamer import cel
>>> program = cel.compile("doc.price >= 10 && 'sale' in doc.tags")
>>> program.eval({"doc": {"price": 12, "tags": ["sale"]}})
True
>>> program.eval_many([{"price": 12, "tags": ["sale"]}, '{"price": 7}'])
[True, False]

Notes
-----
What Python gives becomes a value of CEL as follows, at any depth:

==============================  ==============================================
Python                          CEL
==============================  ==============================================
``None``, ``NaT``, ``NA``       ``null``
``bool``                        ``bool``
``int``, ``__index__``          ``int`` from -2**63, ``uint`` from 2**63 to
                                2**64 - 1; beyond these `InvalidArgument`
``float``, ``__float__``        ``double``; nan and the infinities are kept
``str``                         ``string``
``bytes``, ``bytearray``        ``bytes``
``datetime`` with a time zone   ``timestamp``; a naive one is `InvalidArgument`
``timedelta``                   ``duration``
``list``, ``tuple``, an array   ``list``
``dict``, any ``Mapping``       ``map``, whose keys are str, int or bool
anything else                   `TypeError`
==============================  ==============================================

As JSON text, a number without fraction or exponent is an ``int``, else a
``uint``, else a ``double``.  A variable declared as ``uint`` or ``double``
takes an int as well, a ``timestamp`` or ``duration`` a text of it, and an
``optional_type`` null for none.  What does not fit its declaration is an
`EvaluationError` where the expression uses it.

And back, of what an expression yields:

==============================  ==============================================
CEL                             Python
==============================  ==============================================
``null``                        ``None``
``bool``                        ``bool``
``int``, ``uint``               ``int``
``double``                      ``float``
``string``, ``bytes``           ``str``, ``bytes``
``list``, ``map``               ``list``, ``dict``; with ``true`` beside ``1``
                                as keys, which no dict can hold, an
                                `EvaluationError`
``timestamp``                   ``datetime`` in UTC, to the microsecond
``duration``                    ``timedelta``, to the microsecond
``type``                        its name: ``str``
``optional_type``               its content, or ``None``
==============================  ==============================================

A column's missing values, which are null in polars and pyarrow and whatever
``isna()`` says in pandas, are ``null``: the variable itself, not a document
without fields.  So is ``doc`` where it was declared ``dyn``; where it was
declared a map, as it is by default, using it is an `EvaluationError`.
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
    """One thing that cannot work in an expression.

    Parameters
    ----------
    code : str
        A stable name: ``undeclared_reference``, ``undeclared_function``,
        ``no_matching_overload``, ``unexpected_type``, ``no_fields``,
        ``not_iterable``, ``unknown_message``, ``too_complex`` or
        ``mixed_numbers``; ``not_parsed``, ``too_costly`` or ``not_compiled``
        (a pattern) when it was refused before or after its types were looked
        at, with one problem then.
    position : Position
        Where it stands.
    expected, got : str
        The types, or what else was; empty where there is nothing to compare.
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
    column : iterable of object
        The documents; a str or bytes is JSON text, a missing one null.  Also a
        column of pandas, polars or pyarrow, of JSON text, structs or whatever
        the module's table converts; or a table of them, a document a row.

    Raises
    ------
    InvalidArgument
        One is malformed; the message says which and where.
    TypeError
        One holds what CEL lacks.

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


def _as_list(column: Any) -> list[Any]:
    """Return what a column or table holds as Python objects.

    Each library says in its own words what is missing; here it is None.
    """
    documents: list[Any]
    if isinstance(column, (str, bytes)):
        raise TypeError(
            "documents: expected an iterable of documents, got "
            f"{type(column).__name__}, which is one"
        )
    if hasattr(column, "isna"):  # pandas
        kept = column.astype(object).where(column.notna(), None)
        is_table = hasattr(kept, "columns")
        documents = kept.to_dict("records") if is_table else kept.to_list()
    elif hasattr(column, "to_dicts"):  # a table of polars
        documents = column.to_dicts()
    elif hasattr(column, "to_pylist"):  # pyarrow
        documents = column.to_pylist()
    elif hasattr(column, "to_list"):  # a column of polars
        documents = column.to_list()
    else:
        documents = list(column)
    return documents
