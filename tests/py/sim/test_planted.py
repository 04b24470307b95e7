"""The known bugs fit the sources; `make planted` plants them."""

import pytest
from planted_bugs import BUGS
from simulation import ROOT


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_a_bug_has_its_place(bug):
    assert (ROOT / bug.file).read_text().count(bug.was) == 1


def test_there_are_enough():
    assert len({(bug.file, bug.was, bug.becomes) for bug in BUGS}) >= 20
