"""What reads the logs: DescribeLogGroups, DescribeLogStreams, GetLogEvents, FilterLogEvents.

Sentences and rules: API reference of CloudWatch Logs. A filter pattern is looked for as its words; the other forms of
patterns are refused, not misread.
"""

from __future__ import annotations

import base64
import binascii
import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final

from penstock.errors import ServiceError
from penstock.services.logs.folder import Group, Line, LogFolder

TARGET_PREFIX: Final = "Logs_20140328"
EVENTS: Final = 10_000
PAGE: Final = 50
"""Most events of an answer, most groups and streams of one (API reference)."""

Parameters = Mapping[str, Any]
Answer = dict[str, Any]


class CloudWatchLogs:
    """The operations, by their names; requests may come from any thread."""

    long: Final[frozenset[str]] = frozenset()

    def __init__(self, logs: LogFolder, *, region: str, account: str) -> None:
        self._logs = logs
        self._prefix = f"arn:aws:logs:{region}:{account}:log-group:"
        self._operations: dict[str, Callable[[Parameters], Answer]] = {
            "DescribeLogGroups": self._describe_log_groups,
            "DescribeLogStreams": self._describe_log_streams,
            "FilterLogEvents": self._filter_log_events,
            "GetLogEvents": self._get_log_events,
        }

    def call(self, operation: str, parameters: Any) -> Answer:
        """Raises ServiceError with AWS's codes."""
        run = self._operations.get(operation)
        if run is None:
            known = ", ".join(sorted(self._operations))
            raise ServiceError(f"Of CloudWatch Logs, this server has {known}.", code="UnknownOperationException")
        if not isinstance(parameters, dict):
            raise ServiceError("The request is not of the type structure", code="SerializationException")
        return run({name: value for name, value in parameters.items() if value is not None})

    def ask(self, operation: str, parameters: Any) -> Answer | Future[Answer] | None:
        """None: all of them read files."""
        return None

    # ---- operations

    def _describe_log_groups(self, given: Parameters) -> Answer:
        prefix, pattern = _text(given, "logGroupNamePrefix"), _text(given, "logGroupNamePattern")
        if prefix and pattern:
            raise _invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        groups = [
            group
            for group in self._logs.groups()
            if group.name.startswith(prefix or "") and (pattern or "").lower() in group.name.lower()
        ]
        chosen, answer = _page(groups, given, lambda group: group.name)
        return {"logGroups": [self._about(group) for group in chosen], **answer}

    def _about(self, group: Group) -> Answer:
        arn = f"{self._prefix}{group.name}"
        size = sum(path.stat().st_size for path in self._logs.streams(group).values())
        return {
            "logGroupName": group.name,
            "creationTime": group.created,
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "storedBytes": size,
            "logGroupClass": "STANDARD",
        }

    def _describe_log_streams(self, given: Parameters) -> Answer:
        group = self._group(given)
        prefix = _text(given, "logStreamNamePrefix") or ""
        streams = [(name, path) for name, path in self._logs.streams(group).items() if name.startswith(prefix)]
        by_time = given.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise _invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        about: list[Answer] = []
        for name, path in streams:
            times = [line.timestamp for line in self._logs.lines(path)]
            entry: Answer = {
                "logStreamName": name,
                "creationTime": min(times, default=group.created),
                "arn": f"{self._prefix}{group.name}:log-stream:{name}",
                "storedBytes": 0,  # as AWS has it since 2019
            }
            if times:
                entry |= {"firstEventTimestamp": min(times), "lastEventTimestamp": max(times)}
                entry["lastIngestionTime"] = round(path.stat().st_mtime * 1000)
            about.append(entry)
        if by_time:
            about.sort(key=lambda entry: (entry.get("lastEventTimestamp", 0), entry["logStreamName"]))
        if given.get("descending"):
            about.reverse()
        start = _number_of(given.get("nextToken"))
        most = _limit(given, PAGE)
        answer: Answer = {"logStreams": about[start : start + most]}
        if start + most < len(about):
            answer["nextToken"] = _token(start + most)
        return answer

    def _get_log_events(self, given: Parameters) -> Answer:
        group = self._group(given)
        stream = _text(given, "logStreamName")
        path = self._logs.streams(group).get(stream or "")
        if path is None:
            raise _missing("The specified log stream does not exist.")
        lines = list(_between(self._logs.lines(path), given))
        most = _limit(given, EVENTS)
        token = given.get("nextToken")
        if token is None:
            start = 0 if given.get("startFromHead") else max(0, len(lines) - most)
        else:
            way, _, place = str(_opened(token)).partition("/")
            if way not in ("f", "b") or not place.isdecimal():
                raise _invalid("The specified nextToken is invalid.")
            start = int(place) if way == "f" else max(0, int(place) - most)
            if way == "b":
                lines = lines[: int(place)]
        chosen = lines[start : start + most]
        return {
            "events": [
                {"timestamp": line.timestamp, "message": line.message, "ingestionTime": line.ingested}
                for line in chosen
            ],
            # As AWS: always there, and the same again at the end.
            "nextForwardToken": _token(f"f/{start + len(chosen)}"),
            "nextBackwardToken": _token(f"b/{start}"),
        }

    def _filter_log_events(self, given: Parameters) -> Answer:
        group = self._group(given)
        names, prefix = given.get("logStreamNames"), _text(given, "logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise _invalid("Cannot specify both logStreamNames and logStreamNamePrefix.")
        if names is not None and (not isinstance(names, list) or not all(isinstance(name, str) for name in names)):
            raise ServiceError("'logStreamNames' is not of the type list", code="SerializationException")
        wanted = _words(_text(given, "filterPattern") or "")
        streams = {
            name: path
            for name, path in self._logs.streams(group).items()
            if (names is None or name in names) and name.startswith(prefix or "")
        }
        read = [
            [(line.timestamp, name, line.number, line) for line in _between(self._logs.lines(path), given)]
            for name, path in streams.items()
        ]
        found = [
            (name, line)
            for _, name, _, line in heapq.merge(*(sorted(lines, key=lambda each: each[:3]) for lines in read))
            if all(word in line.message for word in wanted)
        ]
        start = _number_of(given.get("nextToken"))
        most = _limit(given, EVENTS)
        answer: Answer = {
            "events": [
                {
                    "logStreamName": name,
                    "timestamp": line.timestamp,
                    "message": line.message,
                    "ingestionTime": line.ingested,
                    "eventId": f"{line.timestamp:020d}{line.number:036d}",
                }
                for name, line in found[start : start + most]
            ],
            "searchedLogStreams": [],
        }
        if start + most < len(found):
            answer["nextToken"] = _token(start + most)
        return answer

    def _group(self, given: Parameters) -> Group:
        name, identifier = _text(given, "logGroupName"), _text(given, "logGroupIdentifier")
        if name is None and identifier is not None:
            name = group_of(identifier) or identifier
        if name is None:
            raise _invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.")
        group = self._logs.group(name)
        if group is None:
            raise _missing("The specified log group does not exist.")
        return group


def group_of(arn: str) -> str | None:
    """The name of the log group of an ARN (`arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`); None for another text."""
    parts = arn.split(":", 6)
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "logs" or parts[5] != "log-group":
        return None
    return parts[6].removesuffix(":*") or None


def _between(lines: Iterable[Line], given: Parameters) -> Iterable[Line]:
    start, end = given.get("startTime", 0), given.get("endTime", 1 << 62)
    for name, value in (("startTime", start), ("endTime", end)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ServiceError(f"'{name}' is not of the type long", code="SerializationException")
    return (line for line in lines if start <= line.timestamp <= end)


def _words(pattern: str) -> list[str]:
    pattern = pattern.strip()
    if pattern[:1] in ("{", "[", "%") or re.search(r"(?:^|\s)[?-]\S", pattern):
        raise _invalid(
            "This server looks for words and for texts in quotation marks; this filter pattern is of another form."
        )
    return [quoted or word for quoted, word in re.findall(r'"([^"]*)"|(\S+)', pattern)]


def _text(given: Parameters, name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise ServiceError(f"'{name}' is not of the type string", code="SerializationException")
    return value


def _limit(given: Parameters, most: int) -> int:
    value = given.get("limit", most)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ServiceError("'limit' is not of the type integer", code="SerializationException")
    if not 1 <= value <= most:
        raise _invalid(f"Value '{value}' at 'limit' failed to satisfy constraint: 1 to {most}.")
    return value


def _page(groups: list[Group], given: Parameters, key: Callable[[Group], str]) -> tuple[list[Group], Answer]:
    start = _number_of(given.get("nextToken"))
    most = _limit(given, PAGE)
    return groups[start : start + most], {"nextToken": _token(start + most)} if start + most < len(groups) else {}


def _token(place: int | str) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def _opened(token: Any) -> str:
    try:
        return base64.b64decode(str(token).encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise _invalid("The specified nextToken is invalid.") from None


def _number_of(token: Any) -> int:
    if token is None:
        return 0
    text = _opened(token)
    if not text.isdecimal() or len(text) > 15:
        raise _invalid("The specified nextToken is invalid.")
    return int(text)


def _invalid(message: str) -> ServiceError:
    return ServiceError(message, code="InvalidParameterException")


def _missing(message: str) -> ServiceError:
    return ServiceError(message, code="ResourceNotFoundException")
