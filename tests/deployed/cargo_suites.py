"""The e2e package's suites, run against the emulator."""

import subprocess

import programs


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a module; their output is in `stdout`."""
    return subprocess.run(
        (programs.compile_tests("e2e"), f"{module}::"),
        cwd=programs.ROOT / "tests",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
