"""A token is shown once. `leak_check.py` checks this in every test of this folder; these tests send
tokens in the wrong places.
"""

from typing import Any

import pytest
import requests

import calls
import spec
from calls import Call
from leak_check import LOOKS_LIKE_TOKEN, LeakCheck
from service import Service

WORDS = ["rotate", "disable", "enable", "tighten", "revoke"]
GOOD = {"name": "x", "permissions": ["apps:read"], "resources": ["*"]}


@pytest.fixture
def token(service: Service) -> str:
    return calls.create(service, service.admin_token)["token"]


def with_token(value: Any, token: str) -> Any:
    """The value with every `{token}` replaced by the token."""
    if isinstance(value, dict):
        return {with_token(key, token): with_token(item, token) for key, item in value.items()}
    if isinstance(value, list):
        return [with_token(item, token) for item in value]
    return value.replace("{token}", token)


@pytest.mark.parametrize(
    "field",
    [
        {"name": "my {token}"},
        {"description": "it is {token}"},
        {"owner": "{token}"},
        {"resources": ["apps/{token}/x"]},
        {"permissions": ["{token}:read"]},
        {"permissions": ["apps:{token}"]},
        {"permissions": ["{token}"]},
        {"expires_in": "{token}"},
        {"expires_at": "{token}"},
        {"allowed_ips": ["{token}"]},
        {"{token}": "x"},
        {"role": "{token}"},
        {"grants": [{"permissions": ["{token}:read"], "resources": ["*"]}]},
        {"grants": [{"permissions": ["apps:read"], "resources": ["apps/{token}"]}]},
        {"grants": [{"permissions": ["apps:read"], "{token}": []}]},
    ],
    ids=str,
)
def test_a_token_in_a_field_is_refused_and_not_repeated(field: dict, service: Service, token: str) -> None:
    response = Call("POST /tokens", service.admin_token, body=GOOD | with_token(field, token)).send(service)
    assert response.status_code == 400


def test_a_token_in_an_invalid_json_body_is_not_repeated(service: Service, token: str) -> None:
    for body in [token, f'"{token}"', f'{{"name":{token}}}']:
        assert Call("POST /tokens", service.admin_token, body=body.encode()).send(service).status_code == 400


@pytest.mark.parametrize(
    "catalog",
    [
        {"{token}": {}},
        {"permissions": {"{token}:read": ""}},
        {"permissions": {"apps:go": "{token}"}},
        {"permissions": {"apps:go": {"description": "{token}"}}},
        {"permissions": {"apps:go": {"approval": {"valid_for": "{token}"}}}},
        {"permissions": {"apps:go": {"approval": {"valid_for": "5m", "resources": ["apps/{token}"]}}}},
        {"permissions": {"apps:go": {"approval": {"valid_for": "5m", "uses": "{token}"}}}},
        {"permissions": {"apps:go": {"approval": {"valid_for": "5m", "{token}": "x"}}}},
        {"roles": {"{token}": {"permissions": ["*"]}}},
        {"roles": {"x": {"permissions": ["{token}:read"]}}},
        {"roles": {"x": {"permissions": ["*"], "description": "{token}"}}},
        {"routes": [{"match": "GET /{token}", "permission": "apps:read"}]},
        {"routes": [{"match": "GET /{token}", "permission": "apps:read"}] * 2},
        {"routes": [{"match": "{token} /", "permission": "apps:read"}]},
        {"routes": [{"match": "GET /", "permission": "apps:{token}"}]},
        {"routes": [{"match": "GET /", "permission": "apps:read", "resource": "apps/{token}"}]},
        {"roles": {"x": {"permissions": ["*"]}}, "sessions": {"groups": {"{token}": "x"}}},
        {"sessions": {"groups": {"x": "{token}"}}},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["token", "session"])
def test_a_credential_in_a_catalog_is_refused_and_not_repeated(
    catalog: dict, kind: str, catalog_service: Service
) -> None:
    if kind == "token":
        credential = calls.create(catalog_service, catalog_service.admin_token)["token"]
    else:
        credential = calls.sign_in(catalog_service, "alice", "portcullis-admin")
    assert calls.put_catalog(catalog_service, with_token(catalog, credential)).status_code == 400


def test_a_credential_in_an_explain_request_is_not_repeated(service: Service, token: str) -> None:
    admin = service.admin_token
    known = calls.create(service, admin)["id"]
    for credential in [token, calls.sign_in(service, "alice")]:
        for path in [f"/{credential}", f"/{credential}/x", f"/apps/{credential}"]:
            question = {"token_id": known, "method": "POST", "path": path}
            assert Call("POST /explain", admin, body=question).send(service).status_code == 200
        for field in ["token_id", "method", "path", "api", credential]:
            question = {"token_id": known, "method": "GET", "path": "/", field: credential}
            assert Call("POST /explain", admin, body=question).send(service).status_code == 400


def test_a_credential_in_a_path_of_a_protected_api_is_not_repeated(service: Service, token: str) -> None:
    for credential in [token, calls.sign_in(service, "alice")]:
        for path in [credential, f"{credential}/x", f"apps/{credential}"]:
            headers = {"Authorization": f"Bearer {token}"}
            response = requests.post(f"{service.url}/demo/{path}", headers=headers, timeout=120)
            assert response.status_code == 403
            assert not LOOKS_LIKE_TOKEN.search(response.json()["permission"])


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        *[("GET /tokens", name) for name in ["{token}", "limit", "cursor", "status", "owner"]],
        *[("GET /approvals", name) for name in ["{token}", "limit", "cursor", "status", "token"]],
    ],
)
def test_a_token_in_the_query_is_refused_and_not_repeated(
    operation: str, name: str, service: Service, token: str
) -> None:
    query = with_token({name: "{token}"}, token)
    assert Call(operation, service.admin_token, query=query).send(service).status_code == 400


