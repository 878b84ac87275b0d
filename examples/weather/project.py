"""Four years of daily weather: read every year, find the records and the trend, and write a report with a chart.

This file is parsed, never imported. `main` becomes a state machine; each `run` becomes the code of one task.
"""

from penstock.script import Task, context, map, parallel, retry


class OpenArchive(Task):
    """Asks the archive what it holds. Like a service that wakes up, it is busy at the first attempt of every execution."""

    timeout = 60

    async def run(event, context):
        from seattle.archive import ArchiveBusy, archive_file, read_days

        if event["attempt"] == 0:
            raise ArchiveBusy("the archive is waking up: ask again in a second")
        days = read_days(archive_file())
        return {"days": len(days), "from": days[0].date.isoformat(), "to": days[-1].date.isoformat()}


class Summarise(Task):
    """One year of days to totals, means and extremes. Raises NoRecords for a year the archive does not hold."""

    timeout = 60

    async def run(event, context):
        from seattle.archive import archive_file, days_of, read_days
        from seattle.statistics import summarise

        return summarise(event, days_of(event, read_days(archive_file())))


class Sort(Task):
    """The years with a summary and the years without."""

    async def run(event, context):
        return {
            "count": sum("days" in year for year in event),
            "years": [year for year in event if "days" in year],
            "missing": [year for year in event if "why" in year],
        }


class FindRecords(Task):
    async def run(event, context):
        from seattle.statistics import records

        return records(event["sorted"]["years"])


class FitTrend(Task):
    async def run(event, context):
        from seattle.statistics import trend

        return trend(event["sorted"]["years"])


class WriteReport(Task):
    async def run(event, context):
        from seattle.report import write_report

        return write_report(**event)


def summarise_year(year):
    try:
        return Summarise(year)
    except NoRecords:
        return {"year": year, "why": "the archive holds no day of it"}


def main(data):
    with retry(on_exceptions=[ArchiveBusy], interval=1, max_attempts=3):
        data["archive"] = OpenArchive({"attempt": context.state.retry_count})

    data["summaries"] = map(data["years"], summarise_year, max_concurrency=4)
    data["sorted"] = Sort(data["summaries"])
    if data["sorted"]["count"] == 0:
        raise NothingToReport("the archive holds none of these years")

    records, trend = parallel(FindRecords, FitTrend)
    if bool(trend["rose_every_year"]):
        data["headline"] = f"Each year was warmer than the one before, by {trend['degrees_per_year']} °C on average"
    elif trend["degrees_per_year"] > 0:
        data["headline"] = f"The years grew warmer, by {trend['degrees_per_year']} °C on average"
    else:
        data["headline"] = "The years did not grow warmer"

    data["report"] = WriteReport(
        {
            "headline": data["headline"],
            "years": data["sorted"]["years"],
            "missing": data["sorted"]["missing"],
            "records": records,
            "trend": trend,
            "folder": data["folder"],
        }
    )
    return data["report"]
