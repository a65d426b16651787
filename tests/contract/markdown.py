"""Tables of the documentation as data."""

from programs import ROOT


def table(page: str, heading: str) -> list[dict[str, str]]:
    """The rows of the first table below a heading, without backquotes."""
    lines = (ROOT / "docs" / page).read_text().partition(f"\n## {heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(cells(lines[start]), cells(line), strict=True)))
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
