"""Runs every test suite, and prints a table: suite, tests, passed, seconds.

Two lanes run in parallel, as suites share only compiled programs. The output of a suite goes to a file,
and is printed if the suite failed. A suite that hangs is stopped and has failed; before that, pytest prints
where it waits. Arguments select suites by name; default: all. `make test` installs the requirements and
runs this.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

from programs import CARGO_TEST, ROOT

LOGS = ROOT / "target" / "test-logs"
# Maximum time of a suite, in seconds. More than `faulthandler_timeout` in pytest.ini.
LIMIT = 1_800
# If nothing responds, every test waits for its timeout.
PYTEST = (sys.executable, "-m", "pytest", "--color=no", "--maxfail=10")


@dataclass(frozen=True)
class Suite:
    """A command that runs tests, or builds what later suites need."""

    name: str
    command: tuple[str, ...]
    # Patterns for the number of passed and of failed tests.
    passed: str | None = None
    failed: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    suite: Suite
    succeeded: bool
    passed: int
    failed: int
    seconds: float
    log: Path


def pytest(folder: str) -> Suite:
    return Suite(folder, (*PYTEST, f"tests/{folder}"), passed=r"(\d+) passed", failed=r"(\d+) (?:failed|errors?)\b")


# Counts of another compiler than the recorded one are not compared. The workflow installs the recorded one.
COMPARED = r"(\d+) unchanged" if os.environ.get("GITHUB_ACTIONS") else r"(\d+) (?:unchanged|counted)"
LEAN_CLIENT = tuple(
    f"store::{module}::"
    for module in ("catalog", "deadlines", "events", "fault_injection", "schema_version", "tls", "unavailable")
)
LANES = [
    [
        Suite("programs (compile)", (*CARGO_TEST, "--no-run")),
        Suite("workspace", (*CARGO_TEST, "--no-fail-fast"), r"(\d+) passed; ", r" (\d+) failed; "),
        # The parts of the store's contract that depend on the client for single items. With `--bins`, nothing is
        # compiled again.
        Suite(
            "lean-client",
            (*CARGO_TEST, "--bins", "--test", "e2e", "--", *LEAN_CLIENT),
            r"(\d+) passed; ",
            r" (\d+) failed; ",
            {"PORTCULLIS_TEST_CLIENT": "lean"},
        ),
        pytest("contract"),
        pytest("clients"),
        pytest("oidc"),
        Suite("browser", ("npm", "test", "--prefix", "tests/browser"), r"^\S+ pass (\d+)$", r"^\S+ (?:fail|cancelled) (\d+)$"),
    ],
    [
        pytest("deployed"),
        # A release build, while the other lane has no use for the core.
        Suite("instructions", ("make", "instructions"), COMPARED, r"(\d+) changed"),
    ],
]  # fmt: skip


class Runner:
    """Runs lanes; stops their processes when it is stopped itself."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.started: set[subprocess.Popen] = set()
        self.lock = Lock()

    def run(self, lane: list[Suite]) -> None:
        """Runs the suites of a lane in order; a failed build stops its lane."""
        for suite in lane:
            result = self.run_suite(suite)
            with self.lock:
                self.results.append(result)
                report(result)
            if suite.passed is None and not result.succeeded:
                return

    def run_suite(self, suite: Suite) -> Result:
        log = LOGS / f"{suite.name.split()[0]}.log"
        begun = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                suite.command,
                cwd=ROOT,
                env=os.environ | suite.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.started.add(process)
            try:
                status = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                print(f"{suite.name} is stopped: it did not end in {LIMIT} s", flush=True)
                os.killpg(process.pid, signal.SIGKILL)
                status = process.wait()
        seconds = time.monotonic() - begun
        text = log.read_text(errors="replace")
        passed, failed = total(suite.passed, text), total(suite.failed, text)
        # A suite without tests has failed.
        succeeded = status == 0 and failed == 0 and (suite.passed is None or passed > 0)
        return Result(suite, succeeded, passed, failed, seconds, log)

    def end(self, *_: object) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        sys.exit(130)


def total(pattern: str | None, text: str) -> int:
    return sum(int(number) for number in re.findall(pattern, text, re.MULTILINE)) if pattern else 0


def report(result: Result) -> None:
    """Prints the result of a suite, and its output if it failed."""
    status = "passed" if result.succeeded else "FAILED"
    if not result.succeeded:
        print(result.log.read_text(errors="replace"))
    print(f"{status}: {result.suite.name} after {result.seconds:.0f} s ({result.log.relative_to(ROOT)})", flush=True)


def table(results: list[Result], seconds: float) -> str:
    rows = [("suite", "tests", "passed", "seconds")]
    for result in results:
        counts = (str(result.passed + result.failed), str(result.passed)) if result.suite.passed else ("", "")
        rows.append((result.suite.name, *counts, f"{result.seconds:.0f}"))
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    rows.append(("all", str(passed + failed), str(passed), f"{seconds:.0f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    line = lambda row: "  ".join([row[0].ljust(widths[0]), *(row[at].rjust(widths[at]) for at in (1, 2, 3))])  # noqa: E731
    return "\n".join(line(row) for row in rows)


def main() -> int:
    names = [suite.name for lane in LANES for suite in lane if suite.passed]
    arguments = argparse.ArgumentParser(prog="tests/run.py", description=__doc__)
    arguments.add_argument(
        "suites", nargs="*", metavar="suite", help=f"one of {', '.join(names)}; all if there is none"
    )
    wanted = arguments.parse_args().suites
    if unknown := set(wanted) - set(names):
        arguments.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    lanes = [[suite for suite in lane if not wanted or suite.name in wanted or not suite.passed] for lane in LANES]

    LOGS.mkdir(parents=True, exist_ok=True)
    runner = Runner()
    signal.signal(signal.SIGTERM, runner.end)
    signal.signal(signal.SIGINT, runner.end)
    begun = time.monotonic()
    threads = [Thread(target=runner.run, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"\n{table(runner.results, time.monotonic() - begun)}\n")
    bad = [result for result in runner.results if not result.succeeded]
    for result in bad:
        print(f"FAILED: {result.suite.name}")
    failed = sum(result.failed for result in runner.results)
    # The summary line of test runners; a suite that ended without a failed test counts as one failure.
    print(f"{sum(result.passed for result in runner.results)} passed, {max(failed, len(bad))} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
