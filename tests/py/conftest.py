"""Fixtures of several folders."""

import pytest
from streamerd import Streamerd


@pytest.fixture
def streamerd(tmp_path):
    """A running streamerd, ended after the test."""
    process = Streamerd(tmp_path / "streamerd.log")
    process.start()
    yield process
    process.kill()
