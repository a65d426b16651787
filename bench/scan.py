#!/usr/bin/env python3
"""Compares the time of `portcullis scan` for a directory with ripgrep's.

    cargo build --release --package portcullis-cli
    bench/scan.py DIRECTORY [RUNS]

Both search hidden, ignored and binary files, with their default number of threads. They run alternately, so that other
load on the machine affects both. The first run of each warms the page cache and does not count. ripgrep only matches
the form of a token; portcullis also verifies the checksum and searches UTF-16 text.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

BINARY = Path(__file__).resolve().parents[1] / "target/release/portcullis"
FORM = r"(?-u)[a-z][0-9a-z]{1,15}_[0-9A-Za-z]{65}"


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):  # found, and nothing found
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return time.perf_counter() - began


def main() -> None:
    directory, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ripgrep = ["rg", "--hidden", "--no-ignore", "--text", "--count", FORM, directory]
    ours = [str(BINARY), "scan", "--quiet", directory]
    times: dict[str, list[float]] = {"ripgrep": [], "portcullis": []}
    for run in range(runs + 1):
        for name, command in (("ripgrep", ripgrep), ("portcullis", ours)):
            taken = seconds(command)
            if run > 0:
                times[name].append(taken)
    files = [path for path in Path(directory).rglob("*") if path.is_file() and not path.is_symlink()]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB, {runs} runs each")
    for name, taken in times.items():
        print(f"{name:10}  median {statistics.median(taken):.3f} s, from {min(taken):.3f} to {max(taken):.3f}")
    print(f"ratio {statistics.median(times['portcullis']) / statistics.median(times['ripgrep']):.2f}")


if __name__ == "__main__":
    main()
