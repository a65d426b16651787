"""Who is let in, and to what."""

import pytest
import requests

import calls
import spec
from calls import Call
from service import Service

NOBODYS = "0000000000000000"
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
UNDESCRIBED = [
    (method, path)
    for path in [*spec.DOCUMENT["paths"], "/", "/token", "/tokens/{id}/x", "/me/x", "/v1/me", "//me"]
    for method in METHODS
    if f"{method} {path}" not in spec.operations()
]


@pytest.mark.parametrize("operation", spec.operations())
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": "Bearer {token}x"},
        {"Authorization": "{token}"},
        {"x-api-token": ""},
        {"x-api-token": "Bearer {token}"},
        {"Authorization": "Bearer {token}", "x-api-token": "{token}"},
    ],
    ids=str,
)
def test_without_one_good_token_nobody_is_let_in(operation: str, headers: dict, service: Service) -> None:
    filled_in = {name: value.replace("{token}", service.admin_token) for name, value in headers.items()}
    response = Call(operation, None, NOBODYS, headers=filled_in).send(service)
    assert response.status_code == 401
    assert response.json()["request_id"] == response.headers["x-amzn-requestid"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_accepted_with_the_scheme_in_any_case(scheme: str, service: Service) -> None:
    headers = {"Authorization": f"{scheme} {service.admin_token}"}
    assert Call("GET /me", None, headers=headers).send(service).status_code == 200


def test_the_other_header_is_as_good(service: Service) -> None:
    for operation in ["GET /me", "GET /tokens"]:
        response = Call(operation, None, headers={"x-api-token": service.admin_token}).send(service)
        assert response.status_code == 200


@pytest.mark.parametrize(("method", "path"), UNDESCRIBED)
def test_what_is_not_described_is_not_there(method: str, path: str, service: Service) -> None:
    response = requests.request(
        method,
        service.url + path.replace("{id}", NOBODYS),
        headers={"x-api-token": service.admin_token},
        timeout=30,
    )
    assert (response.status_code, response.headers["content-type"]) == (404, spec.PROBLEM)
    assert method == "HEAD" or calls.problem_type(response) == "not_found"


def test_a_token_opens_what_the_description_says_of_its_permission(service: Service) -> None:
    opened = {
        "tokens:read": {"GET /tokens", "GET /tokens/{id}", "POST /explain", "GET /me"},
        "tokens:write": {"POST /tokens", "DELETE /tokens/{id}", "POST /tokens/{id}/revoke", "GET /me"},
        "tokens:admin": {it for it in spec.operations() if "catalog" not in it},
        "catalog:read": {"GET /catalog", "GET /me"},
        "catalog:write": {"PUT /catalog", "GET /me"},
        "*": set(spec.operations()),
        "apps:read": {"GET /me"},
    }
    for permission, operations in opened.items():
        token = calls.create(service, service.admin_token, permissions=[permission])["token"]
        for operation in spec.operations():
            response = Call(operation, token, NOBODYS).send(service)
            refused = calls.problem_type(response) == "insufficient_scope"
            assert refused == (operation not in operations), (permission, operation)
