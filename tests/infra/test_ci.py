"""How the workflow judges the suites of `make test`."""

import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from conftest import ROOT

NOT_COMPARED = "19 counted, not compared: recorded with rustc 1.95.0; this is rustc 1.96.0"


@pytest.mark.parametrize(("workflow", "succeeds"), [("true", False), ("", True)])
def test_instruction_counts_of_another_compiler_fail_the_workflow(
    monkeypatch, tmp_path, workflow: str, succeeds: bool
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", workflow)
    monkeypatch.syspath_prepend(ROOT / "tests")
    spec = spec_from_file_location("run", ROOT / "tests" / "run.py")
    run = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run", run)
    spec.loader.exec_module(run)
    monkeypatch.setattr(run, "LOGS", tmp_path)
    [suite] = [suite for lane in run.LANES for suite in lane if suite.name == "instructions"]
    assert run.Runner().run_suite(replace(suite, command=("echo", NOT_COMPARED))).succeeded == succeeds
