"""The workspace's programs, compiled once for all suites."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# With other features, cargo would compile most of the workspace again.
CARGO_TEST = ("cargo", "test", "--locked", "--workspace", "--features", "portcullis-cli/aws")
PORTCULLIS = ROOT / "target" / "debug" / "portcullis"
PORTCULLIS_LOCAL = ROOT / "target" / "debug" / "portcullis-local"


def build() -> None:
    """Compiles the programs."""
    subprocess.run((*CARGO_TEST, "--no-run", "--quiet"), cwd=ROOT, check=True)


if __name__ == "__main__":
    build()
