"""Fixtures of several folders."""

from pathlib import Path

import pytest
from plain_wire import compile_wire
from streamerd import Streamerd

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def whole_wire(tmp_path_factory):
    """The message classes of the wire with all that was added to it."""
    source = _ROOT / "proto/syntrix/streamer/v1/streamer.proto"
    folder = tmp_path_factory.mktemp("whole_wire")
    return compile_wire(folder, source.read_text())


@pytest.fixture(scope="session")
def puller_wire(tmp_path_factory):
    """The message classes between a puller and a streamer."""
    source = _ROOT / "proto/syntrix/puller/v1/puller.proto"
    folder = tmp_path_factory.mktemp("puller_wire")
    return compile_wire(folder, source.read_text())


@pytest.fixture
def streamerd(tmp_path):
    """A running streamerd, ended after the test."""
    process = Streamerd(tmp_path / "streamerd.log")
    process.start()
    yield process
    process.kill()
