"""How an explanation looks in a notebook and in a terminal."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.tree import Tree

    from streamer._core import ExplainedNode, Explanation

_MATCH = "#1a7f37"
_NO_MATCH = "#57606a"
_ERROR = "#cf222e"


def _answer(node: ExplainedNode) -> str:
    """Return what a node gave, in words."""
    if node.error is not None:
        return f"error: {node.error}"
    if not node.was_evaluated:
        return "not needed"
    return _shortened(_as_json(node.value))


def _as_json(value: object) -> str:
    """Return a value as JSON, what JSON lacks as Python writes it."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except TypeError:  # a dict whose keys are of several types
        return str(value)


def _shortened(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def _note(node: ExplainedNode) -> str:
    """Return what the index makes of a node, and the element it was for."""
    notes = []
    if node.is_access:
        notes.append("access predicate")
    elif node.is_indexed:
        notes.append("indexed")
    if node.turn is not None:
        notes.append(node.turn)
    return ", ".join(notes)


def _colour(node: ExplainedNode) -> str:
    if node.error is not None:
        return _ERROR
    return _MATCH if node.value is True else _NO_MATCH


def _node_html(node: ExplainedNode) -> str:
    note = _note(node)
    line = (
        f"<code>{escape(_shortened(node.text))}</code> &rarr; "
        f'<span style="color:{_colour(node)}">{escape(_answer(node))}</span>'
        + (f" <small>({escape(note)})</small>" if note else "")
    )
    if not node.children:
        return f"<li>{line}</li>"
    below = "".join(_node_html(child) for child in node.children)
    return f"<li>{line}<ul>{below}</ul></li>"


def _notes(explanation: Explanation) -> list[str]:
    """Return what stands below the tree."""
    return [
        *(f"warning: {warning}" for warning in explanation.warnings),
        f"cost: {explanation.measured_cost:,} units, "
        f"estimated {explanation.estimated_cost:,}",
    ]


def as_html(explanation: Explanation) -> str:
    """Return the explanation as HTML, everything from outside escaped."""
    answer = "match" if explanation.is_match else "no match"
    colour = _MATCH if explanation.is_match else _NO_MATCH
    notes = "<br>".join(escape(note) for note in _notes(explanation))
    return (
        f'<div><b style="color:{colour}">{answer}</b>: '
        f"{escape(explanation.sentence)}"
        f"<ul>{_node_html(explanation.tree)}</ul><small>{notes}</small></div>"
    )


def as_rich_tree(explanation: Explanation) -> Tree:
    """Return the explanation as a tree that rich can print."""
    from rich.text import Text
    from rich.tree import Tree

    def label(node: ExplainedNode) -> Text:
        note = _note(node)
        return Text.assemble(
            _shortened(node.text),
            " → ",
            (_answer(node), _colour(node)),
            (f" ({note})" if note else "", "dim"),
        )

    def grow(tree: Tree, node: ExplainedNode) -> None:
        branch = tree.add(label(node))
        for child in node.children:
            grow(branch, child)

    colour = _MATCH if explanation.is_match else _NO_MATCH
    tree = Tree(Text(explanation.sentence, style=colour))
    grow(tree, explanation.tree)
    for note in _notes(explanation):
        tree.add(Text(note, style="dim"))
    return tree
