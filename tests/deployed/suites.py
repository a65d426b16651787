"""The e2e package's suites, run against the emulator."""

import subprocess

from stack import ROOT


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a module; what they said is in `stdout`."""
    return subprocess.run(
        ["cargo", "test", "--locked", "--package", "e2e", "--", f"{module}::"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
