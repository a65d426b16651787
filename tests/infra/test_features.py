"""The functions use the same features of each crate, so `sam build` compiles it once."""

import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The authorizer has no HTTP/2. They compile within seconds, and little depends on them.
WITHOUT_HTTP2 = ("hyper ", "hyper-util ")
FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir() if (path / "Cargo.toml").exists())


def features(function: str) -> dict[str, str]:
    """The crates that a function depends on, without those of this workspace, and their features."""
    tree = ("cargo", "tree", "--locked", "--package", f"portcullis-{function}", "--edges", "no-dev", "--prefix", "none")
    said = subprocess.run((*tree, "--format", "{p}\t{f}"), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    lines = (line.removesuffix(" (*)").split("\t") for line in said.stdout.splitlines())
    return {crate: features for crate, features in lines if str(ROOT) not in crate}


def test_no_crate_is_compiled_for_two_functions_with_different_features() -> None:
    seen = defaultdict(lambda: defaultdict(list))
    for function in FUNCTIONS:
        for crate, chosen in features(function).items():
            seen[crate][chosen].append(function)
    differing = {crate: dict(several) for crate, several in seen.items() if len(several) > 1}
    assert {crate for crate in differing if not crate.startswith(WITHOUT_HTTP2)} == set(), differing
