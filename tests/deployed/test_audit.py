"""Every decision is logged, and no log contains a usable secret."""

import json
import re
import uuid
from datetime import datetime
from subprocess import CompletedProcess

import pytest

import gateway
import logs
from emulator import Emulator
from stack import Stack

# The fields of an audit line.
FIELDS = {
    "timestamp", "request_id", "principal_type", "api_token_id", "api_token_name", "owner",
    "method", "path", "source_ip", "rbac_decision", "reason", "level", "duration_ms",
}  # fmt: skip
# A token's public part is its prefix and 16 characters; the secret follows.
HOLDS_SECRET = re.compile(r"pcl_[0-9A-Za-z]{17}")


@pytest.fixture(scope="module")
def room() -> str:
    """A unique path, to find its audit lines."""
    return f"/apps/billing/{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def token(url: str, admin_token: str) -> dict:
    """A token with `apps:read` on `apps/billing`, revoked after its use."""
    asked = {"name": "audited", "permissions": ["apps:read"], "resources": ["apps/billing"]}
    created = gateway.call("POST", f"{url}/tokens", admin_token, asked)
    assert created.status == 201, created
    return created.body


@pytest.fixture(scope="module")
def asked(url: str, admin_token: str, token: dict, room: str) -> dict[str, tuple[str, int]]:
    """Requests with every outcome: path -> method and status."""
    secret = token["token"]
    outcomes = {}
    for number, (method, credential, status) in enumerate(
        [("GET", secret, 200), ("POST", secret, 403), ("GET", None, 401), ("GET", "pcl_nonsense", 401)]
    ):
        path = f"{room}/{number}"
        assert gateway.call(method, f"{url}/demo{path}", credential).status == status
        outcomes[path] = (method, status)
    assert gateway.call("POST", f"{url}/tokens/{token['id']}/revoke", admin_token).status == 200
    assert gateway.call("GET", f"{url}/demo{room}/revoked", secret).status == 401
    return outcomes | {f"{room}/revoked": ("GET", 401)}


@pytest.fixture(scope="module")
def audited(emulator: Emulator, portcullis: Stack, asked: dict, room: str) -> dict[str, dict]:
    lines = logs.decisions(emulator, portcullis.resources["AuthorizerLogGroup"])
    ours = [line for line in lines if (line["path"] or "").startswith(room)]
    by_path = {line["path"]: line for line in ours}
    assert len(ours) == len(by_path), "more than one line for a decision"
    return by_path


def test_every_decision_writes_one_line_with_every_field(asked: dict, audited: dict[str, dict]) -> None:
    assert audited.keys() == asked.keys()
    for path, line in audited.items():
        assert line.keys() >= FIELDS
        assert line["method"] == asked[path][0]
        assert line["source_ip"] == "127.0.0.1"
        assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
        assert uuid.UUID(line["request_id"])


def test_a_line_has_the_decision_the_principal_and_the_reason(audited: dict[str, dict], room: str, token: dict) -> None:
    def said(place: str) -> tuple:
        line = audited[f"{room}/{place}"]
        return line["rbac_decision"], line["reason"], line["api_token_id"], line["api_token_name"], line["owner"]

    known = (token["id"], "audited", "admin")
    assert said("0") == ("allow", None, *known)
    assert said("1") == ("deny", "permission_missing", *known)
    assert said("2") == ("deny", "malformed", None, None, None)
    assert said("3") == ("deny", "malformed", None, None, None)
    assert said("revoked") == ("deny", "revoked", *known)


def test_a_refusal_has_the_request_id_of_its_audit_line(emulator: Emulator, portcullis: Stack, url: str) -> None:
    path = f"/apps/{uuid.uuid4().hex}"
    refused = gateway.call("GET", f"{url}/demo{path}")
    lines = logs.decisions(emulator, portcullis.resources["AuthorizerLogGroup"])
    assert [line["request_id"] for line in lines if line["path"] == path] == [refused.body["request_id"]]


def test_no_log_and_no_table_dump_holds_a_secret(
    emulator: Emulator, portcullis: Stack, e2e_run: CompletedProcess[str], asked: dict, admin_token: str, token: dict
) -> None:
    dump = emulator.client("dynamodb").scan(TableName=portcullis.resources["TokensTable"])["Items"]
    kept = {"the table": [json.dumps(item, default=repr) for item in dump]}
    kept |= {group: logs.messages(emulator, group) for group in logs.groups(emulator)}
    assert len(kept["the table"]) > 2 and len(kept[portcullis.resources["AuthorizerLogGroup"]]) > 10
    for place, lines in kept.items():
        for line in lines:
            assert not HOLDS_SECRET.search(line), f"{place}: {line}"
            for secret in (admin_token, token["token"]):
                assert secret.split("_")[1][16:] not in line, f"{place}: {line}"
