// Docstrings of CelProgram, CelNode and CelDocuments. Each begins with the
// signature that `inspect` shows; tests hold it against stubs and Parameters
// sections.
#ifndef STREAMER_PYTHON_CEL_DOCS_H_
#define STREAMER_PYTHON_CEL_DOCS_H_

namespace streamer::python::docs {

inline constexpr const char* kCelProgram =
    R"(A compiled expression; `streamer.cel.compile` makes it.

Notes
-----
Immutable, and may be used by several threads at once: the GIL is released
while it runs.

Examples
--------
>>> from streamer import cel
>>> program = cel.compile("doc.price * 2", variables={"doc": "dyn"})
>>> program.eval({"doc": {"price": 21}})
42
)";

inline constexpr const char* kCelEval =
    R"(eval(self, variables, /, *, budget=50000)
--

Evaluate once.

Parameters
----------
variables : mapping, str or bytes
    The value of each variable, or an object of them as JSON text.  Names that
    were not declared are passed over; one that is missing, or is not what was
    declared, is an error where the expression uses it.  `streamer.cel` has a
    table of what becomes what.
budget : int, default 50000
    Units of cost, about 10 ns each, after which the evaluation is ended.

Returns
-------
object
    The value: None, bool, int, float, str, bytes, list, dict, datetime or
    timedelta; of a type its name, of an optional its content or None.

Raises
------
EvaluationError
    The expression failed on these values; ``code`` says how.
InvalidArgument
    The variables are no object or malformed, or hold a naive datetime or a
    number too large; the message says where.
TypeError
    They hold what CEL lacks.

Examples
--------
>>> from streamer import cel
>>> program = cel.compile("'sale' in doc.tags")
>>> program.eval(b'{"doc": {"tags": ["new", "sale"]}}')
True
>>> import datetime
>>> late = cel.compile(
...     "due + grace < now",
...     variables={"due": "timestamp", "grace": "duration", "now": "timestamp"},
... )
>>> now = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
>>> hour = datetime.timedelta(hours=1)
>>> late.eval({"due": now - 2 * hour, "grace": hour, "now": now})
True
)";

inline constexpr const char* kCelMeasure =
    R"(measure(self, variables, /, *, budget=50000)
--

Evaluate once, and tell what it cost.

Parameters
----------
variables : mapping, str or bytes
    As for `eval`.
budget : int, default 50000
    As for `eval`.

Returns
-------
tuple of (object, int)
    The value, an EvaluationError being returned and not raised; and the units
    used, about 10 ns each.  They depend on expression and values alone.

Raises
------
InvalidArgument, TypeError
    As for `eval`.

Examples
--------
>>> from streamer import cel
>>> value, units = cel.compile("doc.a == 1").measure({"doc": {"a": 1}})
>>> value, units > 0
(True, True)
)";

inline constexpr const char* kCelEvalMany =
    R"(eval_many(self, documents, /, *, variable=None, budget=50000)
--

Evaluate for each document of a column, in one call.

Parameters
----------
documents : Documents or iterable of object
    The values of one variable.  A str or bytes is JSON text, what is missing
    null.  Also a column or table of pandas, polars or pyarrow.  What is
    evaluated more than once is parsed once as `streamer.cel.Documents`.
variable : str, optional
    Which variable they are; may be left out when there is only one.
budget : int, default 50000
    Units of cost for each.

Returns
-------
list of object
    One value for each document; where the expression failed, the
    EvaluationError, not raised.

Raises
------
InvalidArgument
    A document is malformed, or the variable was not declared.

Examples
--------
>>> from streamer import cel
>>> cel.compile("doc.a > 1").eval_many([{"a": 1}, {"a": 2}, {}])
[False, True, EvaluationError('no such key: a')]
)";

inline constexpr const char* kCelText = "The text that was compiled: str.";

inline constexpr const char* kCelType =
    "The type of its value, such as ``bool`` or ``list(int)``; ``dyn`` when "
    "that depends on the documents: str.";

inline constexpr const char* kCelCost =
    "What it may cost at most for lists of 256 and texts of 1 KiB, in units "
    "of about 10 ns: int.";

inline constexpr const char* kCelWarnings =
    "What is likely to fail on some documents: tuple of "
    "`streamer.cel.Problem`.";

inline constexpr const char* kCelAst =
    "The expression as a tree, macros written out: `streamer.cel.Node`.";

inline constexpr const char* kCelNode =
    R"(A node of an expression's tree; printing it shows all below it.

Examples
--------
>>> from streamer import cel
>>> cel.compile("doc.a + 1 > 2").ast
call _>_
  call _+_
    select a
      identifier doc
    literal 1
  literal 2
)";

inline constexpr const char* kCelNodeKind =
    "``literal``, ``identifier``, ``select``, ``call``, ``list``, ``map``, "
    "``message`` or ``comprehension``: str.";

inline constexpr const char* kCelNodeName =
    "Of an identifier, a field, a function or a message; operators are "
    "functions such as ``_&&_``.  Empty for other kinds: str.";

inline constexpr const char* kCelNodeValue =
    "Of a literal; ``None`` for other kinds: object.";

inline constexpr const char* kCelNodePosition =
    "Where it stands in the text: `streamer.Position`.";

inline constexpr const char* kCelNodeChildren =
    "Its operand, if it has one, then its arguments: tuple of Node.";

inline constexpr const char* kCelDocuments =
    R"(Documents, parsed once and evaluated often.

Parameters
----------
column : list of object
    A str or bytes is JSON text.

Examples
--------
>>> from streamer import cel
>>> documents = cel.Documents([{"a": 1}, '{"a": 2}'])
>>> cel.compile("doc.a > 1").eval_many(documents)
[False, True]
)";

inline constexpr const char* kCelDocumentsInit =
    R"(__init__(self, column, /)
--

Read documents.

Parameters
----------
column : list of object
    A str or bytes is JSON text.  They are copied.

Raises
------
InvalidArgument
    One is malformed; the message says which and where.
)";

inline constexpr const char* kCompileCel = R"(compile_cel(text, variables, /)
--

Compile an expression.

Parameters
----------
text : str
    The expression.
variables : list of (str, str)
    Names and types.

Returns
-------
CelProgram
    The program.

Raises
------
FilterError
    As for `streamer.cel.compile`.
)";

}  // namespace streamer::python::docs

#endif  // STREAMER_PYTHON_CEL_DOCS_H_
