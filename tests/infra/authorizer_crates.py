"""The crates of other authors that the authorizer links, or that run when it is built."""

import json
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from crate_powers import build_script_files, library_files, powers_of_files

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu")
LINKED = "normal,no-proc-macro"
# The authorizer uses the second one's types of requests. It does not call what only these crates need.
SDK = ("aws-config", "aws-sdk-dynamodb")
NO_LIBRARY = {"bench", "bin", "custom-build", "example", "test"}


class Crate(NamedTuple):
    """A crate, in all its versions."""

    section: str
    owner: str
    features_off: set[str]
    powers: dict[str, str]
    # None if there is no build script.
    build_script: dict[str, str] | None


def cargo(*arguments: str) -> str:
    return subprocess.run(("cargo", *arguments), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(edges: str, *more: str) -> dict[tuple[str, str], set[str]]:
    """Name and version of each crate that the authorizer depends on, without this workspace's, and its features."""
    found: dict[tuple[str, str], set[str]] = {}
    for target in TARGETS:
        chosen = ("--package", "portcullis-authorizer", "--edges", edges, "--target", target, *more)
        for line in cargo("tree", "--locked", *chosen, "--prefix", "none", "--format", "{p}\t{f}").splitlines():
            package, features = line.removesuffix(" (*)").split("\t")
            if str(ROOT) not in package:
                name, version, *_ = package.split()
                found.setdefault((name, version.removeprefix("v")), set()).update(features.split(","))
    return found


def packages(names: set[tuple[str, str]]) -> dict[str, list[dict]]:
    """What cargo knows of the versions of each crate."""
    platforms = (argument for target in TARGETS for argument in ("--filter-platform", target))
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", *platforms))
    known = {(package["name"], package["version"]): package for package in metadata["packages"]}
    found = defaultdict(list)
    for name, version in names:
        found[name].append(known[name, version])
    return found


def owner(package: dict) -> str:
    """The owner of the repository that the package names."""
    url = urlsplit(package["repository"] or "")
    account = url.path.split("/")[1] if url.path else "none"
    return account if url.netloc in ("", "github.com") else f"{url.netloc}/{account}"


@cache
def crates() -> dict[str, Crate]:
    built = tree("normal,build")
    linked = {name for name, _ in tree(LINKED)}
    called = {name for name, _ in tree(LINKED, *(f"--prune={crate}" for crate in SDK))} | {"aws-sdk-dynamodb"}
    found: dict[str, Crate] = {}
    for name, versions in packages(built.keys()).items():
        owners, features, features_on, library, script = (set() for _ in range(5))
        for package in versions:
            root = Path(package["manifest_path"]).parent
            kinds = {kind: Path(target["src_path"]) for target in package["targets"] for kind in target["kind"]}
            files = library_files(root)
            assert {path for kind, path in kinds.items() if kind not in NO_LIBRARY} <= files, (
                f"{name} has another layout"
            )
            owners.add(owner(package))
            features |= package["features"].keys()
            features_on |= built[name, package["version"]]
            library |= files
            script |= build_script_files(root) if "custom-build" in kinds else set()
        powers = powers_of_files(library)
        if name not in linked:
            section = "Crates that run only in a build"
        elif name not in called:
            section = "Crates that are not called"
        elif powers.keys() - {"unsafe"} or script:
            section = "Crates with powers"
        else:
            section = "Crates without powers"
        build_script = powers_of_files(script) if script else None
        found[name] = Crate(section, ", ".join(sorted(owners)), features - features_on, powers, build_script)
    return dict(sorted(found.items()))
