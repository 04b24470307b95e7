"""The known bugs fit the sources; `make planted` plants them."""

import pytest
from planted_bugs import BUGS
from simulation import ROOT


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_a_bug_has_its_place(bug):
    text = (ROOT / bug.file).read_text()
    assert [text.count(was) for was, _ in bug.changes] == [1] * len(bug.changes)


def test_there_are_enough():
    assert len({(bug.file, bug.was, bug.becomes) for bug in BUGS}) >= 20
