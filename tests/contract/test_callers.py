"""Authentication and authorization of callers."""

import pytest
import requests

import calls
import markdown
import spec
from calls import Call
from service import Service

UNKNOWN_ID = "0000000000000000"
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
UNDESCRIBED = [
    (method, path)
    for path in [*spec.DOCUMENT["paths"], "/", "/token", "/tokens/{id}/x", "/me/x", "/v1/me", "//me"]
    for method in METHODS
    if f"{method} {path}" not in spec.operations()
]


CLOSED = [name for name, operation in spec.operations().items() if not spec.is_open(operation)]
OPEN = set(spec.operations()) - set(CLOSED)


@pytest.mark.parametrize("operation", CLOSED)
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
def test_requests_without_exactly_one_valid_token_are_refused(operation: str, headers: dict, service: Service) -> None:
    filled_in = {name: value.replace("{token}", service.admin_token) for name, value in headers.items()}
    response = Call(operation, None, UNKNOWN_ID, headers=filled_in, owner="nobody").send(service)
    assert response.status_code == 401
    assert response.json()["request_id"] == response.headers["x-amzn-requestid"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_accepted_with_the_scheme_in_any_case(scheme: str, service: Service) -> None:
    headers = {"Authorization": f"{scheme} {service.admin_token}"}
    assert Call("GET /me", None, headers=headers).send(service).status_code == 200


def test_the_x_api_token_header_is_accepted(service: Service) -> None:
    for operation in ["GET /me", "GET /tokens"]:
        response = Call(operation, None, headers={"x-api-token": service.admin_token}).send(service)
        assert response.status_code == 200


@pytest.mark.parametrize(("method", "path"), UNDESCRIBED)
def test_undescribed_routes_are_not_found(method: str, path: str, service: Service) -> None:
    response = requests.request(
        method,
        service.url + path.replace("{id}", UNKNOWN_ID).replace("{owner}", "nobody"),
        headers={"x-api-token": service.admin_token},
        timeout=120,
    )
    assert (response.status_code, response.headers["content-type"]) == (404, spec.PROBLEM)
    assert method == "HEAD" or calls.problem_type(response) == "not_found"


def described(request: str) -> str:
    """The operation of a request in the table."""
    ids = {"0123456789abcdef": "{id}", "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5": "{id}"}
    values = ids | {"alice": "{owner}", "versions/1": "versions/{version}"}
    for value, name in values.items():
        request = request.replace(value, name)
    return request


# By operation: the permissions of which one is needed.
NEEDED = {
    described(row["request"]): set(row["requires"].split(" or "))
    for row in markdown.table("authorization.md", "Management API")
}
# What a caller may do below `/approvals` depends on the approval, and not on the route.
ANY = NEEDED["GET /me"]
OF_ANY_CREDENTIAL = {operation for operation, needed in NEEDED.items() if needed == ANY}
OPENED = {
    permission: {operation for operation, needed in NEEDED.items() if permission in needed}
    for permission in sorted({"apps:read", "approvals:read", "approvals:decide"}.union(*NEEDED.values()) - ANY)
} | {"*": set(spec.operations())}
OWN = OPENED["tokens:read"] | OPENED["tokens:write"]
# With `--token-management admins`.
OPENED_AMONG_ADMINS = OPENED | {"tokens:read": set(), "tokens:write": set()}


def assert_opens(service: Service, credential: str, operations: set[str]) -> None:
    """Asserts that a credential is allowed these operations, and those that need no permission."""
    for operation in spec.operations():
        response = Call(operation, credential, UNKNOWN_ID, owner="nobody").send(service)
        refused = calls.problem_type(response) == "insufficient_scope"
        assert refused == (operation not in operations | OPEN | OF_ANY_CREDENTIAL), operation


@pytest.mark.parametrize("permission", OPENED)
def test_a_permission_allows_the_operations_that_are_described(permission: str, service: Service) -> None:
    token = calls.create(service, service.admin_token, permissions=[permission])["token"]
    assert_opens(service, token, OPENED[permission])


@pytest.mark.parametrize("permission", OPENED)
def test_with_admins_management_permissions_allow_what_is_described(permission: str, admins_service: Service) -> None:
    token = calls.create(admins_service, admins_service.admin_token, permissions=[permission])["token"]
    assert_opens(admins_service, token, OPENED_AMONG_ADMINS[permission])


def test_a_session_may_use_its_roles_and_its_own_tokens(service: Service, admins_service: Service) -> None:
    for groups, own, among_admins in [
        ([], OWN, set()),
        (["portcullis-viewer"], OWN | OPENED["catalog:read"], OPENED["catalog:read"]),
        (["portcullis-admin"], set(spec.operations()), set(spec.operations())),
    ]:
        assert_opens(service, calls.sign_in(service, "alice", *groups), own)
        assert_opens(admins_service, calls.sign_in(admins_service, "alice", *groups), among_admins)


def test_a_session_is_accepted_only_as_a_bearer_credential(service: Service) -> None:
    session = calls.sign_in(service, "alice", "portcullis-admin")
    for headers in [{"x-api-token": session}, {"Authorization": f"Bearer {session}", "x-api-token": session}]:
        assert Call("GET /me", None, headers=headers).send(service).status_code == 401


def test_sessions_and_the_tokens_they_change_are_shown_as_described(service: Service, admins_service: Service) -> None:
    session = calls.sign_in(service, "bob", "portcullis-viewer", "portcullis-cicd", "nothing")
    me = Call("GET /me", session).send(service).json()
    assert (me["principal_type"], me["owner"], me["roles"]) == ("session", "bob", ["cicd", "viewer"])
    made = calls.create(service, session, role="viewer", permissions=..., expires_at=None)
    assert (made["owner"], made["role"], made["created_by"]) == ("bob", "viewer", "session:bob")
    assert Call("GET /me", made["token"]).send(service).json()["role"] == "viewer"
    revoked = Call("POST /tokens/{id}/revoke", session, made["id"]).send(service).json()
    assert revoked["revoked_by"] == "session:bob"
    assert [it["id"] for it in Call("GET /tokens", session).send(service).json()["tokens"]] == [made["id"]]
    without_roles = Call("GET /me", calls.sign_in(admins_service, "bob")).send(admins_service).json()
    assert (without_roles["roles"], without_roles["grants"]) == ([], [])


def test_roles_are_named_only_to_callers_who_may_read_the_catalog(service: Service) -> None:
    for groups, roles in [(["portcullis-viewer"], "admin"), ([], "")]:
        response = Call("PUT /catalog", calls.sign_in(service, "carol", *groups)).send(service)
        assert (calls.problem_type(response), response.json()["roles"]) == ("insufficient_scope", roles)
