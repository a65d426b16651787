"""Who can do what: docs/access-matrix.md against the running service."""

import pytest
import requests

import calls
import markdown
import spec
from calls import Call
from issuer import MANAGER, Issuer
from principals import OWNER
from service import Service
from test_api_responses import use

PAGE = "access-matrix.md"
MATRIX = {row.pop("route"): row for row in markdown.table(PAGE, "Matrix")}
PRINCIPALS = {row["principal"]: row["reason"] for row in markdown.table(PAGE, "Principals")}
CELLS = [
    pytest.param(operation, principal, expected, id=f"{operation} {principal}")
    for operation, row in MATRIX.items()
    for principal, expected in row.items()
]
# Problems that a status alone stands for.
PLAIN = {401: "invalid_token", 403: "insufficient_scope", 404: "not_found"}


class World:
    """The service with the principals, and the tokens and approvals that requests are about."""

    def __init__(self, service: Service, issuer: Issuer, credentials: dict[str, str | None]) -> None:
        self.service = service
        self.issuer = issuer
        self.credentials = credentials
        # By operation: a token or an approval that no request has changed yet.
        self.targets: dict[str, dict] = {}

    def admin(self, operation: str, id: str = "") -> requests.Response:
        return Call(operation, self.service.admin_token, id).send(self.service)

    def target(self, operation: str) -> dict:
        """A token of the owner, in the state that the operation is for, or an approval of such a token."""
        if operation in self.targets:
            return self.targets[operation]
        if "/approvals" in operation:
            grants = {"permissions": ["releases:write"], "resources": ["releases"]}
            asking = calls.create(self.service, self.service.admin_token, owner=OWNER, **grants)
            self.targets[operation] = calls.request_approval(self.service, asking["token"])
        else:
            tightened = operation.endswith("/tighten")
            # The owner may rotate a token with the owner's grants.
            grants = {"permissions": ["apps:read", "apps:write"]} if tightened else MANAGER
            # Not a principal's, because this revokes all of them.
            owner = "matrix-leaver" if "{owner}" in operation else OWNER
            made = calls.create(self.service, self.service.admin_token, owner=owner, **grants)
            if tightened:
                use(self.service, made)
            if operation.endswith("/enable"):
                Call("POST /tokens/{id}/disable", self.credentials["owner"], made["id"]).send(self.service)
            self.targets[operation] = self.admin("GET /tokens/{id}", made["id"]).json() | {"token": made["token"]}
        return self.targets[operation]

    def shown(self, operation: str, target: dict) -> dict:
        """The operation's target as it is now."""
        if "/approvals" in operation:
            return self.admin("GET /approvals/{id}", target["id"]).json()
        return self.admin("GET /tokens/{id}", target["id"]).json() | {"token": target["token"]}

    def request(self, operation: str, principal: str) -> Call:
        """A valid request about the operation's target."""
        target = self.target(operation)
        sent = SENT.get(operation, lambda *_: {})(target, self)
        return Call(operation, self.credentials[principal], target["id"], owner=target["owner"], **sent)


def put_catalog(_: dict, world: World) -> dict:
    shown = world.admin("GET /catalog")
    return {"body": shown.json(), "headers": {"If-Match": shown.headers["etag"]}}


def exchanged(_: dict, world: World) -> dict:
    return {"form": calls.EXCHANGE | {"subject_token": world.issuer.identity()}}


# The valid request for a target, where an operation needs more than a path.
SENT = {
    "POST /tokens": lambda target, _: {"body": {"name": "x", "owner": target["owner"], "expires_in": "1m", **MANAGER}},
    "GET /tokens": lambda target, _: {"query": {"owner": target["owner"]}},
    "GET /activity": lambda target, _: {"query": {"owner": target["owner"]}},
    "PATCH /tokens/{id}": lambda *_: {"body": {"name": "y"}, "headers": {"If-Match": "*"}},
    "POST /tokens/{id}/tighten": lambda *_: {"headers": {"If-Match": "*"}},
    "POST /explain": lambda target, _: {"body": {"token_id": target["id"], "method": "GET", "path": "/apps"}},
    "POST /approvals": lambda *_: {"body": calls.APPROVAL},
    "GET /approvals": lambda target, _: {"query": {"token": target["token_id"]}},
    "POST /catalog/impact": lambda *_: {"body": {}},
    "POST /introspect": lambda target, _: {"form": {"token": target["token"]}},
    "POST /revoke": lambda target, _: {"form": {"token": target["token"]}},
    "POST /exchange": exchanged,
    "PUT /catalog": put_catalog,
}


@pytest.fixture(scope="module")
def world(trusting_service: Service, issuer: Issuer, credentials: dict[str, str | None]) -> World:
    return World(trusting_service, issuer, credentials)


def outcome(response: requests.Response) -> str:
    """The cell for a response: its status, and its problem unless the status stands for it."""
    problem = calls.problem_type(response)
    plain = PLAIN.get(response.status_code)
    return f"{response.status_code}" + (f" {problem}" if problem != plain else "")


def test_every_route_has_a_row_for_every_principal() -> None:
    assert set(MATRIX) == set(spec.operations())
    assert [set(row) for row in MATRIX.values()] == [set(PRINCIPALS)] * len(MATRIX)


@pytest.mark.parametrize(("operation", "principal", "expected"), CELLS)
def test_a_principal_gets_what_the_matrix_says(operation: str, principal: str, expected: str, world: World) -> None:
    target = world.target(operation)
    response = world.request(operation, principal).send(world.service)
    assert outcome(response) == expected
    if response.status_code < 400:
        del world.targets[operation]
    else:
        # A refused request changes nothing.
        assert world.shown(operation, target) == target
    if response.status_code == 401:
        assert world.service.audit_line(response)["reason"] == PRINCIPALS[principal]


@pytest.mark.parametrize("principal", [principal for principal, reason in PRINCIPALS.items() if not reason])
def test_a_list_of_approvals_has_those_that_the_caller_may_see(principal: str, world: World) -> None:
    [listed, shown] = [
        world.request(operation, principal).send(world.service)
        for operation in ("GET /approvals", "GET /approvals/{id}")
    ]
    visible = MATRIX["GET /approvals/{id}"][principal] == "200"
    assert (shown.status_code == 200) == visible
    ids = [approval["id"] for approval in listed.json()["approvals"]]
    assert ids == ([world.target("GET /approvals")["id"]] if visible else [])


def test_the_responses_to_refused_credentials_are_the_same(world: World) -> None:
    refused = [principal for principal, reason in PRINCIPALS.items() if reason]
    answers = {anonymous(world.request("GET /me", principal).send(world.service)) for principal in refused}
    assert len(answers) == 1


def anonymous(response: requests.Response, name: str = "") -> str:
    """Everything of a response but its date, its request ID and the name that the request was about."""
    request_id = response.headers["x-amzn-requestid"]
    headers = sorted((key.lower(), value) for key, value in response.headers.items() if key.lower() != "date")
    parts = str((response.status_code, response.reason, headers, response.content))
    return parts.replace(request_id, "REQUEST").replace(name or request_id, "NAME")
