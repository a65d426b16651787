"""The parts of CloudWatch's filter patterns and of Logs Insights' query language that the template uses.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

AUDIT_LINES = [json.loads(line) for line in Path(__file__).with_name("audit-lines.jsonl").read_text().splitlines()]
COMPARISON = re.compile(r"""\$\.(?P<field>[\w.]+)\s*(?P<operator>=|>=)\s*(?:"(?P<text>[^"]*)"|(?P<number>\d+)|\*)""")
Line = dict[str, object]


def value(line: Line, field: str) -> object:
    """A field, such as `record.status`; `None` if there is none."""
    found: object = line
    for name in field.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def pattern_fields(pattern: str) -> set[str]:
    return set(re.findall(r"\$\.([\w.]+)", pattern))


def matches(pattern: str, line: Line) -> bool:
    """Whether a metric filter counts a line."""

    def result(comparison: re.Match) -> str:
        found = value(line, comparison["field"])
        if comparison["operator"] == ">=":
            return str(isinstance(found, int | float) and found >= int(comparison["number"]))
        if comparison["text"] is None:
            return str(found is not None)
        return str(isinstance(found, str) and fnmatchcase(found, comparison["text"]))

    body = re.fullmatch(r"\{(.*)\}", pattern.strip())[1]
    expression = COMPARISON.sub(result, body).replace("&&", " and ").replace("||", " or ")
    assert re.fullmatch(r"(?:True|False|and|or|[\s()])*", expression), expression
    return eval(expression, {})


def query_fields(query: str) -> set[str]:
    """The fields of the log that a query names."""
    bare = re.sub(r'"[^"]*"|count\(\*\)|\bas \w+', "", query)
    bare = re.sub(r"\| (?:sort|limit) .*", "", bare)
    words = {"fields", "filter", "stats", "by", "in", "and", "latest", "count_distinct"}
    return {word for word in re.findall(r"[a-z_]{2,}", bare) if word not in words}


def run(query: str, lines: list[Line]) -> list[Line]:
    """The rows of a query. Lines are from the oldest to the newest."""
    rows, shown = list(lines), None
    for command in query.split("\n| "):
        verb, rest = command.strip().split(" ", 1)
        if verb == "fields":
            shown = rest.split(", ")
        elif verb == "filter":
            rows = [row for row in rows if condition(rest)(row)]
        elif verb == "stats":
            rows = stats(rest, rows)
        elif verb == "sort":
            field, order = rest.split(" ")
            rows = sorted(rows, key=sort_key(field), reverse=order == "desc")
        else:
            assert verb == "limit", verb
            rows = rows[: int(rest)]
    return [{name: row[name] for name in shown} for row in rows] if shown else rows


def sort_key(field: str) -> Callable[[Line], object]:
    if field == "@timestamp":
        return lambda row: datetime.fromisoformat(row["timestamp"])
    return lambda row: row[field]


def condition(text: str) -> Callable[[Line], bool]:
    if listed := re.fullmatch(r"(\w+) in (\[.*\])", text):
        return lambda row: row[listed[1]] in json.loads(listed[2])
    field, expected = re.fullmatch(r"(\w+) = (.*)", text).groups()
    # `true` is 1.
    return lambda row: row[field] == json.loads(expected)


def stats(text: str, lines: list[Line]) -> list[Line]:
    aggregates, by = text.split(" by ")
    names = by.split(", ")
    groups: dict[tuple, list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line[name] for name in names), []).append(line)
    rows = []
    for key, group in groups.items():
        row = dict(zip(names, key, strict=True))
        for aggregate in aggregates.split(", "):
            function, field, name = re.fullmatch(r"(\w+)\((.*)\) as (\w+)", aggregate).groups()
            values = [line[field] for line in group if field != "*" and line[field] is not None]
            if function == "count":
                row[name] = len(group)
            elif function == "count_distinct":
                row[name] = len(set(values))
            else:
                assert function == "latest", function
                row[name] = values[-1]
        rows.append(row)
    return rows
