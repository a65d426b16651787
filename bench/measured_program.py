"""Runs a program and measures it. Needs Linux."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

# The least that Linux allows, in bytes.
PIPE_SIZE = 4096


class Measured(NamedTuple):
    """One run. CPU time includes that of child processes; peak memory is in bytes."""

    seconds: float
    cpu_seconds: float
    peak: int
    output: int


def measured(command: list[str], environment: Mapping[str, str] | None = None) -> Measured:
    """Exit code 1 is "found", or "nothing found"; a program that ends with another one ends this program.

    The peak of `wait4` is at least the memory of this program, from which it forks. So the peak is read while the
    program still waits to write the last of its output, which is after it has built that output.
    """
    began = time.perf_counter()
    environment = {**os.environ, **(environment or {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, pipesize=PIPE_SIZE, env=environment)
    output = peak = 0
    while chunk := os.read(process.stdout.fileno(), PIPE_SIZE):
        output += len(chunk)
        peak = peak_memory(process.pid) or peak
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} exited with {process.returncode}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak, output)


def peak_memory(process: int) -> int | None:
    """None if the process has ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
