"""`docs/performance.md` has the recorded figures of `bench/clients.py` and `bench/load.py`."""

import runpy

from conftest import ROOT


def test_the_page_has_the_recorded_figures_of_clients_and_load() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    tables = runpy.run_path(str(ROOT / "bench" / "client_tables.py"))["tables"]()
    assert sorted(tables) == ["busy", "console", "load", "scan", "storms", "token-list"]
    for name, table in tables.items():
        assert table in page, name
