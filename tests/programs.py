"""The workspace's programs, compiled once for all suites."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# With other features or targets, cargo would compile most of the workspace and its dependencies again.
CARGO_TEST = ("cargo", "test", "--locked", "--workspace", "--features", "portcullis-cli/aws")
PORTCULLIS = ROOT / "target" / "debug" / "portcullis"
PORTCULLIS_LOCAL = Path(os.environ.get("PORTCULLIS_LOCAL", ROOT / "target" / "debug" / "portcullis-local"))


def build() -> None:
    """Compiles the programs."""
    subprocess.run((*CARGO_TEST, "--no-run", "--quiet"), cwd=ROOT, check=True)


def compile_tests(name: str) -> Path:
    """Compiles the programs; returns the one with the tests of a target."""
    command = (*CARGO_TEST, "--no-run", "--quiet", "--message-format=json")
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in said.splitlines()]
    [program] = [
        Path(message["executable"])
        for message in messages
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == name and message["executable"]
    ]
    return program


if __name__ == "__main__":
    build()
