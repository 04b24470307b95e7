// Docstrings of Filter and Explanation. Each begins with the signature that
// `inspect` shows; tests hold it against stubs and Parameters sections.
#ifndef STREAMER_PYTHON_FILTER_DOCS_H_
#define STREAMER_PYTHON_FILTER_DOCS_H_

namespace streamer::python::docs {

inline constexpr const char* kFilter =
    R"(What a subscription asks of every event, compiled.

Notes
-----
A filter matches when its value is ``true``.  ``false``, an error (a missing
field, types that do not fit, an overflow) and a value that is no boolean are
no match; `explain` tells them apart.  Filters are immutable and may be used by
several threads at once.  Two filters are equal, and have equal hashes, when
they are the same after normalisation: they match the same events.

Examples
--------
>>> import streamer
>>> f = streamer.Filter.cel("doc.price >= 10 && 'sale' in doc.tags")
>>> f.matches({"price": 12, "tags": ["sale"]})
True
>>> f == streamer.Filter.where("price", ">=", 10) & streamer.Filter.where(
...     "tags", "contains", "sale"
... )
True
)";

inline constexpr const char* kCel = R"(cel(expression, /)
--

Compile a CEL expression.

Parameters
----------
expression : str
    Over ``doc``, ``data``, ``before``, ``op``, ``tenant``, ``collection``,
    ``id`` and ``timestamp``.

Returns
-------
Filter
    Releases the GIL while it compiles.

Raises
------
FilterError
    The text is malformed or over a limit; ``position`` says where.

Examples
--------
>>> import streamer
>>> streamer.Filter.cel("doc.price >= 10")
Filter.cel('doc.price >= 10')
)";

inline constexpr const char* kWhere = R"(where(field, op, value, /)
--

Compile one condition on one field.

Parameters
----------
field : str
    A dotted path within the document; a dot that belongs to a name is written
    ``\.``.  ``_id`` means ``id``.
op : str
    ``==`` ``!=`` ``>`` ``>=`` ``<`` ``<=`` ``in`` ``contains``, or ``eq``
    ``ne`` ``gt`` ``gte`` ``lt`` ``lte`` ``in`` ``array-contains``.
value : bool, int, float, str, list, tuple or None
    What the field is compared with; a list of values for ``in``.

Returns
-------
Filter
    Conditions are ANDed with ``&``.

Raises
------
FilterError
    The field, the operator or the value is malformed; the message says which.
TypeError
    The value is not one that JSON has.

Examples
--------
>>> import streamer
>>> f = streamer.Filter.where("carrier", "in", ["AA", "UA"])
>>> f.matches({"carrier": "UA"})
True
>>> f.matches({})
False
)";

inline constexpr const char* kMatchAll = R"(match_all()
--

Make the filter that matches every event of its collection.

Returns
-------
Filter
    Has no condition and no expression.

Examples
--------
>>> import streamer
>>> streamer.Filter.match_all().is_match_all
True
)";

inline constexpr const char* kMatches = R"(matches(self, document, /)
--

Tell whether the filter is true of a document or an event.

Parameters
----------
document : dict, str, bytes or Event
    The fields of a document as a dict or as JSON, seen as if just inserted,
    with empty tenant, collection and id.  Or an event, seen as a core would
    see it that never saw another.

Returns
-------
bool
    False also when the filter fails on it.  Releases the GIL meanwhile.

Raises
------
InvalidArgument
    The text is not JSON, or not an object.
TypeError
    The dict holds what JSON does not have.

Examples
--------
>>> import streamer
>>> streamer.Filter.cel("doc.delay > 30").matches('{"delay": 45}')
True
)";

inline constexpr const char* kMatchesMany = R"(matches_many(self, documents, /)
--

Tell of each document whether the filter is true of it.

Parameters
----------
documents : sequence of bytes, str or dict
    As for `matches`; JSON in bytes is quickest, it is not copied.

Returns
-------
list of bool
    One for each document, in order.  The GIL is released while JSON is parsed
    and matched.

Raises
------
InvalidArgument
    A document is malformed; the message names its index.
TypeError
    A document has another type.

Examples
--------
>>> import streamer
>>> streamer.Filter.where("a", ">", 1).matches_many([b'{"a": 1}', b'{"a": 2}'])
[False, True]
)";

inline constexpr const char* kExplain = R"(explain(self, document, /)
--

Say why the filter does or does not match a document or an event.

Parameters
----------
document : dict, str, bytes or Event
    As for `matches`.

Returns
-------
Explanation
    ``explain(document).is_match`` equals ``matches(document)``.

Raises
------
InvalidArgument
    The text is not JSON, or not an object.
