"""The e2e package's suites, run against the emulator."""

import subprocess

from programs import CARGO_TEST, ROOT


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a module; their output is in `stdout`."""
    return subprocess.run(
        (*CARGO_TEST, "--test", "e2e", "--", f"{module}::"),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
