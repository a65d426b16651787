"""The rules for dependencies and their updates leave out nothing."""

import re
import subprocess
import tomllib
from pathlib import PurePosixPath

from samtranslator.yaml_helper import yaml_parse

from conftest import ROOT

# The file that lists a package's dependencies, by the name of Dependabot's ecosystem.
LISTS = {"cargo": "Cargo.lock", "npm": "package-lock.json", "pip": "requirements*.txt"}


def test_the_rules_for_dependencies_cover_every_target_of_a_release() -> None:
    targets = set(tomllib.loads((ROOT / "deny.toml").read_text())["graph"]["targets"])
    released = re.findall(r"target: (\S+),", (ROOT / ".github/workflows/release.yml").read_text())
    assert len(released) == 5
    assert targets >= {*released, "aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"}


def test_dependabot_updates_every_list_of_dependencies() -> None:
    updates = yaml_parse((ROOT / ".github/dependabot.yml").read_text())["updates"]
    updated = {update["package-ecosystem"]: set(update.get("directories", ())) for update in updates}
    for ecosystem, pattern in LISTS.items():
        listed = subprocess.run(["git", "ls-files", f":(glob)**/{pattern}"], cwd=ROOT, capture_output=True, check=True)
        folders = {f"/{PurePosixPath(file).parent}".rstrip(".") for file in listed.stdout.decode().split()}
        assert updated[ecosystem] == folders, ecosystem