@pytest.mark.parametrize(
    "field",
    [
        {"permission": "{token}:read"},
        {"permission": "releases:{token}"},
        {"permission": "{token}"},
        {"resource": "releases/{token}"},
        {"reason": "it is {token}"},
        {"link": "https://ci.example.com/{token}"},
        {"{token}": "x"},
    ],
    ids=str,
)
def test_a_token_in_a_request_for_approval_is_refused_and_not_repeated(
    field: dict, service: Service, token: str
) -> None:
    body = calls.APPROVAL | with_token(field, token)
    assert Call("POST /approvals", service.admin_token, body=body).send(service).status_code == 400


@pytest.mark.parametrize("field", ["valid_for", "comment", "{token}"])
@pytest.mark.parametrize("word", ["approve", "reject"])
def test_a_token_in_a_decision_is_refused_and_not_repeated(word: str, field: str, service: Service, token: str) -> None:
    asking = calls.create(service, service.admin_token, permissions=["releases:write"])["token"]
    approver = calls.sign_in(service, "approver", "portcullis-admin")
    id_ = calls.request_approval(service, asking)["id"]
    decision = Call(f"POST /approvals/{{id}}/{word}", approver, id_, body=with_token({field: "{token}"}, token))
    assert decision.send(service).status_code == 400


@pytest.mark.parametrize("operation", ["PATCH /tokens/{id}", *[f"POST /tokens/{{id}}/{word}" for word in WORDS]])
def test_a_token_in_a_patch_is_refused_and_not_repeated(operation: str, service: Service, token: str) -> None:
    id_ = calls.create(service, service.admin_token)["id"]
    fields = ["name", "description", "expires_at", "expires_in", "overlap", "reason", "comment", "days", "{token}"]
    bodies = [*[{field: "{token}"} for field in fields], {"allowed_ips": ["{token}"]}]
    for body in bodies:
        call = Call(operation, service.admin_token, id_, body=with_token(body, token), headers={"If-Match": '"1"'})
        assert call.send(service).status_code == 400


def test_a_token_in_a_form_or_a_header_is_not_repeated(service: Service, token: str) -> None:
    admin = service.admin_token
    for field in ["token_type_hint", "method", "path", "api", "source_ip", token]:
        form = {"token": token, "method": "GET", "path": "/" + token} | {field: token}
        assert Call("POST /introspect", admin, form=form).send(service).status_code in (200, 400)
        assert Call("POST /revoke", None, form={"token": "x", field: token}).send(service).status_code in (200, 400)
    id_ = calls.create(service, admin)["id"]
    for headers in [{"Idempotency-Key": token}, {"If-Match": token}]:
        for _ in range(2):
            Call("POST /tokens/{id}/rotate", admin, id_, headers=headers).send(service)


def test_a_token_in_a_user_agent_is_not_stored(service: Service, token: str) -> None:
    made = calls.create(service, service.admin_token)
    Call("POST /tokens/{id}/disable", service.admin_token, made["id"], headers={"User-Agent": token}).send(service)
    events = Call("GET /tokens/{id}/events", service.admin_token, made["id"]).send(service).json()["events"]
    assert events[0]["user_agent"] is None


def test_a_token_in_the_path_is_not_repeated(service: Service, token: str) -> None:
    stranger = calls.create(service, service.admin_token)["token"]
    for operation in [operation for operation in spec.operations() if "{id}" in operation]:
        sent = {"body": {}} if operation.startswith("PATCH") else {}
        call = Call(operation, service.admin_token, token, headers={"If-Match": '"1"'}, **sent)
        assert call.send(service).status_code == 404
        # Every valid credential is allowed the routes of approvals.
        status = 404 if "/approvals" in operation else 403
        assert Call(operation, stranger, token).send(service).status_code == status
    operation = "POST /owners/{owner}/revoke-tokens"
    for place in [{"owner": token}, {"owner": "-", "query": {"owner": token}}]:
        assert Call(operation, service.admin_token, **place).send(service).status_code == 400
    assert requests.get(f"{service.url}/{token}", timeout=120).status_code == 404


def test_a_token_as_permission_or_resource_is_refused(service: Service, token: str) -> None:
    """The response names grants that the caller cannot delegate."""
    manager = calls.create(service, service.admin_token, permissions=["tokens:write"], resources=["tokens"])["token"]
    for field in [{"permissions": ["{token}:read"]}, {"resources": ["{token}"]}]:
        response = Call("POST /tokens", manager, body=GOOD | with_token(field, token)).send(service)
        assert response.status_code == 400


def test_no_token_and_no_session_is_in_a_log(service: Service, token: str, leak_check: LeakCheck) -> None:
    for credential in [token, calls.sign_in(service, "alice", "portcullis-admin")]:
        for operation in ["GET /tokens/{id}", "GET /me"]:
            Call(operation, credential, credential, query={credential: credential}).send(service)
        requests.get(f"{service.url}/me/{credential}", timeout=120)
    for log in service.logs:
        text = log.read_text()
        assert text
        leak_check.search(text, log.name)
