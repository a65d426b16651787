"""`docs/regions.md` has the table of `bench/two_regions.py`, and the program has the product's interval."""

import re
import runpy
import subprocess
import sys

from conftest import ROOT

PROGRAM = ROOT / "bench" / "two_regions.py"


def test_the_page_has_the_table_of_the_program() -> None:
    printed = subprocess.run([sys.executable, PROGRAM], capture_output=True, check=True, text=True).stdout
    assert f"\n\n{printed.strip()}\n\n" in (ROOT / "docs" / "regions.md").read_text()


def test_the_program_records_the_last_use_as_often_as_the_authorizer() -> None:
    source = "".join(path.read_text() for path in (ROOT / "shared" / "src").rglob("*.rs"))
    [seconds] = re.findall(r"const LAST_USE_INTERVAL\w*: \w+ = (\d+);", source)
    assert runpy.run_path(str(PROGRAM))["LAST_USE_SECONDS"] == int(seconds)
