"""`docs/cost.md` has the numbers of `bench/cost.py`, and the program has the template's settings."""

import runpy
import subprocess
import sys

from conftest import ROOT

PROGRAM = ROOT / "bench" / "cost.py"


def test_the_page_has_the_tables_of_the_program() -> None:
    printed = subprocess.run([sys.executable, PROGRAM], capture_output=True, check=True, text=True).stdout
    page = (ROOT / "docs" / "cost.md").read_text()
    tables = printed.strip().split("\n\n")
    assert len(tables) == 3
    for table in tables:
        assert f"\n\n{table}\n\n" in page


def test_the_page_states_the_inputs_of_the_program() -> None:
    page, program = (ROOT / "docs" / "cost.md").read_text(), runpy.run_path(str(PROGRAM))
    log_bytes = sum(len(event) + program["LOG_EVENT_OVERHEAD"] for event in program["LOG_EVENTS"])
    millisecond = program["MEMORY_GB"] * program["LAMBDA_GB_SECOND"] / 1000 * 1e6
    for stated in [
        f"of us-east-1 on {program['PRICES_OF']}",
        f"| {program['BILLED_MS']} ms at {program['MEMORY_GB'] * 1024:.0f} MB |",
        f"adds ${millisecond:.4f} per million calls",
        f"{log_bytes} bytes with CloudWatch's overhead",
        f"about {3000 * program['SECONDS'] / 1e9:.1f} billion a month",
        f"With a TTL of {program['CACHE_SECONDS']} seconds",
    ]:
        assert stated in page, stated


def test_the_program_has_the_memory_and_the_logs_of_the_template() -> None:
    template = (ROOT / "template.yaml").read_text()
    program = runpy.run_path(str(PROGRAM))
    assert "SystemLogLevel:\n    Type: String\n    Default: WARN\n" in template
    assert f"MemorySize: {program['MEMORY_GB'] * 1024:.0f}\n" in template
    assert f"LogRetentionDays:\n    Type: Number\n    Default: {program['LOG_RETENTION_MONTHS'] * 30}\n" in template
