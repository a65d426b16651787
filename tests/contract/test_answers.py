"""Every answer that is described is given, and given as described.

A table of calls brings about each status and each problem of each operation. What no call
can bring about is named too, so that nothing is described that nobody has seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

import calls
import spec
from calls import Call
from service import Service

NOBODYS = "0000000000000000"
# Makes a request larger than the gateway takes, which counts path and query.
HUGE = {"owner": "x" * 11_000}

Answer = tuple[str, int, str | None]
QUESTION = {"token_id": NOBODYS, "method": "GET", "path": "/apps"}
# What an operation needs to be sent before it looks at anything else.
BODIES = {
    "POST /tokens": {"body": {"name": "x", "permissions": ["apps:read"]}},
    "POST /explain": {"body": QUESTION},
    "PUT /catalog": {"body": {}, "headers": {"If-Match": '"999"'}},
}

# The gateway's, when it is overrun or gets no answer, and the store's, when it fails.
# test_routes holds these against what gateway and service would say.
OUT_OF_REACH_STATUSES = {429, 500, 502, 503, 504}
# A token that ends between the decision and the answer.
OUT_OF_REACH = {
    (operation, 403, "forbidden")
    for operation in [
        *["GET /tokens/{id}", "DELETE /tokens/{id}", "POST /tokens/{id}/revoke", "GET /me"],
        *["POST /explain", "GET /catalog", "PUT /catalog"],
    ]
}


@dataclass(frozen=True)
class People:
    """Whose tokens the calls are made with, and on."""

    admin: str
    # Manages its owner's tokens, and has nothing else to give.
    manager: str
    # Has no permission for this API.
    stranger: str
    # The id of a live token of the admin's.
    someone: str
    # May write the catalog, and has nothing else to give.
    editor: str
    # The catalog that is in force, and its tag.
    catalog: dict
    tag: str

    def put(self, catalog: dict) -> Call:
        return Call("PUT /catalog", self.admin, body=catalog, headers={"If-Match": self.tag})


@pytest.fixture
def people(service: Service) -> People:
    def token(**wanted) -> str:
        return calls.create(service, service.admin_token, **wanted)["token"]

    shown = Call("GET /catalog", service.admin_token).send(service)
    return People(
        admin=service.admin_token,
        manager=token(owner="manager", permissions=["tokens:read", "tokens:write"]),
        stranger=token(permissions=["apps:read"]),
        someone=calls.create(service, service.admin_token)["id"],
        editor=token(permissions=["catalog:write"]),
        catalog=shown.json(),
        tag=shown.headers["etag"],
    )


def of_operation(operation: str) -> dict[Answer, Callable[[People], Call]]:
    """What is the same for every operation."""
    needs_id = "{id}" in operation
    body = BODIES.get(operation, {})
    target = {"id": NOBODYS} if needs_id else {}
    table = {
        (operation, 401, "invalid_token"): lambda _: Call(operation, None, **target, **body),
        (operation, 400, "invalid_request"): lambda people: Call(
            operation, people.admin, **target, query={"unknown": 1}, **body
        ),
        (operation, 413, "body_too_large"): lambda people: Call(operation, people.admin, **target, query=HUGE, **body),
    }
    if operation != "GET /me":
        table[operation, 403, "insufficient_scope"] = lambda people: Call(operation, people.stranger, **target, **body)
    if needs_id:
        table[operation, 404, "not_found"] = lambda people: Call(operation, people.admin, **target)
    return table


CALLS: dict[Answer, Callable[[People], Call]] = {
    answer: call for operation in spec.operations() for answer, call in of_operation(operation).items()
} | {
    ("POST /tokens", 201, None): lambda people: Call(
        "POST /tokens", people.manager, body={"name": "x", "permissions": ["tokens:read"], "expires_in": "1h"}
    ),
    ("POST /tokens", 403, "forbidden"): lambda people: Call(
        "POST /tokens", people.manager, body={"name": "x", "permissions": ["tokens:read"], "owner": "admin"}
    ),
    ("POST /tokens", 403, "exceeds_grants"): lambda people: Call(
        "POST /tokens", people.manager, body={"name": "x", "permissions": ["apps:read"]}
    ),
    ("GET /tokens", 200, None): lambda people: Call("GET /tokens", people.admin),
    ("GET /tokens", 403, "forbidden"): lambda people: Call("GET /tokens", people.manager, query={"owner": "admin"}),
    ("GET /tokens/{id}", 200, None): lambda people: Call("GET /tokens/{id}", people.admin, people.someone),
    ("DELETE /tokens/{id}", 204, None): lambda people: Call("DELETE /tokens/{id}", people.admin, people.someone),
    ("POST /tokens/{id}/revoke", 200, None): lambda people: Call(
        "POST /tokens/{id}/revoke", people.admin, people.someone
    ),
    ("GET /me", 200, None): lambda people: Call("GET /me", people.stranger),
    ("POST /explain", 200, None): lambda people: Call(
        "POST /explain", people.admin, body=QUESTION | {"token_id": people.someone}
    ),
    ("POST /explain", 404, "not_found"): lambda people: Call("POST /explain", people.admin, body=QUESTION),
    ("GET /catalog", 200, None): lambda people: Call("GET /catalog", people.admin),
    # The very catalog that is in force, which changes nothing but its version.
    ("PUT /catalog", 200, None): lambda people: people.put(people.catalog),
    ("PUT /catalog", 403, "exceeds_grants"): lambda people: replace(
        people.put(people.catalog | {"sessions": {"groups": {"new": "admin"}}}), token=people.editor
    ),
    ("PUT /catalog", 412, "precondition_failed"): lambda people: replace(
        people.put(people.catalog), headers={"If-Match": '"999"'}
    ),
    ("PUT /catalog", 428, "precondition_required"): lambda people: replace(people.put(people.catalog), headers={}),
}
ONLY_OF_A_FULL_SERVICE: Answer = ("POST /tokens", 409, "token_limit_reached")


def described() -> set[Answer]:
    return {
        (name, status, problem)
        for name, operation in spec.operations().items()
        for status, response in spec.responses(operation).items()
        for problem in spec.problem_types(response) or {None}
    }


def test_every_answer_that_is_described_can_be_had_or_is_known_not_to_be() -> None:
    within_reach = {answer for answer in described() if answer[1] not in OUT_OF_REACH_STATUSES}
    assert within_reach == set(CALLS) | {ONLY_OF_A_FULL_SERVICE} | OUT_OF_REACH


@pytest.mark.parametrize("answer", CALLS, ids=lambda answer: " ".join(str(part) for part in answer if part))
def test_an_answer_is_given_as_described(answer: Answer, service: Service, people: People) -> None:
    response = CALLS[answer](people).send(service)
    assert (response.status_code, calls.problem_type(response)) == answer[1:]


def test_an_owner_who_has_all_the_tokens_that_are_allowed_gets_no_more(full_service: Service) -> None:
    calls.create(full_service, full_service.admin_token, permissions=["apps:read"])
    wanted = {"name": "one too many", "permissions": ["apps:read"]}
    response = Call("POST /tokens", full_service.admin_token, body=wanted).send(full_service)
    assert ("POST /tokens", response.status_code, calls.problem_type(response)) == ONLY_OF_A_FULL_SERVICE


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', "{}".encode("utf-16")])
def test_what_is_no_json_object_is_refused_as_described(body: bytes, service: Service) -> None:
    response = Call("POST /tokens", service.admin_token, body=body).send(service)
    assert (response.status_code, calls.problem_type(response)) == (400, "invalid_request")


def test_a_body_of_more_than_16_kib_is_refused_as_described(service: Service) -> None:
    frame = '{"name":"x","permissions":["apps:read"],"description":"%s"}'
    sizes = {16_384: 400, 16_385: 413}
    for size, status in sizes.items():
        body = frame % ("x" * (size - len(frame % "")))
        response = Call("POST /tokens", service.admin_token, body=body.encode()).send(service)
        assert response.status_code == status


def test_a_catalog_of_more_than_256_kib_is_refused_as_described(catalog_service: Service) -> None:
    for size, status in {262_144: 200, 262_145: 413}.items():
        assert calls.put_catalog(catalog_service, b"{}".ljust(size)).status_code == status


# What no schema says of one part: it has to hold together.
APART = {
    "permissions": {"build:create": ""},
    "roles": {"cicd": {"permissions": ["build:create", "build:start", "*:read"]}},
    "routes": [
        {"match": "GET /apps/{app}", "permission": "build:start"},
        {"match": "GET /apps/new", "permission": "build:create"},
        {"match": "GET /{a}/{a}/x", "permission": "build:create"},
        {"match": "GET /jobs/{job}", "permission": "build:create", "resource": "{app}"},
    ],
    "sessions": {"groups": {"developers": "ops"}},
}
PLACES = [
    *["roles.cicd.permissions[1]", "routes[0].permission", "routes[1].match", "routes[2].match"],
    *["routes[3].resource", "sessions.groups.developers"],
]


def test_a_catalog_that_does_not_hold_together_is_refused_with_every_place(catalog_service: Service) -> None:
    assert spec.complaints({"$ref": "#/components/schemas/Catalog"}, APART) == []
    response = calls.put_catalog(catalog_service, APART)
    assert (response.status_code, sorted(error["field"] for error in response.json()["errors"])) == (400, PLACES)


def test_what_is_not_named_one_by_one_is_counted(catalog_service: Service) -> None:
    response = calls.put_catalog(catalog_service, {f"unknown{n}": 1 for n in range(150)})
    errors = response.json()["errors"]
    assert (response.status_code, len(errors), errors[-1]["field"]) == (400, 101, "*")


@pytest.mark.parametrize("tag", ["*", "0", "", "W/", '"00"', '"x"', '"0", "1"', '"99999999999999999999"'])
def test_what_is_no_tag_of_a_catalog_is_refused_as_described(tag: str, service: Service) -> None:
    response = Call("PUT /catalog", service.admin_token, body={}, headers={"If-Match": tag}).send(service)
    assert [error["field"] for error in response.json()["errors"]] == ["If-Match"]


def test_a_catalog_that_was_changed_meanwhile_stays_and_its_tag_is_told(catalog_service: Service) -> None:
    put = calls.put_catalog(catalog_service, {"permissions": {"build:create": "Start a build"}})
    assert put.headers["etag"] == f'"{put.json()["version"]}"'
    stale = Call("PUT /catalog", catalog_service.admin_token, body={}, headers={"If-Match": '"0"'})
    assert stale.send(catalog_service).headers["etag"] == put.headers["etag"]
    shown = Call("GET /catalog", catalog_service.admin_token).send(catalog_service)
    assert (shown.json()["permissions"]["build:create"], shown.headers["etag"]) == (
        "Start a build",
        put.headers["etag"],
    )


def test_what_was_put_is_shown_in_the_form_that_is_described(catalog_service: Service) -> None:
    for catalog in [
        {},
        {"strict": True},
        {"roles": {"a": {"permissions": ["*:*", "a:read", "*"]}}, "sessions": {"groups": {"Ünited ops": "a"}}},
        {"routes": [{"match": "ANY /{all+}", "permission": "tokens:admin", "resource": "x/{all}"}], "sessions": {}},
    ]:
        assert calls.put_catalog(catalog_service, catalog).status_code == 200
        shown = Call("GET /catalog", catalog_service.admin_token).send(catalog_service).json()
        assert shown["strict"] == catalog.get("strict", False)
        # What was read can be put back.
        assert calls.put_catalog(catalog_service, shown).status_code == 200


def test_permissions_that_a_role_names_twice_are_a_tokens_once(catalog_service: Service) -> None:
    role = {"permissions": ["apps:read", "*:*", "apps:read", "*"]}
    calls.put_catalog(catalog_service, {"roles": {"x": role}})
    made = calls.create(catalog_service, catalog_service.admin_token, permissions=..., role="x")
    assert made["grants"] == [{"permissions": ["apps:read", "*"], "resources": ["*"]}]


@dataclass(frozen=True)
class Asked:
    """A question, and what it is answered."""

    request: tuple[str, str]
    reason: str | None
    source: str | None
    needs: str | None
    api: str = "protected"


@pytest.mark.parametrize(
    "asked",
    [
        Asked(("GET", "/apps/billing"), None, "convention", "apps:read"),
        Asked(("POST", "/apps/billing"), "permission_missing", "convention", "apps:write"),
        Asked(("GET", "/apps/payroll"), "resource_not_granted", "convention", "apps:read"),
        Asked(("GET", "/apps/../x"), "malformed_path", None, None),
        Asked(("GET", "/"), "permission_missing", "convention", "*:read"),
        Asked(("GET", "/" + "a" * 95), "permission_missing", "convention", "a" * 95 + ":read"),
        # No permission could be as long, nor look like a token.
        Asked(("GET", "/" + "a" * 96), "permission_missing", "convention", "*:read"),
        Asked(("GET", "/pcl_" + "a" * 65), "permission_missing", "convention", "*:read"),
        Asked(("$connect", "/"), "permission_missing", "convention", "websocket:connect"),
        Asked(("GET", "/me"), None, "portcullis", None, "tokens"),
        Asked(("GET", "/tokens"), "permission_missing", "portcullis", "tokens:read", "tokens"),
        Asked(("PUT", "/catalog"), "permission_missing", "portcullis", "catalog:write", "tokens"),
    ],
    ids=lambda asked: " ".join(asked.request)[:40],
)
def test_a_decision_is_explained_as_described(asked: Asked, service: Service) -> None:
    admin = service.admin_token
    token = calls.create(service, admin, resources=["apps/billing"])["id"]
    question = {"token_id": token, "method": asked.request[0], "path": asked.request[1], "api": asked.api}
    answer = Call("POST /explain", admin, body=question).send(service).json()
    assert (answer["decision"], answer["reason"]) == ("deny" if asked.reason else "allow", asked.reason)
    assert (answer["rule"] and answer["rule"]["source"], answer["permission"]) == (asked.source, asked.needs)


def test_a_decision_on_a_token_that_ended_or_by_a_catalog_is_explained_as_described(catalog_service: Service) -> None:
    admin = catalog_service.admin_token
    route = {"match": "GET /apps/{app}", "permission": "app:see", "resource": "app/{app}"}
    calls.put_catalog(catalog_service, {"strict": True, "permissions": {"app:see": "See an app"}, "routes": [route]})
    token = calls.create(catalog_service, admin, permissions=["app:see"])["id"]

    def explain(path: str, by: str = admin) -> dict:
        question = {"token_id": token, "method": "GET", "path": path}
        return Call("POST /explain", by, body=question).send(catalog_service).json()

    assert explain("/apps/billing")["rule"] == {"source": "catalog", "route": route["match"]}
    assert (explain("/apps")["reason"], explain("/apps")["rule"]["source"]) == ("route_not_listed", "catalog")
    reader = calls.create(catalog_service, admin, permissions=["tokens:read"])["token"]
    assert ("roles" in explain("/apps/x"), "roles" in explain("/apps/x", reader)) == (True, False)
    Call("POST /tokens/{id}/revoke", admin, token).send(catalog_service)
    assert (explain("/apps/billing")["status"], explain("/apps/billing")["reason"]) == (401, "revoked")


def test_every_state_of_a_token_is_shown_as_described(service: Service) -> None:
    admin = service.admin_token
    used = calls.create(service, admin, description="two\nlines", expires_in="1h", resources=["apps/a b", "..."])
    assert Call("GET /me", used["token"]).send(service).status_code == 200
    calls.create(service, admin, permissions=["*:*"], expires_at="2099-12-31t23:59:59z")
    revoked = Call("POST /tokens/{id}/revoke", admin, used["id"]).send(service).json()
    again = Call("POST /tokens/{id}/revoke", admin, used["id"]).send(service).json()
    assert (revoked["status"], revoked["revoked_at"]) == ("revoked", again["revoked_at"])
    assert Call("GET /tokens/{id}", admin, used["id"]).send(service).json()["last_used_at"] is not None
    for status in spec.DOCUMENT["components"]["schemas"]["Status"]["enum"]:
        listed = Call("GET /tokens", admin, query={"status": status, "limit": 100}).send(service).json()
        assert {token["status"] for token in listed["tokens"]} <= {status}


def test_a_list_goes_on_where_its_page_ended(service: Service) -> None:
    admin = service.admin_token
    made = [calls.create(service, admin, owner="pages")["id"] for _ in range(3)]
    found, cursor = [], {}
    while cursor is not None:
        page = Call("GET /tokens", admin, query={"owner": "pages", "limit": 2} | cursor).send(service).json()
        found += [token["id"] for token in page["tokens"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert found == made[::-1]


def test_a_place_in_a_list_that_was_made_up_is_refused(service: Service) -> None:
    cursor = spec.DOCUMENT["components"]["schemas"]["Cursor"]["examples"][0]
    response = Call("GET /tokens", service.admin_token, query={"cursor": cursor}).send(service)
    assert (response.status_code, calls.problem_type(response)) == (400, "invalid_request")
