"""The Rust suites, run against the emulator."""

import subprocess

from stack import ROOT


def cargo_test(package: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a package's tests; what they said is in `stdout`."""
    command = ["cargo", "test", "--package", package]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
