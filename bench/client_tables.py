"""The tables of the command, the console and the local stack in docs/performance.md: recorded rows, between markers."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "bench" / "results" / "clients.json"
LOAD = ROOT / "bench" / "results" / "load.json"
PAGE = ROOT / "docs" / "performance.md"


def tables() -> dict[str, str]:
    """The marked parts of the page by the names of their markers."""
    return {
        name: f"<!-- {name} -->\n\n{table(rows)}\n<!-- /{name} -->"
        for recorded in (RECORDED, LOAD)
        for name, rows in json.loads(recorded.read_text()).items()
    }


def table(rows: list[dict]) -> str:
    """A Markdown table with a column for each key. Its columns have one width each; the first is aligned to the left."""
    columns = [[name, *cells([row[name] for row in rows])] for name in rows[0]]
    padded = []
    for number, column in enumerate(columns):
        width = max(len(cell) for cell in column)
        rule = "-" * width if number == 0 else "-" * (width - 1) + ":"
        column.insert(1, rule)
        padded.append([cell.rjust(width) if number else cell.ljust(width) for cell in column])
    return "".join(f"| {' | '.join(line)} |\n" for line in zip(*padded, strict=True))


def cells(column: list[str | float]) -> list[str]:
    """The values with as many decimals as any of them has."""
    decimals = max(len(str(value).partition(".")[2]) for value in column)
    return [value if isinstance(value, str) else f"{value:,.{decimals}f}" for value in column]


def renew_page() -> None:
    page = PAGE.read_text()
    for name, part in tables().items():
        before, _, rest = page.partition(f"<!-- {name} -->")
        _, marker, after = rest.partition(f"<!-- /{name} -->")
        if not marker:
            raise ValueError(f"{PAGE.name} has no markers for {name}")
        page = before + part + after
    PAGE.write_text(page)
