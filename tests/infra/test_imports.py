"""Imports run one way: through the layers of `shared`, and between the files of each crate."""

from pathlib import Path

import pytest

from rust_imports import Crate, circles

ROOT = Path(__file__).parents[2]
CRATES = sorted(
    file.parent
    for pattern in ("shared/src/lib.rs", "functions/*/src/lib.rs", "cli/src/main.rs", "local/src/lib.rs")
    for file in ROOT.glob(pattern)
)
# From the bottom up, as in docs/architecture.md.
LAYERS = [
    "clock",
    "env",
    "endpoint_variant",
    "validation",
    "json",
    "https_url",
    "tls",
    "http_client",
    "secret",
    "text",
    "grants",
    "catalog",
    "token",
    "authz",
    "audit_log",
    "change_log",
    "logging",
    "api_types",
    "oidc",
    "store",
    "http",
    "cache_flush",
]


def imports(source: Path) -> dict[Path, set[Path]]:
    return Crate(next(file for name in ("lib.rs", "main.rs") if (file := source / name).exists())).imports()


@pytest.mark.parametrize("source", CRATES, ids=lambda source: str(source.relative_to(ROOT)))
def test_no_two_files_of_a_crate_import_each_other(source):
    named = [[str(file.relative_to(source)) for file in group] for group in circles(imports(source))]
    assert not named


def test_each_module_of_shared_imports_only_from_the_layers_below_it():
    source = ROOT / "shared/src"

    def layer(file: Path) -> int:
        return LAYERS.index(file.relative_to(source).parts[0].removesuffix(".rs"))

    files = {file: used for file, used in imports(source).items() if file.name != "lib.rs"}
    against = [
        f"{file.relative_to(source)} imports {other.relative_to(source)}"
        for file, used in files.items()
        for other in used
        # lib.rs is not a layer: `App` and `Settings` have one field of each.
        if other.name != "lib.rs" and layer(other) > layer(file)
    ]
    assert not against


def test_no_function_imports_another():
    names = {folder.name for folder in (ROOT / "functions").iterdir()}
    for manifest in ROOT.glob("functions/*/Cargo.toml"):
        dependencies = manifest.read_text().split("[dependencies]")[1].split("\n[")[0]
        assert not names & {line.split("=")[0].split(".")[0].strip() for line in dependencies.splitlines()}, manifest
