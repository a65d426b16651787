"""Clients generated from infra/openapi.yaml create, use and revoke a token."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spec
from service import Service

HERE = Path(__file__).parent


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_python_client_creates_uses_and_revokes_a_token(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = Path(sys.executable).with_name("openapi-python-client")
    options = ["--fail-on-warning", "--config", HERE / "python.yaml", "--meta", "none", "--output-path", "generated"]
    run(tmp_path, generator, "generate", *options, "--path", spec.PATH)
    monkeypatch.syspath_prepend(tmp_path)
    models, client, create_token, show_caller, revoke_token = (
        importlib.import_module(f"generated.{name}")
        for name in ("models", "client", "api.tokens.create_token", "api.caller.show_caller", "api.tokens.revoke_token")
    )

    admin = client.AuthenticatedClient(base_url=service.url, token=service.admin_token)
    wanted = models.NewToken(name="generated client", permissions=["apps:read"], resources=["*"])
    created = create_token.sync(client=admin, body=wanted)
    assert isinstance(created, models.CreatedToken)
    holder = client.AuthenticatedClient(base_url=service.url, token=created.token)
    assert show_caller.sync(client=holder).token_id == created.id
    revoked = revoke_token.sync(created.id, client=admin)
    assert (type(revoked), revoked.status) == (models.RevokedToken, models.Status.REVOKED)
    assert isinstance(show_caller.sync(client=holder), models.InvalidToken)


def test_a_typescript_client_creates_uses_and_revokes_a_token(service: Service, tmp_path: Path) -> None:
    for name in ("client.ts", "package.json", "tsconfig.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    programs = tmp_path / "node_modules" / ".bin"
    run(tmp_path, programs / "openapi-ts", "--silent", "--no-log-file", "--input", spec.PATH, "--output", "generated")
    run(tmp_path, programs / "tsc")
    result = json.loads(run(tmp_path, "node", "compiled/client.js", service.url, service.admin_token))
    assert result["caller"] == result["id"]
    assert (result["status"], result["refused"]) == ("revoked", "urn:portcullis:problem:invalid_token")
