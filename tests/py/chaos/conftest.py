import pytest
from plain_wire import compile_wire


@pytest.fixture(scope="session")
def wire(tmp_path_factory):
    """The plain wire's message classes."""
    return compile_wire(tmp_path_factory.mktemp("wire"))
