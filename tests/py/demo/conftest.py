import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

from main_job.events import EventStream, build_event_stream  # noqa: E402
from main_job.flights import read_flights  # noqa: E402


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def flights() -> pl.DataFrame:
    return read_flights()


@pytest.fixture(scope="session")
def stream(flights: pl.DataFrame) -> EventStream:
    """The first week: inserts, both updates, both kinds of delete."""
    return build_event_stream(flights, 20_000)
