"""A token is shown once. Every test of this folder fails for any answer that shows one again
(`watch.py`); here, tokens are sent where they do not belong, to see whether they come back.
"""

from typing import Any

import pytest
import requests

import calls
from calls import Call
from service import Service
from watch import Watch

GOOD = {"name": "x", "permissions": ["apps:read"]}


@pytest.fixture
def token(service: Service) -> str:
    return calls.create(service, service.admin_token)["token"]


def with_token(value: Any, token: str) -> Any:
    """The value, with the token for every `{token}` in it."""
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
        {"{token}": "x"},
    ],
    ids=str,
)
def test_a_token_in_a_field_is_refused_and_not_repeated(field: dict, service: Service, token: str) -> None:
    response = Call("POST /tokens", service.admin_token, body=GOOD | with_token(field, token)).send(service)
    assert response.status_code == 400


def test_a_token_in_a_body_that_is_no_json_is_not_repeated(service: Service, token: str) -> None:
    for body in [token, f'"{token}"', f'{{"name":{token}}}']:
        assert Call("POST /tokens", service.admin_token, body=body.encode()).send(service).status_code == 400


@pytest.mark.parametrize("name", ["{token}", "limit", "cursor", "status", "owner"])
def test_a_token_in_the_query_is_refused_and_not_repeated(name: str, service: Service, token: str) -> None:
    query = with_token({name: "{token}"}, token)
    assert Call("GET /tokens", service.admin_token, query=query).send(service).status_code == 400


def test_a_token_in_the_path_is_not_repeated(service: Service, token: str) -> None:
    stranger = calls.create(service, service.admin_token)["token"]
    for operation in ["GET /tokens/{id}", "DELETE /tokens/{id}", "POST /tokens/{id}/revoke"]:
        assert Call(operation, service.admin_token, token).send(service).status_code == 404
        assert Call(operation, stranger, token).send(service).status_code == 403
    assert requests.get(f"{service.url}/{token}", timeout=30).status_code == 404


def test_a_caller_cannot_ask_for_a_permission_or_a_resource_that_is_a_token(service: Service, token: str) -> None:
    """What one may not hand out is named in the answer."""
    manager = calls.create(service, service.admin_token, permissions=["tokens:write"], resources=["tokens"])["token"]
    for field in [{"permissions": ["{token}:read"]}, {"resources": ["{token}"]}]:
        response = Call("POST /tokens", manager, body=GOOD | with_token(field, token)).send(service)
        assert response.status_code == 400


def test_no_token_is_in_a_log(service: Service, token: str, watch: Watch) -> None:
    for operation in ["GET /tokens/{id}", "GET /me"]:
        Call(operation, token, token, query={token: token}).send(service)
    requests.get(f"{service.url}/me/{token}", timeout=30)
    for log in service.logs:
        text = log.read_text()
        assert text
        watch.search(text, log.name)
