"""Every notebook runs, imports only streamer, and shows what it then shows."""

import ast
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(notebook: nbformat.NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells if c.cell_type == "code"]


def shown(notebook: nbformat.NotebookNode) -> list[Any]:
    """What a reader sees, without what differs from run to run."""
    return [
        [
            (output.output_type, output.get("text") or output.get("data"))
            for output in cell.outputs
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_there_is_a_first_notebook() -> None:
    assert NOTEBOOKS[0].name == "01-first-filter.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_imports_only_streamer(path: Path) -> None:
    imported = set()
    for source in code_of(read(path)):
        if source.startswith("%"):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    assert imported == {"streamer"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_shows_what_it_says(path: Path) -> None:
    stored = read(path)
    executed = read(path)
    nbclient.NotebookClient(
        executed,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        timeout=120,
    ).execute()
    assert shown(executed) == shown(stored), (
        f"the stored outputs differ; if the new ones are right: "
        f".venv/bin/jupyter execute --inplace notebooks/{path.name}"
    )