TypeError
    The dict holds what JSON does not have.

Examples
--------
>>> import streamer
>>> f = streamer.Filter.cel("doc.price >= 10")
>>> f.explain({"price": 7}).sentence
'`doc.price >= 10` is false: doc.price is 7'
)";

inline constexpr const char* kAnd = R"(__and__(self, other, /)
--

Make the filter that matches what both match.

Parameters
----------
other : Filter
    The other filter.

Returns
-------
Filter
    Conditions of both, and both expressions joined with ``&&``.

Raises
------
FilterError
    Together they are over a limit.

Examples
--------
>>> import streamer
>>> f = streamer.Filter.cel("doc.a || doc.b") & streamer.Filter.cel("doc.c")
>>> f.expression
'(doc.a || doc.b) && doc.c'
)";

inline constexpr const char* kText =
    "str: The whole filter as CEL, conditions included; ``true`` for none.";
inline constexpr const char* kConditions =
    "tuple of (str, str, object): The conditions as (field, op, value), in "
    "order.";
inline constexpr const char* kExpression =
    "str: The CEL expression; empty when there is none.";
inline constexpr const char* kIsMatchAll =
    "bool: Whether it is no filter at all and matches every event.";

inline constexpr const char* kExplanation =
    R"(Why a filter did or did not match.

Notes
-----
``str()`` gives the tree, one node a line, with its values.  In a notebook it
is shown as HTML, and by ``rich.print`` as a tree.

Examples
--------
>>> import streamer
>>> e = streamer.Filter.cel("doc.a > 1 && doc.b").explain({"a": 1, "b": True})
>>> e.is_match
False
>>> [node.text for node in e.tree.children]
['doc.a > 1', 'doc.b']
)";
inline constexpr const char* kExplanationIsMatch =
    "bool: Whether the filter matches.";
inline constexpr const char* kSentence = "str: The reason in one sentence.";
inline constexpr const char* kTree =
    "ExplainedNode: The whole expression, with its parts below it.";

inline constexpr const char* kMeasuredCost =
    "int: What evaluating it on this document took, in units of about 10 ns; "
    "it depends on filter and document alone.";
inline constexpr const char* kEstimatedCost =
    "int: The estimate by which the filter was admitted, in the same units.";
inline constexpr const char* kWarnings =
    "tuple of str: What is likely to fail on other documents.";

inline constexpr const char* kNode = R"docs(One part of an explained expression.

Examples
--------
>>> import streamer
>>> tree = streamer.Filter.cel("doc.a + doc.b").explain({"a": 1, "b": 2}).tree
>>> tree.value
3
>>> f = streamer.Filter.cel("doc.items.all(i, i.n > 5)")
>>> why = f.explain({"items": [{"n": 9}, {"n": 4}, {"n": 7}]})
>>> why.tree.children[1].turn
'i = {"n":4} (2 of 3)'
)docs";
inline constexpr const char* kNodeText = "str: The part as CEL.";
inline constexpr const char* kNodeWasEvaluated =
    "bool: Whether its value was needed, and was a value and no error.";
inline constexpr const char* kNodeValue =
    "object: Its value as a Python object; None also when there is none.  Of "
    "values so large that 1 MiB of them is kept already, a text that describes "
    "it.";
inline constexpr const char* kNodeError =
    "str or None: Why it failed, if it did.";
inline constexpr const char* kNodeIsIndexed =
    "bool: Whether it is a predicate that the index keeps.";
inline constexpr const char* kNodeIsAccess =
    "bool: Whether the index reaches the filter through it.";
inline constexpr const char* kNodeTurn =
    "str or None: Within ``all``, ``exists``, ``map`` and so on the element "
    "that its values are of, such as ``i = 7 (2 of 3)``: the one that decided, "
    "else the last.";
inline constexpr const char* kNodeChildren =
    "tuple of ExplainedNode: Its parts, in the order of the text.";

inline constexpr const char* kDryRunInit =
    R"(__init__(self, filter, /)
--

Begin to try a filter; see the class.
)";
inline constexpr const char* kDryRun =
    R"(Tries a filter on one event after the other; see `streamer.dry_run`.

Parameters
----------
filter : Filter
    The filter to try.
)";
inline constexpr const char* kDryRunTry = R"(try_events(self, events, /)
--

Try the filter on the next events.

Parameters
----------
events : list
    Events, as for `Core.ingest`.

Returns
-------
list of tuple
    ``(tenant, collection, id, operation, timestamp_ms, outcome, error)`` for
    each.

Raises
------
EventError
    An event is malformed.
)";

}  // namespace streamer::python::docs

#endif  // STREAMER_PYTHON_FILTER_DOCS_H_
