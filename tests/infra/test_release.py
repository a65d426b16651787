"""The files of a release, made by the Makefile from stand-ins for the compiled programs."""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import pytest
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
[VERSION] = re.findall(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
TARGET = f"{os.uname().machine.replace('arm64', 'aarch64')}-unknown-linux-musl"
WORKFLOW = (ROOT / ".github/workflows/release.yml").read_text()
TARGETS = re.findall(r"target: (\S+),", WORKFLOW)
# Stands for the command.
COMMAND = f"""#!/bin/sh
case "$*" in
  "--quiet man "*) echo .TH portcullis > "$3/portcullis.1" ;;
  "completions "*) echo "for $2" ;;
  *) echo portcullis {VERSION} ;;
esac
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Logs no requests."""


def make(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = ["make", "--silent", f"--directory={ROOT}", *map(str, arguments)]
    # Without the flags of the make that runs the tests.
    environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKEOVERRIDES"}}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def run_make(*arguments: str | Path) -> None:
    run = make(*arguments)
    assert run.returncode == 0, run.stderr


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a release in `tmp_path / "release"`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def release(tmp_path: Path, server: str) -> Path:
    """The files of a release."""
    files = tmp_path / f"v{VERSION}"
    command = tmp_path / "portcullis"
    command.write_text(COMMAND)
    command.chmod(0o700)
    for target in TARGETS:
        run_make(
            "command", f"TARGET={target}", f"COMMAND={command}", "--assume-old=compiled-command", f"RELEASE={files}"
        )
    run_make("release", f"RELEASE={files}", f"RELEASE_URL={server}/{files.name}")
    return files


def install(release: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    variables = os.environ | {"PORTCULLIS_INSTALL_DIR": str(folder)} | environment
    script = (release / "install.sh").read_bytes()
    run = subprocess.run(["sh"], input=script, env=variables, capture_output=True, check=False)
    return subprocess.CompletedProcess(run.args, run.returncode, run.stdout.decode(), run.stderr.decode())


def test_the_installer_installs_the_command_of_its_release(release: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a new folder"
    installed = install(release, folder)
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout == f"Installed portcullis {VERSION} in {folder}\nAdd {folder} to PATH\n"
    assert [file.name for file in folder.iterdir()] == ["portcullis"]
    assert (folder / "portcullis").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("spoiled", [f"portcullis-{TARGET}.tar.gz", "SHA256SUMS"])
def test_the_installer_refuses_an_archive_with_a_wrong_checksum(release: Path, tmp_path: Path, spoiled: str) -> None:
    (release / spoiled).write_bytes(b"something else\n")
    refused = install(release, tmp_path / "folder")
    assert refused.returncode == 1
    assert "has the checksum" in refused.stderr
    assert not (tmp_path / "folder").exists()


def test_the_installer_names_the_file_that_it_cannot_download(release: Path, tmp_path: Path) -> None:
    (release / f"portcullis-{TARGET}.tar.gz").unlink()
    refused = install(release, tmp_path / "folder")
    assert refused.returncode == 1
    assert f"/v{VERSION}/portcullis-{TARGET}.tar.gz" in refused.stderr
    assert not (tmp_path / "folder").exists()


def test_the_installer_refuses_a_system_without_a_build(release: Path, tmp_path: Path) -> None:
    uname = tmp_path / "programs" / "uname"
    uname.parent.mkdir()
    uname.write_text('#!/bin/sh\n[ "$1" = -m ] && echo x86_64 || echo SunOS\n')
    uname.chmod(0o700)
    refused = install(release, tmp_path / "folder", PATH=f"{uname.parent}:{os.environ['PATH']}")
    assert refused.returncode == 1
    assert refused.stderr.startswith("install.sh: no installer for SunOS")
    assert not (tmp_path / "folder").exists()


def test_a_truncated_installer_installs_nothing(release: Path, tmp_path: Path) -> None:
    script = (release / "install.sh").read_text()
    (release / "install.sh").write_text(script.removesuffix("main\n"))
    assert install(release, tmp_path / "folder").stdout == ""
    assert not (tmp_path / "folder").exists()


def test_every_file_of_a_release_has_a_checksum(release: Path) -> None:
    listed = [line.split("  ")[1] for line in (release / "SHA256SUMS").read_text().splitlines()]
    assert sorted([*listed, "SHA256SUMS"]) == sorted(file.name for file in release.iterdir())


def test_the_homebrew_formula_has_the_checksum_of_each_archive_it_names(release: Path) -> None:
    formula = (release / "portcullis.rb").read_text()
    found = re.findall(r'url "(.+)"\n +sha256 "(.+)"', formula)
    unix = [target for target in TARGETS if "windows" not in target]
    assert sorted(url.rsplit("/")[-1] for url, _ in found) == sorted(f"portcullis-{target}.tar.gz" for target in unix)
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in (release / "SHA256SUMS").read_text().splitlines()}
    assert all(url.startswith("http") and sums[url.rsplit("/")[-1]] == checksum for url, checksum in found)
    assert f'version "{VERSION}"' in formula


def test_a_release_without_an_archive_of_the_formula_is_refused(release: Path) -> None:
    (release / "portcullis-aarch64-apple-darwin.tar.gz").unlink()
    refused = make("release", f"RELEASE={release}", f"RELEASE_URL=https://example.com/v{VERSION}")
    assert refused.returncode != 0
    assert "an archive of infra/portcullis.rb is missing" in refused.stderr


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_the_debian_package_has_command_manual_and_completions(tmp_path: Path, machine: str, architecture: str) -> None:
    command = tmp_path / "portcullis"
    command.write_text(COMMAND)
    command.chmod(0o700)
    arguments = [f"TARGET={machine}-unknown-linux-musl", f"COMMAND={command}", f"DEBIAN_FILES={tmp_path / 'debian'}"]
    run_make("debian", "--assume-old=compiled-command", f"RELEASE={tmp_path}", *arguments)
    package = tmp_path / f"portcullis_{VERSION}_{architecture}.deb"
    unpacked = tmp_path / "unpacked"
    subprocess.run(["dpkg-deb", "--extract", package, unpacked], check=True)
    files = sorted(str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file())
    assert files == [
        "usr/bin/portcullis",
        "usr/share/bash-completion/completions/portcullis",
        "usr/share/doc/portcullis/copyright",
        "usr/share/fish/vendor_completions.d/portcullis.fish",
        "usr/share/man/man1/portcullis.1.gz",
        "usr/share/zsh/vendor-completions/_portcullis",
    ]
    assert (unpacked / "usr/bin/portcullis").stat().st_mode & 0o777 == 0o755
    assert (unpacked / "usr/share/zsh/vendor-completions/_portcullis").read_text() == "for zsh\n"


def test_a_release_with_another_version_than_cargo_toml_is_refused(tmp_path: Path) -> None:
    refused = make("release", f"RELEASE={tmp_path}", "RELEASE_URL=https://example.com/v0.0.99")
    assert refused.returncode != 0
    assert f"Cargo.toml has the version {VERSION}" in refused.stderr


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_a_releases_template_names_the_releases_zips(template, tmp_path: Path, architecture: str) -> None:
    functions = [name for name, it in template.resources.items() if it["Type"] == "AWS::Lambda::Function"]
    for name in functions:
        bootstrap = tmp_path / "build" / name / "bootstrap"
        bootstrap.parent.mkdir(parents=True)
        bootstrap.write_text(name)
    files = tmp_path / "release"
    arguments = [f"BUILD={tmp_path / 'build'}", f"RELEASE={files}", f"ARCHITECTURE={architecture}"]
    built = make("functions", "--assume-old=zips", *arguments)
    assert built.returncode == 0, built.stderr
    released = yaml_parse((files / f"template-{architecture}.yaml").read_text())
    assert released["Parameters"]["Architecture"]["Default"] == architecture
    zips = {name: released["Resources"][name]["Properties"]["CodeUri"] for name in functions}
    for name, file in zips.items():
        with ZipFile(files / file) as packed:
            assert packed.namelist() == ["bootstrap"] and packed.read("bootstrap").decode() == name
    assert sorted(file.name for file in files.glob("*.zip")) == sorted(zips.values())
    # `sam deploy` uploads each file that the metadata names, and a release has neither.
    assert not {"LicenseUrl", "ReadmeUrl"} & released["Metadata"]["AWS::ServerlessRepo::Application"].keys()


def test_the_repository_metadata_has_the_version_and_files_that_exist() -> None:
    metadata = yaml_parse((ROOT / "template.yaml").read_text())["Metadata"]["AWS::ServerlessRepo::Application"]
    assert metadata["SemanticVersion"] == VERSION
    assert all((ROOT / metadata[name]).is_file() for name in ("LicenseUrl", "ReadmeUrl"))


def test_only_the_job_that_publishes_a_release_can_write() -> None:
    workflow = yaml_parse(WORKFLOW)
    jobs = workflow["jobs"]
    assert workflow["permissions"] == {}
    assert {name for name, job in jobs.items() if job["permissions"] != {"contents": "read"}} == {"publish"}


def test_the_job_that_publishes_a_release_installs_nothing() -> None:
    steps = yaml_parse(WORKFLOW)["jobs"]["publish"]["steps"]
    commands = [step["run"].replace("--silent ", "").split()[:2] for step in steps if "run" in step]
    assert commands == [["make", "notes"], ["make", "release"], ["gh", "release"]]
    # The goals have no prerequisites, which would be tools.
    assert re.findall(r"^(?:notes|release):(.*?)##", (ROOT / "Makefile").read_text(), re.MULTILINE) == [" ", " "]


def test_a_release_is_published_only_after_the_tests_and_every_other_job() -> None:
    jobs = yaml_parse(WORKFLOW)["jobs"]
    assert set(jobs["publish"]["needs"]) == jobs.keys() - {"publish"}
    assert "$/.github/workflows/ci.yml" in [job.get("uses") for job in jobs.values()]


def test_a_release_is_compiled_with_the_compiler_of_the_tests() -> None:
    tested = re.findall(r"version=.*", (ROOT / ".github/workflows/ci.yml").read_text())
    jobs = yaml_parse(WORKFLOW)["jobs"]
    for job in (jobs["functions"], jobs["command"]):
        commands = [line for step in job["steps"] for line in step.get("run", "").splitlines()]
        assert [line for line in commands if line.startswith("version=")] == tested
        assert not [line for line in commands if line.startswith("rustup update")]


def test_a_release_builds_its_functions_twice() -> None:
    steps = yaml_parse(WORKFLOW)["jobs"]["functions"]["steps"]
    assert ["make", "reproducible"] in [step.get("run", "").split()[:2] for step in steps]
