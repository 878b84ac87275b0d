"""The report as text, and the three files of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seattle.chart import chart

TITLE = "Daily weather of Seattle"


def write_report(
    *,
    headline: str,
    years: list[dict[str, Any]],
    missing: list[dict[str, Any]],
    records: dict[str, Any],
    trend: dict[str, Any],
    folder: str,
) -> dict[str, Any]:
    """Writes `report.txt`, `report.json` and `chart.svg` into `folder`; gives what a reader wants first, and where the rest is."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    brief = [{key: value for key, value in year.items() if key not in {"weeks", "rain_by_month"}} for year in years]
    facts = {"headline": headline, "trend": trend, "records": records, "years": brief, "missing": missing}
    title = f"{TITLE}, {years[0]['year']}–{years[-1]['year']}"
    files = {
        "report.txt": as_text(title, headline, years=years, missing=missing, records=records, trend=trend),
        "report.json": json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
        "chart.svg": chart(years, title=title, subtitle=headline, records=records),
    }
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    return {"headline": headline, "records": records, "trend": trend, "files": [f"{folder}/{name}" for name in files]}


def as_text(
    title: str,
    headline: str,
    *,
    years: list[dict[str, Any]],
    missing: list[dict[str, Any]],
    records: dict[str, Any],
    trend: dict[str, Any],
) -> str:
    spell = records["longest_dry_spell"]
    lines = [title, "=" * len(title), "", headline, ""]
    lines.append(f"{'year':>4}  {'mean':>7}  {'rain':>9}  {'rain days':>9}  {'hottest':>20}  {'coldest':>20}")
    for year in years:
        hottest, coldest = year["hottest"], year["coldest"]
        lines.append(
            f"{year['year']:>4}  {year['mean']:>4.1f} °C  {year['rain']:>6,.0f} mm  {year['rain_days']:>9}  "
            f"{hottest['value']:>5.1f} °C {hottest['date']:>11}  {coldest['value']:>5.1f} °C {coldest['date']:>11}"
        )
    lines += ["", f"trend                {trend['degrees_per_year']:+.2f} °C a year"]
    for name in ("hottest", "coldest", "wettest"):
        unit = "mm" if name == "wettest" else "°C"
        lines.append(f"{name + ' day':<20} {records[name]['value']:g} {unit} on {records[name]['date']}")
    lines.append(f"longest dry spell    {spell['days']} days from {spell['from']}")
    lines += [f"no records           {gap['year']}: {gap['why']}" for gap in missing]
    return "\n".join(lines) + "\n"
