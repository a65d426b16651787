"""What docs/threat-model.md says of the tests and of the roles."""

import re
from pathlib import Path

from test_roles import FUNCTIONS, attributes, on_the_table, partitions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "threat-model.md"
TEST = re.compile(r"\[`([^`]+)`\]\((\S+?\.(?:rs|py|mjs))\)")


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = TEST.findall(PAGE.read_text())
    assert len(named) > 50
    for name, path in named:
        assert re.search(rf'(fn |def |test\("){re.escape(name)}[("]', (PAGE.parent / path).read_text()), (
            f"{path}: {name}"
        )


def documented_row(template, function: str) -> str:
    writes = {}
    for action, statement in on_the_table(template, function):
        for partition in partitions(template, statement):
            writes.setdefault((action, partition), set()).update(attributes(template, statement))
    put = writes.get(("PutItem", "TOKEN#*"), set())
    changed = put | writes.get(("UpdateItem", "TOKEN#*"), set())
    powers = [
        put >= {"owner", "created_at", "version", "origin", "settings", "secrets"},
        "secrets" in changed,
        "settings" in changed,
        # Overwriting a record as a whole needs its secrets.
        "secrets" in put or bool({"disabled", "revoked"} & changed),
        bool(put) or ("DeleteItem", "TOKEN#*") in writes,
        ("PutItem", "CATALOG") in writes,
    ]
    return f"| {function.lower()} |{''.join(' yes |' if power else ' |' for power in powers)}"


def test_the_documented_powers_are_those_of_the_roles(template) -> None:
    rows = "\n".join(documented_row(template, function) for function in FUNCTIONS)
    assert f"| --- | --- | --- | --- | --- | --- | --- |\n{rows}\n\n" in PAGE.read_text()
