"""Compares `portcullis scan` with ripgrep, for a directory and for the history of a git repository.

In a directory, both search hidden, ignored and binary files, with their default number of threads. ripgrep only matches
the form of a token; portcullis also verifies the checksum and searches UTF-16 text.

ripgrep does not read git's history, so git writes it to ripgrep: as patches, as in most scripts for this, or as all
objects, which is the quicker way but does not say in which file a token is.
"""

import shlex
import subprocess
from pathlib import Path
from statistics import median

from measured_program import Measured, measured

FORM = r"(?-u)[a-z][0-9a-z]{1,15}_[0-9A-Za-z]{65}"
PATCHES = "git -C {} log --all --patch --text --unified=0"
OBJECTS = "git -C {} cat-file --batch --batch-all-objects --buffer"


def scan_rows(program: Path, directory: Path, repository: Path, rounds: int) -> list[dict]:
    """The programs run alternately, so that other load on the machine affects all of them. Round 0 fills the page cache."""
    at = shlex.quote(str(repository))
    commands = {
        "rg": ["rg", "--hidden", "--no-ignore", "--text", "--count", FORM, str(directory)],
        "scan": [str(program), "scan", "--quiet", str(directory)],
        "patches": ["bash", "-o", "pipefail", "-c", f"{PATCHES.format(at)} | rg --text --count '{FORM}'"],
        "objects": ["bash", "-o", "pipefail", "-c", f"{OBJECTS.format(at)} | rg --text --count '{FORM}'"],
        "history": [str(program), "scan", "--history", "--quiet", str(repository)],
    }
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    for round_ in range(rounds + 1):
        for name, command in commands.items():
            one = measured(command)
            if round_ > 0:
                runs[name].append(one)
    commits = subprocess.check_output(["git", "-C", repository, "rev-list", "--all", "--count"], text=True).strip()
    return [
        row(f"files: {files(directory)}", runs["rg"], runs["scan"]),
        row(f"history: {commits} commits, `git log --patch`", runs["patches"], runs["history"]),
        row(f"history: {commits} commits, `git cat-file`", runs["objects"], runs["history"]),
    ]


def files(directory: Path) -> str:
    sizes = [path.stat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
    return f"{len(sizes):,}, {sum(sizes) / 1e6:.0f} MB"


def row(searched: str, theirs: list[Measured], ours: list[Measured]) -> dict:
    def middle(runs: list[Measured], field: str) -> float:
        return median(getattr(run, field) for run in runs)

    return {
        "searched": searched,
        "ripgrep ms": round(middle(theirs, "seconds") * 1000),
        "portcullis ms": round(middle(ours, "seconds") * 1000),
        "ratio": round(middle(ours, "seconds") / middle(theirs, "seconds"), 2),
        "ripgrep CPU ms": round(middle(theirs, "cpu_seconds") * 1000),
        "portcullis CPU ms": round(middle(ours, "cpu_seconds") * 1000),
        "CPU ratio": round(middle(ours, "cpu_seconds") / middle(theirs, "cpu_seconds"), 2),
    }
