"""The daily weather of Seattle, 2012-2015, from the CSV file inside the PyPI package `vega_datasets` (source: NOAA)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


class ArchiveBusy(Exception):
    """The archive does not answer yet; the same question later will be answered."""


class ArchiveMissing(Exception):
    """The package with the data is not installed."""


class NoRecords(Exception):
    """The archive holds nothing for that year."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: rain in mm, temperatures in degrees Celsius, wind in m/s, and the weather in one word."""

    date: date
    rain: float
    high: float
    low: float
    wind: float
    weather: str


def archive_file() -> Path:
    """Where the CSV file lies. The package itself is not imported: its Python API would need pandas."""
    try:
        path = Path(str(distribution("vega_datasets").locate_file("vega_datasets/_data/seattle-weather.csv")))
    except PackageNotFoundError:
        raise ArchiveMissing("the data is in the package vega_datasets: pip install --no-deps vega_datasets") from None
    if not path.is_file():
        raise ArchiveMissing(f"{path} is not there: pip install --no-deps --force-reinstall vega_datasets")
    return path


def read_days(path: Path) -> list[Day]:
    with path.open(newline="", encoding="utf-8") as lines:
        return [
            Day(
                date=date(*map(int, row["date"].split("/"))),
                rain=float(row["precipitation"]),
                high=float(row["temp_max"]),
                low=float(row["temp_min"]),
                wind=float(row["wind"]),
                weather=row["weather"],
            )
            for row in csv.DictReader(lines)
        ]


def days_of(year: int, days: list[Day]) -> list[Day]:
    found = [day for day in days if day.date.year == year]
    if not found:
        raise NoRecords(f"the archive ends in {days[-1].date.year}: nothing for {year}")
    return found
