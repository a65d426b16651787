"""Every described response occurs, and is as described.

A table of calls produces each status and each problem of each operation. Responses that no call
can produce are listed too, so that every description is accounted for.
"""

import gzip
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

import pytest
import requests

import calls
import spec
from calls import Call
from service import Service

UNKNOWN_ID = "0000000000000000"
UNKNOWN_APPROVAL = "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5"
# Makes a request too large for the gateway, which counts path and query.
HUGE = {"owner": "x" * 11_000}

Outcome = tuple[str, int, str | None]
QUESTION = {"token_id": UNKNOWN_ID, "method": "GET", "path": "/apps"}
# What an operation requires before it checks anything else.
BODIES = {
    "POST /tokens": {"body": {"name": "x", "permissions": ["apps:read"], "resources": ["*"]}},
    "POST /explain": {"body": QUESTION},
    "POST /approvals": {"body": calls.APPROVAL},
    "POST /catalog/impact": {"body": {}},
    "PUT /catalog": {"body": {}, "headers": {"If-Match": '"999"'}},
    "PATCH /tokens/{id}": {"body": {}, "headers": {"If-Match": '"1"'}},
    "POST /tokens/{id}/tighten": {"headers": {"If-Match": '"1"'}},
    "POST /introspect": {"form": {"token": "x"}},
    "POST /revoke": {"form": {"token": "x"}},
    "POST /exchange": {"form": calls.EXCHANGE | {"subject_token": "x"}},
    "POST /owners/{owner}/revoke-tokens": {"owner": "nobody"},
}

# Responses of an overloaded gateway or a timeout, and of a failing store.
# test_routes.py checks these against the gateway's and the service's texts.
OUT_OF_REACH_STATUSES = {429, 500, 502, 503, 504}
# A token that expires between the decision and the response.
OUT_OF_REACH: set[Outcome] = {
    (operation, 403, "forbidden") for operation, described in spec.operations().items() if not spec.is_open(described)
} - {
    (operation, 403, "forbidden")
    for operation in [
        *["POST /tokens", "GET /tokens", "GET /activity", "POST /tokens/{id}/enable"],
        *["POST /approvals", "DELETE /approvals/{id}", "POST /approvals/{id}/approve", "POST /approvals/{id}/reject"],
    ]
}
# A concurrent change between a rotation's read and write.
OUT_OF_REACH |= {("POST /tokens/{id}/rotate", 409, "conflict")}
# A response of the gateway; the local one cannot be sent such a request.
OUT_OF_REACH |= {
    (operation, 400, "invalid_request")
    for operation in ["POST /revoke", "POST /exchange", "GET /.well-known/oauth-protected-resource"]
}


@dataclass(frozen=True)
class People:
    """The tokens that calls are made with, and the tokens that they change."""

    admin: str
    # May manage its owner's tokens, and has no other permission.
    manager: str
    # Has no permission on this API.
    stranger: str
    # The ID of an active token of the admin's.
    someone: str
    # May write the catalog, and has no other permission.
    editor: str
    # The current catalog, and its ETag.
    catalog: dict
    tag: str
    # The ID of an active token of the manager's owner, with more permissions than the manager.
    managed: str
    # Has the permission for which tokens need approval, and no other one.
    deployer: str
    # A session that may do everything.
    approver: str
    service: Service

    def publish(self) -> int:
        """Publishes the current catalog; returns its version."""
        return self.put(self.catalog).send(self.service).json()["version"]

    def put(self, catalog: dict) -> Call:
        return Call("PUT /catalog", self.admin, body=catalog, headers={"If-Match": self.tag})

    def to_someone(self, operation: str, tag: str | None = '"1"', **sent) -> Call:
        """An admin's call on the unchanged active token."""
        headers = {"If-Match": tag} if tag else {}
        return Call(operation, self.admin, self.someone, headers=headers | sent.pop("headers", {}), **sent)

    def after(self, first: str, then: Call, **sent) -> Call:
        """A call after another call of the admin on the token."""
        assert Call(first, self.admin, then.id, **sent).send(self.service).status_code == 200
        return then

    def repeated_create(self) -> Call:
        """A create that its key has already made."""
        body = {"name": "x", "permissions": ["apps:read"], "resources": ["*"]}
        create = Call("POST /tokens", self.admin, body=body, headers={"Idempotency-Key": "once"})
        assert create.send(self.service).status_code == 201
        return create

    def to_approval(self, word: str = "", by: str = "", **sent) -> Call:
        """The approver's or another principal's call on a new request of the deployer."""
        operation = f"POST /approvals/{{id}}/{word}" if word else "DELETE /approvals/{id}"
        return Call(operation, by or self.approver, calls.request_approval(self.service, self.deployer)["id"], **sent)

    def again(self, call: Call, **other) -> Call:
        """The call after it has succeeded, with what is different."""
        assert call.send(self.service).status_code == 200
        return replace(call, **other)

    def with_ten(self, word: str | None) -> Call:
        """A call after 10 requests of the deployer; with a word, each of them was decided so, and it decides one more."""
        ids = [
            calls.request_approval(self.service, self.deployer, resource=f"releases/{number}")["id"]
            for number in range(10)
        ]
        if word is None:
            return Call("POST /approvals", self.deployer, body=calls.APPROVAL)
        for id in ids:
            assert Call(f"POST /approvals/{{id}}/{word}", self.approver, id).send(self.service).status_code == 200
        return self.to_approval(word)

    def elsewhere(self) -> str:
        """A token whose IP allowlist excludes the test."""
        return calls.create(self.service, self.admin, allowed_ips=["192.0.2.0/24"])["token"]

    def after_a_use(self) -> Call:
        """A call to tighten a token that was used."""
        made = calls.create(self.service, self.admin, permissions=["apps:*", "builds:read"])
        use(self.service, made)
        return Call("POST /tokens/{id}/tighten", self.admin, made["id"], headers={"If-Match": '"1"'})


def use(service: Service, made: dict, path: str = "apps/x") -> None:
    """Uses a token, and waits until its last use is written."""
    headers = {"Authorization": f"Bearer {made['token']}", "User-Agent": "contract-tests/1.0"}
    assert requests.get(f"{service.url}/demo/{path}", headers=headers, timeout=120).status_code == 200
    calls.wait_until(
        lambda: Call("GET /tokens/{id}", service.admin_token, made["id"]).send(service).json()["last_used_at"]
    )


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
        managed=calls.create(service, service.admin_token, owner="manager")["id"],
        deployer=token(owner="deployer", permissions=["releases:write"]),
        approver=calls.sign_in(service, "approver", "portcullis-admin"),
        service=service,
    )


def of_operation(operation: str) -> dict[Outcome, Callable[[People], Call]]:
    """Cases that are the same for every operation."""
    needs_id = "{id}" in operation
    body = BODIES.get(operation, {})
    target = {"id": UNKNOWN_APPROVAL if "/approvals" in operation else UNKNOWN_ID} if needs_id else {}
    table = {
        (operation, 413, "body_too_large"): lambda people: Call(operation, people.admin, **target, query=HUGE, **body),
        (operation, 415, "unsupported_content_encoding"): lambda people: Call(
            operation, people.admin, **target | {"body": b"x", "headers": {"Content-Encoding": "br"}}
        ),
    }
    if spec.is_open(spec.operations()[operation]):
        return table
    table |= {
        (operation, 401, "invalid_token"): lambda _: Call(operation, None, **target, **body),
        (operation, 400, "invalid_request"): lambda people: Call(
            operation, people.admin, **target, query={"unknown": 1}, **body
        ),
    }
    # Other callers than those of another address have what these need: no permission.
    anyones = operation == "GET /me" or "/approvals" in operation
    table[operation, 403, "insufficient_scope"] = lambda people: Call(
        operation, people.elsewhere() if anyones else people.stranger, **target, **body
    )
    if needs_id:
        table[operation, 404, "not_found"] = lambda people: Call(operation, people.admin, **target, **body)
    return table


OF_A_VERSION = [
    "PATCH /tokens/{id}",
    *[f"POST /tokens/{{id}}/{word}" for word in ("rotate", "disable", "enable", "tighten")],
]
CALLS: dict[Outcome, Callable[[People], Call]] = {
    outcome: call for operation in spec.operations() for outcome, call in of_operation(operation).items()
} | {
    ("POST /tokens", 201, None): lambda people: Call(
        "POST /tokens",
        people.manager,
        body={"name": "x", "permissions": ["tokens:read"], "resources": ["*"], "expires_in": "1h"},
    ),
    ("POST /tokens", 403, "forbidden"): lambda people: Call(
        "POST /tokens",
        people.manager,
        body={"name": "x", "permissions": ["tokens:read"], "resources": ["*"], "owner": "admin"},
    ),
    ("POST /tokens", 403, "exceeds_grants"): lambda people: Call(
        "POST /tokens", people.manager, body={"name": "x", "permissions": ["apps:read"], "resources": ["*"]}
    ),
    ("GET /tokens", 200, None): lambda people: Call("GET /tokens", people.admin),
    ("GET /tokens", 403, "forbidden"): lambda people: Call("GET /tokens", people.manager, query={"owner": "admin"}),
    ("GET /tokens/{id}", 200, None): lambda people: Call("GET /tokens/{id}", people.admin, people.someone),
    ("DELETE /tokens/{id}", 204, None): lambda people: Call("DELETE /tokens/{id}", people.admin, people.someone),
    ("POST /tokens/{id}/revoke", 200, None): lambda people: Call(
        "POST /tokens/{id}/revoke", people.admin, people.someone
    ),
    **{
        (f"POST /tokens/{{id}}/{word}", 200, None): lambda people, word=word: people.to_someone(
            f"POST /tokens/{{id}}/{word}"
        )
        for word in ("rotate", "disable", "enable")
    },
    ("PATCH /tokens/{id}", 200, None): lambda people: people.to_someone("PATCH /tokens/{id}", body={"name": "y"}),
    ("POST /tokens/{id}/tighten", 200, None): lambda people: people.after_a_use(),
    **{
        (operation, 412, "precondition_failed"): lambda people, operation=operation: people.to_someone(
            operation, '"999"', **{"body": {}} if operation.startswith("PATCH") else {}
        )
        for operation in OF_A_VERSION
    },
    **{
        (operation, 428, "precondition_required"): lambda people, operation=operation: people.to_someone(
            operation, None
        )
        for operation in ("PATCH /tokens/{id}", "POST /tokens/{id}/tighten")
    },
    **{
        (operation, 409, "token_ended"): lambda people, operation=operation: people.after(
            "POST /tokens/{id}/revoke",
            people.to_someone(operation, '"2"', **{"body": {}} if "PATCH" in operation else {}),
        )
        for operation in OF_A_VERSION
    },
    ("PATCH /tokens/{id}", 403, "exceeds_grants"): lambda people: Call(
        "PATCH /tokens/{id}", people.manager, people.managed, body={"expires_at": None}, headers={"If-Match": '"1"'}
    ),
    ("POST /tokens/{id}/rotate", 403, "exceeds_grants"): lambda people: Call(
        "POST /tokens/{id}/rotate", people.manager, people.managed
    ),
    ("POST /tokens", 409, "already_created"): lambda people: people.repeated_create(),
    ("POST /tokens/{id}/rotate", 409, "already_rotated"): lambda people: people.after(
        "POST /tokens/{id}/rotate",
        people.to_someone("POST /tokens/{id}/rotate", None, headers={"Idempotency-Key": "once"}),
        headers={"Idempotency-Key": "once"},
    ),
    ("POST /tokens/{id}/enable", 403, "forbidden"): lambda people: people.after(
        "POST /tokens/{id}/disable", Call("POST /tokens/{id}/enable", people.manager, people.managed)
    ),
    ("POST /tokens/{id}/tighten", 409, "nothing_used"): lambda people: people.to_someone("POST /tokens/{id}/tighten"),
    ("GET /activity", 200, None): lambda people: Call("GET /activity", people.admin),
    ("GET /activity", 403, "forbidden"): lambda people: Call("GET /activity", people.manager, query={"owner": "admin"}),
    ("GET /tokens/{id}/events", 200, None): lambda people: Call(
        "GET /tokens/{id}/events", people.admin, people.someone
    ),
    ("GET /tokens/{id}/usage", 200, None): lambda people: Call("GET /tokens/{id}/usage", people.admin, people.someone),
    ("POST /owners/{owner}/revoke-tokens", 200, None): lambda people: Call(
        "POST /owners/{owner}/revoke-tokens", people.admin, owner="manager"
    ),
    ("POST /introspect", 200, None): lambda people: Call(
        "POST /introspect", people.admin, form={"token": people.stranger}
    ),
    ("POST /introspect", 400, None): lambda people: Call("POST /introspect", people.admin, form={"path": "/"}),
    ("POST /revoke", 200, None): lambda people: Call("POST /revoke", None, form={"token": people.stranger}),
    ("POST /revoke", 400, None): lambda _: Call("POST /revoke", None),
    ("POST /exchange", 400, None): lambda _: Call(
        "POST /exchange", None, form=calls.EXCHANGE | {"subject_token": "a.b.c"}
    ),
    ("GET /.well-known/oauth-protected-resource", 200, None): lambda _: Call(
        "GET /.well-known/oauth-protected-resource", None
    ),
    ("GET /me", 200, None): lambda people: Call("GET /me", people.stranger),
    ("POST /explain", 200, None): lambda people: Call(
        "POST /explain", people.admin, body=QUESTION | {"token_id": people.someone}
    ),
    ("POST /explain", 404, "not_found"): lambda people: Call("POST /explain", people.admin, body=QUESTION),
    ("POST /approvals", 201, None): lambda people: Call("POST /approvals", people.deployer, body=calls.APPROVAL),
    ("POST /approvals", 200, None): lambda people: replace(
        people.to_approval(by=people.deployer), operation="POST /approvals", body=calls.APPROVAL
    ),
    ("POST /approvals", 403, "forbidden"): lambda people: Call("POST /approvals", people.approver, body=calls.APPROVAL),
    ("POST /approvals", 403, "exceeds_grants"): lambda people: Call(
        "POST /approvals", people.stranger, body=calls.APPROVAL
    ),
    ("POST /approvals", 409, "approval_limit_reached"): lambda people: people.with_ten(None),
    ("GET /approvals", 200, None): lambda people: Call("GET /approvals", people.admin),
    ("GET /approvals/{id}", 200, None): lambda people: replace(people.to_approval(), operation="GET /approvals/{id}"),
    ("DELETE /approvals/{id}", 200, None): lambda people: people.to_approval(),
    ("DELETE /approvals/{id}", 403, "forbidden"): lambda people: people.to_approval(
        by=calls.sign_in(people.service, "viewer", "portcullis-viewer")
    ),
    ("DELETE /approvals/{id}", 409, "approval_decided"): lambda people: people.again(
        people.to_approval("reject"), operation="DELETE /approvals/{id}"
    ),
    **{
        (f"POST /approvals/{{id}}/{word}", 200, None): lambda people, word=word: people.to_approval(word)
        for word in ("approve", "reject")
    },
    **{
        (f"POST /approvals/{{id}}/{word}", 403, "forbidden"): lambda people, word=word: people.to_approval(
            word, by=people.deployer
        )
        for word in ("approve", "reject")
    },
    **{
        (f"POST /approvals/{{id}}/{word}", 409, "approval_decided"): lambda people, word=word: people.again(
            people.to_approval(word), token=calls.sign_in(people.service, "another", "portcullis-admin")
        )
        for word in ("approve", "reject")
    },
    ("POST /approvals/{id}/approve", 409, "approval_limit_reached"): lambda people: people.with_ten("approve"),
    ("GET /catalog", 200, None): lambda people: Call("GET /catalog", people.admin),
    ("POST /catalog/impact", 200, None): lambda people: Call("POST /catalog/impact", people.admin, body={}),
    ("GET /catalog/versions", 200, None): lambda people: Call("GET /catalog/versions", people.admin),
    ("GET /catalog/versions/{version}", 200, None): lambda people: Call(
        "GET /catalog/versions/{version}", people.admin, version=people.publish()
    ),
    ("GET /catalog/versions/{version}", 404, "not_found"): lambda people: Call(
        "GET /catalog/versions/{version}", people.admin, version=999
    ),
    # The current catalog: only its version changes.
    ("PUT /catalog", 200, None): lambda people: people.put(people.catalog),
    ("PUT /catalog", 403, "exceeds_grants"): lambda people: replace(
        people.put(people.catalog | {"sessions": {"groups": {"new": "admin"}}}), token=people.editor
    ),
    ("PUT /catalog", 412, "precondition_failed"): lambda people: replace(
        people.put(people.catalog), headers={"If-Match": '"999"'}
    ),
    ("PUT /catalog", 428, "precondition_required"): lambda people: replace(people.put(people.catalog), headers={}),
}
ONLY_OF_A_FULL_SERVICE: Outcome = ("POST /tokens", 409, "token_limit_reached")
REVIVED_IN_A_FULL_SERVICE: Outcome = ("POST /tokens/{id}/rotate", 409, "token_limit_reached")
# For the exchange, see test_exchange.py.
ONLY_OF_IDENTITIES: set[Outcome] = {
    ("POST /exchange", 200, None),
    ("PATCH /tokens/{id}", 409, "token_exchanged"),
    ("POST /tokens/{id}/rotate", 409, "token_exchanged"),
}
ONLY_OF_A_CACHING_SERVICE: Outcome = ("POST /tokens/{id}/tighten", 409, "usage_incomplete")


def described() -> set[Outcome]:
    return {
        (name, status, problem)
        for name, operation in spec.operations().items()
        for status, response in spec.responses(operation).items()
        for problem in spec.problem_types(response)
        | ({None} if set(response.get("content", {})) != {spec.PROBLEM} else set())
    }


def test_every_described_response_occurs_or_is_listed_as_impossible() -> None:
    within_reach = {outcome for outcome in described() if outcome[1] not in OUT_OF_REACH_STATUSES}
    elsewhere = {ONLY_OF_A_FULL_SERVICE, REVIVED_IN_A_FULL_SERVICE, ONLY_OF_A_CACHING_SERVICE}
    assert within_reach == set(CALLS) | elsewhere | ONLY_OF_IDENTITIES | OUT_OF_REACH


@pytest.mark.parametrize("outcome", CALLS, ids=lambda outcome: " ".join(str(part) for part in outcome if part))
def test_a_response_is_as_described(outcome: Outcome, service: Service, people: People) -> None:
    response = CALLS[outcome](people).send(service)
    assert (response.status_code, calls.problem_type(response)) == outcome[1:]


def test_an_owner_at_the_limit_gets_no_more_tokens(full_service: Service) -> None:
    calls.create(full_service, full_service.admin_token, permissions=["apps:read"])
    wanted = {"name": "one too many", "permissions": ["apps:read"], "resources": ["*"]}
    response = Call("POST /tokens", full_service.admin_token, body=wanted).send(full_service)
    assert ("POST /tokens", response.status_code, calls.problem_type(response)) == ONLY_OF_A_FULL_SERVICE


def test_an_expired_token_is_renewed_only_within_the_limit(full_service: Service) -> None:
    admin = full_service.admin_token
    ended = calls.create(full_service, admin, owner="revived", expires_in="1s")["id"]
    time.sleep(1.1)
    calls.create(full_service, admin, owner="revived")
    rotate = Call("POST /tokens/{id}/rotate", admin, ended, body={"expires_in": "1d"})
    response = rotate.send(full_service)
    outcome = (rotate.operation, response.status_code, calls.problem_type(response))
    assert outcome == REVIVED_IN_A_FULL_SERVICE


def test_with_authorizer_caching_no_token_is_tightened(caching_service: Service) -> None:
    admin = caching_service.admin_token
    made = calls.create(caching_service, admin)["id"]
    tighten = Call("POST /tokens/{id}/tighten", admin, made, headers={"If-Match": '"1"'})
    response = tighten.send(caching_service)
    outcome = (tighten.operation, response.status_code, calls.problem_type(response))
    assert outcome == ONLY_OF_A_CACHING_SERVICE
    usage = Call("GET /tokens/{id}/usage", admin, made).send(caching_service)
    assert not usage.json()["complete"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', "{}".encode("utf-16")])
def test_a_body_that_is_not_a_json_object_is_refused_as_described(body: bytes, service: Service) -> None:
    response = Call("POST /tokens", service.admin_token, body=body).send(service)
    assert (response.status_code, calls.problem_type(response)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("coding", "encode"), [("identity", bytes), ("gzip", gzip.compress), ("X-GZIP", None), ("deflate", zlib.compress)]
)
def test_a_body_is_decoded_or_refused(coding: str, encode: Callable | None, service: Service) -> None:
    body = json.dumps({"name": "coded", "permissions": ["apps:read"], "resources": ["*"]}).encode()
    headers = {"Content-Encoding": coding}
    call = Call("POST /tokens", service.admin_token, body=encode(body) if encode else body, headers=headers)
    assert call.send(service).status_code == (201 if encode else 415)
    form = f"token={service.admin_token}".encode()
    introspect = Call("POST /introspect", service.admin_token, body=encode(form) if encode else form, headers=headers)
    assert introspect.send(service).status_code == (200 if encode else 415)


def test_a_body_of_more_than_16_kib_is_refused_as_described(service: Service) -> None:
    frame = '{"name":"x","permissions":["apps:read"],"resources":["*"],"description":"%s"}'
    sizes = {16_384: 400, 16_385: 413}
    for size, status in sizes.items():
        body = frame % ("x" * (size - len(frame % "")))
        response = Call("POST /tokens", service.admin_token, body=body.encode()).send(service)
        assert response.status_code == status


def test_a_catalog_of_more_than_256_kib_is_refused_as_described(catalog_service: Service) -> None:
    for size, status in {262_144: 200, 262_145: 413}.items():
        assert calls.put_catalog(catalog_service, b"{}".ljust(size)).status_code == status


# Inconsistencies that no schema can express.
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


def test_an_inconsistent_catalog_is_refused_with_every_place(catalog_service: Service) -> None:
    assert spec.complaints({"$ref": "#/components/schemas/Catalog"}, APART) == []
    response = calls.put_catalog(catalog_service, APART)
    assert (response.status_code, sorted(error["field"] for error in response.json()["errors"])) == (400, PLACES)


def test_errors_beyond_the_maximum_are_counted(catalog_service: Service) -> None:
    response = calls.put_catalog(catalog_service, {f"unknown{n}": 1 for n in range(150)})
    errors = response.json()["errors"]
    assert (response.status_code, len(errors), errors[-1]["field"]) == (400, 20, "*")


# Well-formed, but not current.
OTHER_TAGS = ['W/"1"', '"00"', '"x"', '""', '"99999999999999999999"', '"x", "y,z"']
MALFORMED_TAGS = ["0", "1", "", "W/", '"0" "1"', '*, "1"']


@pytest.mark.parametrize("tag", OTHER_TAGS)
def test_a_stale_etag_changes_no_catalog(tag: str, service: Service) -> None:
    response = Call("PUT /catalog", service.admin_token, body={}, headers={"If-Match": tag}).send(service)
    assert (response.status_code, calls.problem_type(response)) == (412, "precondition_failed")


@pytest.mark.parametrize("word", ["rotate", "disable", "enable", "tighten"])
@pytest.mark.parametrize("tag", OTHER_TAGS)
def test_a_stale_etag_changes_no_token(tag: str, word: str, service: Service) -> None:
    made = calls.create(service, service.admin_token)["id"]
    response = Call(f"POST /tokens/{{id}}/{word}", service.admin_token, made, headers={"If-Match": tag}).send(service)
    assert (response.status_code, calls.problem_type(response)) == (412, "precondition_failed")


@pytest.mark.parametrize("tag", ["*", '"9", "1"', 'W/"1", "1"'])
@pytest.mark.parametrize(
    ("operation", "body"),
    [("PATCH /tokens/{id}", {"name": "x"}), *((f"POST /tokens/{{id}}/{word}", None) for word in ("rotate", "disable"))],
)
def test_if_match_may_be_a_star_or_a_list_for_a_token(
    tag: str, operation: str, body: dict | None, service: Service
) -> None:
    made = calls.create(service, service.admin_token)["id"]
    response = Call(operation, service.admin_token, made, body=body, headers={"If-Match": tag}).send(service)
    assert (response.status_code, response.headers["etag"]) == (200, '"2"')


def test_if_match_may_be_a_star_or_a_list_for_the_catalog(catalog_service: Service) -> None:
    for tag in ["*", '"x", {current}']:
        shown = Call("GET /catalog", catalog_service.admin_token).send(catalog_service)
        headers = {"If-Match": tag.format(current=shown.headers["etag"])}
        put = Call("PUT /catalog", catalog_service.admin_token, body=shown.json(), headers=headers)
        response = put.send(catalog_service)
        assert response.status_code == 200
        assert response.headers["etag"] != shown.headers["etag"]


@pytest.mark.parametrize("tag", MALFORMED_TAGS)
def test_an_invalid_catalog_etag_is_refused_as_described(tag: str, service: Service) -> None:
    response = Call("PUT /catalog", service.admin_token, body={}, headers={"If-Match": tag}).send(service)
    assert [error["field"] for error in response.json()["errors"]] == ["If-Match"]


def test_a_conflicting_catalog_write_changes_nothing_and_names_the_etag(catalog_service: Service) -> None:
    put = calls.put_catalog(catalog_service, {"permissions": {"build:create": "Start a build"}})
    assert put.headers["etag"] == f'"{put.json()["version"]}"'
    stale = Call("PUT /catalog", catalog_service.admin_token, body={}, headers={"If-Match": '"0"'})
    assert stale.send(catalog_service).headers["etag"] == put.headers["etag"]
    shown = Call("GET /catalog", catalog_service.admin_token).send(catalog_service)
    assert (shown.json()["permissions"]["build:create"], shown.headers["etag"]) == (
        "Start a build",
        put.headers["etag"],
    )


def test_a_stored_catalog_is_shown_as_described(catalog_service: Service) -> None:
    for catalog in [
        {},
        {"strict": True},
        {"roles": {"a": {"permissions": ["*:*", "a:read", "*"]}}, "sessions": {"groups": {"Ünited ops": "a"}}},
        {"routes": [{"match": "ANY /{all+}", "permission": "tokens:admin", "resource": "x/{all}"}], "sessions": {}},
    ]:
        assert calls.put_catalog(catalog_service, catalog).status_code == 200
        shown = Call("GET /catalog", catalog_service.admin_token).send(catalog_service).json()
        assert shown["strict"] == catalog.get("strict", False)
        # A catalog can be written back as it was read.
        assert calls.put_catalog(catalog_service, shown).status_code == 200


def test_duplicate_permissions_of_a_role_are_merged_in_a_token(catalog_service: Service) -> None:
    role = {"permissions": ["apps:read", "*:*", "apps:read", "*"]}
    calls.put_catalog(catalog_service, {"roles": {"x": role}})
    made = calls.create(catalog_service, catalog_service.admin_token, permissions=..., role="x")
    assert made["grants"] == [{"permissions": ["apps:read", "*"], "resources": ["*"]}]


@dataclass(frozen=True)
class Case:
    """An explain request and its response."""

    request: tuple[str, str]
    reason: str | None
    source: str | None
    needs: str | None
    api: str = "protected"


@pytest.mark.parametrize(
    "asked",
    [
        Case(("GET", "/apps/billing"), None, "convention", "apps:read"),
        Case(("POST", "/apps/billing"), "permission_missing", "convention", "apps:write"),
        Case(("GET", "/apps/payroll"), "resource_not_granted", "convention", "apps:read"),
        Case(("GET", "/apps/../x"), "malformed_path", None, None),
        Case(("GET", "/"), "permission_missing", "convention", "*:read"),
        Case(("GET", "/" + "a" * 95), "permission_missing", "convention", "a" * 95 + ":read"),
        # No permission may be this long, or look like a token.
        Case(("GET", "/" + "a" * 96), "permission_missing", "convention", "*:read"),
        Case(("GET", "/pcl_" + "a" * 65), "permission_missing", "convention", "*:read"),
        Case(("$connect", "/"), "permission_missing", "convention", "websocket:connect"),
        Case(("GET", "/me"), None, "portcullis", None, "tokens"),
        Case(("GET", "/tokens"), "permission_missing", "portcullis", "tokens:read", "tokens"),
        Case(("PUT", "/catalog"), "permission_missing", "portcullis", "catalog:write", "tokens"),
    ],
    ids=lambda asked: " ".join(asked.request)[:40],
)
def test_a_decision_is_explained_as_described(asked: Case, service: Service) -> None:
    admin = service.admin_token
    token = calls.create(service, admin, resources=["apps/billing"])["id"]
    question = {"token_id": token, "method": asked.request[0], "path": asked.request[1], "api": asked.api}
    decision = Call("POST /explain", admin, body=question).send(service).json()
    assert (decision["decision"], decision["reason"]) == ("deny" if asked.reason else "allow", asked.reason)
    assert (decision["rule"] and decision["rule"]["source"], decision["permission"]) == (asked.source, asked.needs)


def test_decisions_on_inactive_tokens_and_by_a_catalog_are_as_described(catalog_service: Service) -> None:
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


def test_a_list_continues_after_its_page(service: Service) -> None:
    admin = service.admin_token
    made = [calls.create(service, admin, owner="pages")["id"] for _ in range(3)]
    found, cursor = [], {}
    while cursor is not None:
        page = Call("GET /tokens", admin, query={"owner": "pages", "limit": 2} | cursor).send(service).json()
        found += [token["id"] for token in page["tokens"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert found == made[::-1]


def test_an_invalid_cursor_is_refused(service: Service) -> None:
    cursor = spec.DOCUMENT["components"]["schemas"]["Cursor"]["examples"][0]
    for operation in ["GET /tokens", "GET /approvals"]:
        response = Call(operation, service.admin_token, query={"cursor": cursor}).send(service)
        assert (response.status_code, calls.problem_type(response)) == (400, "invalid_request")


def test_every_disable_reason_is_shown_as_described(service: Service) -> None:
    admin = service.admin_token
    own = calls.create(service, admin, permissions=["tokens:write"], owner="disabling")
    for by, reason in [(own["token"], "owner"), (admin, "admin")]:
        made = calls.create(service, admin, owner="disabling")["id"]
        disable = Call("POST /tokens/{id}/disable", by, made)
        first, second = disable.send(service), disable.send(service)
        assert (first.json()["status"], first.json()["disabled_reason"]) == ("disabled", reason)
        assert first.json() == second.json()
        assert first.headers["etag"] == second.headers["etag"] == '"2"'
        enabled = Call("POST /tokens/{id}/enable", admin, made).send(service).json()
        assert (enabled["status"], enabled["disabled_at"]) == ("active", None)
        Call("POST /tokens/{id}/disable", by, made).send(service)
        revoke = Call(
            "POST /tokens/{id}/revoke", admin, made, body={"reason": "owner_left", "comment": "gone\nfor good"}
        )
        revoked = revoke.send(service).json()
        assert (revoked["revoked_reason"], revoked["revoked_comment"]) == ("owner_left", "gone\nfor good")


def test_a_disabled_token_that_has_expired_stays_refused(service: Service) -> None:
    admin = service.admin_token
    token = calls.create(service, admin, expires_in="5s")
    made = token["id"]
    assert Call("POST /tokens/{id}/disable", admin, made).send(service).status_code == 200
    end = datetime.fromisoformat(token["expires_at"]).timestamp()
    time.sleep(max(0, end - time.time()))
    tag = {"If-Match": '"2"'}
    for call in [
        Call("PATCH /tokens/{id}", admin, made, body={"expires_at": None}, headers=tag),
        Call("POST /tokens/{id}/enable", admin, made),
    ]:
        assert calls.problem_type(call.send(service)) == "token_ended"


def test_a_retired_secret_disables_its_token_as_described(short_service: Service) -> None:
    admin = short_service.admin_token
    made = calls.create(short_service, admin, expires_in="30d", permissions=["tokens:read"])
    rotated = Call("POST /tokens/{id}/rotate", admin, made["id"]).send(short_service).json()
    assert (rotated["previous_secret_until"], rotated["token"] == made["token"]) == (None, False)
    assert Call("GET /me", made["token"]).send(short_service).status_code == 401
    show = Call("GET /tokens/{id}", admin, made["id"])
    calls.wait_until(lambda: show.send(short_service).json()["status"] == "disabled")
    shown = show.send(short_service).json()
    assert (shown["disabled_reason"], shown["disabled_by"]) == ("secret_reuse", None)
    assert Call("GET /me", rotated["token"]).send(short_service).status_code == 401
    events = Call("GET /tokens/{id}/events", admin, made["id"]).send(short_service).json()["events"]
    assert [event["kind"] for event in events] == ["secret_reuse", "rotated", "created"]
    assert events[0]["detail"] == {"disabled": True}


def test_no_token_exceeds_the_maximum_lifetime(short_service: Service) -> None:
    admin = short_service.admin_token
    made = calls.create(short_service, admin, expires_in="30d")["id"]
    tag = {"If-Match": '"1"'}
    for call in [
        *[
            Call("POST /tokens", admin, body={"name": "x", "permissions": ["apps:read"], "resources": ["*"], **expiry})
            for expiry in [{"expires_at": None}, {"expires_in": "31d"}, {"expires_at": "2099-12-31T00:00:00Z"}]
        ],
        Call("PATCH /tokens/{id}", admin, made, body={"expires_at": None}, headers=tag),
        *[
            Call("POST /tokens/{id}/rotate", admin, made, body=expiry)
            for expiry in [{"expires_at": None}, {"expires_in": "31d"}]
        ],
    ]:
        errors = call.send(short_service).json()["errors"]
        assert [error["field"] in ("expires_in", "expires_at") for error in errors] == [True]
        assert "30 days" in errors[0]["message"]


def test_both_secrets_work_for_the_overlap_and_a_rotation_is_done_once(service: Service) -> None:
    admin = service.admin_token
    made = calls.create(service, admin, permissions=["tokens:read"])
    rotate = Call(
        "POST /tokens/{id}/rotate", admin, made["id"], body={"overlap": "1d"}, headers={"Idempotency-Key": "a"}
    )
    rotated, again = rotate.send(service), rotate.send(service)
    assert rotated.json()["previous_secret_until"] is not None
    assert (calls.problem_type(again), again.headers["etag"]) == ("already_rotated", rotated.headers["etag"])
    for token in [made["token"], rotated.json()["token"]]:
        assert Call("GET /me", token).send(service).status_code == 200


def test_every_kind_of_event_is_shown_as_described_page_by_page(service: Service) -> None:
    admin = service.admin_token
    made = calls.create(service, admin)
    use(service, made)
    everything = {
        "name": "new",
        "description": "new",
        "grants": [{"permissions": ["apps:read"], "resources": ["apps"]}],
        "allowed_ips": ["127.0.0.0/8"],
        "expires_at": "2099-12-31T00:00:00Z",
    }
    Call("PATCH /tokens/{id}", admin, made["id"], body=everything, headers={"If-Match": '"1"'}).send(service)
    for word, body in [
        ("rotate", {"overlap": "1h", "expires_in": "1d"}),
        ("disable", None),
        ("enable", {}),
        ("revoke", None),
    ]:
        assert Call(f"POST /tokens/{{id}}/{word}", admin, made["id"], body=body).send(service).status_code == 200
    found, query = [], {"limit": 3}
    while query is not None:
        page = Call("GET /tokens/{id}/events", admin, made["id"], query=query).send(service).json()
        found += page["events"]
        query = query | {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    kinds = ["revoked", "enabled", "disabled", "rotated", "updated", "first_used", "created"]
    assert [event["kind"] for event in found] == kinds
    assert [change["field"] for change in found[4]["detail"]["changes"]] == list(everything)
    elsewhere = Call("GET /tokens/{id}/events", admin, made["id"], query={"limit": 1}).send(service).json()
    other = calls.create(service, admin)["id"]
    refused = Call("GET /tokens/{id}/events", admin, other, query={"cursor": elsewhere["next_cursor"]}).send(service)
    assert [error["field"] for error in refused.json()["errors"]] == ["cursor"]


def test_tightening_leaves_the_sufficient_grants(service: Service) -> None:
    admin = service.admin_token
    made = calls.create(service, admin, permissions=["apps:*", "builds:read"])
    use(service, made)
    usage = Call("GET /tokens/{id}/usage", admin, made["id"], query={"days": 365}).send(service)
    assert (usage.json()["granted"], usage.json()["used"], usage.json()["complete"]) == (2, 1, True)
    tighten = Call(
        "POST /tokens/{id}/tighten", admin, made["id"], body={"days": 30}, headers={"If-Match": usage.headers["etag"]}
    )
    tightened = tighten.send(service).json()
    assert (
        tightened["grants"] == usage.json()["suggested_grants"] == [{"permissions": ["apps:read"], "resources": ["*"]}]
    )
    shown = Call("GET /tokens/{id}", admin, made["id"]).send(service).json()
    assert (shown["last_used_user_agent"], shown["last_used_ip"]) == ("contract-tests", "127.0.0.1")


@pytest.mark.parametrize("value", [1, 365, 30.0, 0, 366, -1, 1.5, "30", True, [], None])
def test_days_are_accepted_if_and_only_if_the_description_allows_them(value: object, service: Service) -> None:
    made = calls.create(service, service.admin_token)["id"]
    body = {"days": value}
    allowed = spec.complaints({"$ref": "#/components/schemas/Tightening"}, body) == []
    tighten = Call("POST /tokens/{id}/tighten", service.admin_token, made, body=body, headers={"If-Match": '"1"'})
    # It was never used.
    assert tighten.send(service).status_code == (409 if allowed else 400)


@pytest.mark.parametrize(
    ("operation", "query"),
    [
        *[("GET /tokens", {"idle_days": value}) for value in ["0", "3651", "x", "", "1.0", "+1"]],
        *[("GET /tokens/{id}/usage", {"days": value}) for value in ["0", "366", "x", ""]],
        *[("GET /tokens/{id}/events", {"limit": value}) for value in ["0", "101", "x", ""]],
        *[("GET /activity", {"limit": value}) for value in ["0", "101", "x", ""]],
        *[("GET /activity", {name: "x"}) for name in ["from", "to", "kind", "actor", "cursor"]],
        *[("GET /approvals", {"limit": value}) for value in ["0", "101", "x", ""]],
        *[("GET /approvals", {name: value}) for name in ["status", "token", "cursor"] for value in ["x", ""]],
    ],
)
def test_a_number_outside_its_limits_is_refused(operation: str, query: dict, service: Service) -> None:
    made = calls.create(service, service.admin_token)["id"]
    response = Call(operation, service.admin_token, made, query=query).send(service)
    assert [error["field"] for error in response.json()["errors"]] == list(query)


def test_idle_tokens_can_be_listed(service: Service) -> None:
    admin = service.admin_token
    calls.create(service, admin, owner="busy")
    for days in (1, 3650):
        page = Call("GET /tokens", admin, query={"owner": "busy", "idle_days": days}).send(service).json()
        assert page["tokens"] == []
    calls.create(service, admin, owner="busy")
    page = Call("GET /tokens", admin, query={"owner": "busy", "limit": 1}).send(service).json()
    query = {"owner": "busy", "idle_days": 1, "cursor": page["next_cursor"]}
    assert Call("GET /tokens", admin, query=query).send(service).json()["tokens"] == []


def test_with_an_idle_limit_tokens_are_listed_by_status_too(short_service: Service) -> None:
    admin = short_service.admin_token
    made = [calls.create(short_service, admin, owner="idle", expires_in="1d")["id"] for _ in range(3)]
    Call("POST /tokens/{id}/disable", admin, made[0]).send(short_service)
    Call("POST /tokens/{id}/revoke", admin, made[1]).send(short_service)
    for status, ids in {"disabled": made[:1], "revoked": made[1:2], "active": made[2:], "expired": []}.items():
        query = {"owner": "idle", "status": status}
        page = Call("GET /tokens", admin, query=query).send(short_service).json()
        assert [token["id"] for token in page["tokens"]] == ids


@pytest.mark.parametrize(
    "owner",
    [
        "a/b",
        "..",
        "a;b",
        "50%",
        "-",
        "auth0|5f7c",
        "a+b@example.com",
        "~",
        "'",
        'a "b" c',
        'a "b" \\ c',
        "x" * 255,
        "|" * 255,
    ],
)
def test_all_tokens_of_an_owner_of_any_name_are_revoked(owner: str, service: Service) -> None:
    admin = service.admin_token
    made = [calls.create(service, admin, owner=owner)["id"] for _ in range(2)]
    operation = "POST /owners/{owner}/revoke-tokens"
    in_path = spec.complaints({"$ref": "#/components/schemas/OwnerInPath"}, owner) == [] and owner != "-"
    in_path = in_path and len(quote(owner)) <= 370
    place = {"owner": owner} if in_path else {"owner": "-", "query": {"owner": owner}}
    revoked = Call(operation, admin, **place, body={"reason": "owner_left"}).send(service).json()
    assert (revoked["owner"], revoked["revoked"], revoked["done"]) == (owner, 2, True)
    for id_ in made:
        shown = Call("GET /tokens/{id}", admin, id_).send(service).json()
        assert (shown["status"], shown["revoked_reason"]) == ("revoked", "owner_left")
    # Clients remove `..`.
    if not in_path and owner not in ("-", ".."):
        assert Call(operation, admin, owner=owner).send(service).status_code == 403
    assert Call(operation, admin, **place).send(service).json()["revoked"] == 0


def test_an_owner_is_named_in_the_path_or_the_query(service: Service) -> None:
    operation = "POST /owners/{owner}/revoke-tokens"
    for place in [{"owner": "-"}, {"owner": "nobody", "query": {"owner": "nobody"}}, {"owner": "a "}]:
        errors = Call(operation, service.admin_token, **place).send(service).json()["errors"]
        assert [error["field"] for error in errors] == ["owner"]


def test_a_response_warns_of_a_near_expiry(service: Service) -> None:
    admin = service.admin_token
    for lifetime, told in [("13d", True), ("15d", False)]:
        made = calls.create(service, admin, permissions=["tokens:read"], expires_in=lifetime)
        for call, status in [(Call("GET /me", None), 200), (Call("GET /tokens/{id}", None, UNKNOWN_ID), 404)]:
            response = replace(call, token=made["token"]).send(service)
            assert response.status_code == status
            assert response.headers.get("x-api-token-expires-at") == (made["expires_at"] if told else None)
    assert "x-api-token-expires-at" not in Call("GET /me", admin).send(service).headers


def test_an_introspected_token_is_shown_as_described(service: Service) -> None:
    admin = service.admin_token
    asker = calls.create(service, admin, permissions=["tokens:introspect"])["token"]
    made = calls.create(service, admin, resources=["apps/x"], allowed_ips=["192.0.2.0/24"], expires_in="1d")

    def ask(**form: str) -> dict:
        return Call("POST /introspect", asker, form={"token": made["token"], **form}).send(service).json()

    here = {"source_ip": "192.0.2.7", "token_type_hint": "anything"}
    assert ask() == {"active": False}
    assert ask(source_ip="192.0.3.7") == {"active": False}
    assert (ask(**here)["scope"], "allowed" in ask(**here), "exp" in ask(**here)) == ("apps:read", False, True)
    for method, path, reason in [
        ("GET", "/apps/x", None),
        ("GET", "/apps/y", "resource_not_granted"),
        ("POST", "/apps/x", "permission_missing"),
        ("GET", "/apps/../x", "malformed_path"),
    ]:
        decision = ask(**here, method=method, path=path)
        assert (decision["allowed"], decision["reason"]) == (reason is None, reason)
    decision = ask(**here, method="GET", path="/me", api="tokens")
    assert (decision["allowed"], decision["permission"]) == (True, None)
    assert Call("POST /introspect", asker, form={"token": "x"}).send(service).json() == {"active": False}


def test_a_secret_revokes_its_token_and_the_response_reveals_nothing(service: Service) -> None:
    admin = service.admin_token
    made = calls.create(service, admin)
    for token in [f" {made['token']}\n", made["token"], made["token"][:-1] + "x", "x"]:
        response = Call("POST /revoke", None, form={"token": token, "token_type_hint": "x"}).send(service)
        assert (response.status_code, response.content) == (200, b"")
    shown = Call("GET /tokens/{id}", admin, made["id"]).send(service).json()
    assert (shown["status"], shown["revoked_by"]) == ("revoked", f"token:{made['id']}")


@pytest.mark.parametrize(
    "form",
    [{}, {"token": ""}, {"token": " \r\n"}, [("token", "x"), ("token", "x")], {"token": "x" * 16_384}],
    ids=lambda form: str(form)[:40],
)
def test_an_invalid_form_is_refused_as_rfc_6749_says(form: dict | list, service: Service) -> None:
    for call in [Call("POST /revoke", None, form=form), Call("POST /introspect", service.admin_token, form=form)]:
        response = call.send(service)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_token_in_the_query_of_a_revocation_is_ignored(service: Service) -> None:
    made = calls.create(service, service.admin_token)
    for form in [{}, {"token": made["token"]}]:
        response = Call("POST /revoke", None, query={"token": made["token"]}, form=form).send(service)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("word", ["rotate", "disable", "enable", "tighten"])
@pytest.mark.parametrize("tag", MALFORMED_TAGS)
def test_an_invalid_token_etag_is_refused_as_described(tag: str, word: str, service: Service) -> None:
    made = calls.create(service, service.admin_token)["id"]
    call = Call(f"POST /tokens/{{id}}/{word}", service.admin_token, made, headers={"If-Match": tag})
    assert [error["field"] for error in call.send(service).json()["errors"]] == ["If-Match"]


@pytest.mark.parametrize(
    ("key", "status"), [("a", 200), ("~" * 255, 200), ("a b", 200), ("~" * 256, 400), ("a\tb", 400)]
)
def test_an_invalid_idempotency_key_is_refused(key: str, status: int, service: Service) -> None:
    made = calls.create(service, service.admin_token)["id"]
    rotate = Call("POST /tokens/{id}/rotate", service.admin_token, made, headers={"Idempotency-Key": key})
    assert rotate.send(service).status_code == status


def test_approvals_are_listed_page_by_page_and_by_status(service: Service) -> None:
    made = calls.create(service, service.admin_token, permissions=["releases:write"])
    resources = [f"releases/{number}" for number in range(5)]
    ids = [calls.request_approval(service, made["token"], resource=resource)["id"] for resource in resources]
    approver = calls.sign_in(service, "approver", "portcullis-admin")
    for word, id in [("approve", ids[0]), ("reject", ids[1])]:
        assert Call(f"POST /approvals/{{id}}/{word}", approver, id).send(service).status_code == 200
    assert Call("DELETE /approvals/{id}", made["token"], ids[2]).send(service).status_code == 200

    def listed(by: str, **query) -> list[str]:
        found, cursor = [], {}
        while cursor is not None:
            page = Call("GET /approvals", by, query={"limit": 2} | query | cursor).send(service).json()
            found += [approval["id"] for approval in page["approvals"]]
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        return found

    assert listed(made["token"]) == listed(service.admin_token, token=made["id"]) == ids[::-1]
    by_status = {"pending": ids[:2:-1], "approved": ids[:1], "rejected": ids[1:2], "ended": ids[2:3]}
    for status in spec.DOCUMENT["components"]["schemas"]["ApprovalStatus"]["enum"]:
        assert listed(made["token"], status=status) == by_status.get(status, []), status


def test_an_approval_for_one_use_is_shown_as_described_when_it_is_used(catalog_service: Service) -> None:
    admin = catalog_service.admin_token
    calls.put_catalog(
        catalog_service,
        {
            "permissions": {"apps:write": {"approval": {"valid_for": "5m", "uses": "once", "resources": ["apps/x"]}}},
            "roles": {"admin": {"permissions": ["*"]}},
            "sessions": {"groups": {"portcullis-admin": "admin"}},
        },
    )
    approver = calls.sign_in(catalog_service, "approver", "portcullis-admin")
    made = calls.create(catalog_service, admin, permissions=["apps:write", "approvals:decide"])
    question = {"token_id": made["id"], "method": "POST", "path": "/apps/x"}
    form = {"token": made["token"], "method": "POST", "path": "/apps/x"}

    def decisions() -> list[tuple]:
        explained = Call("POST /explain", admin, body=question).send(catalog_service).json()
        introspected = Call("POST /introspect", admin, form=form).send(catalog_service).json()
        return [
            (explained["reason"], explained.get("approval_id"), explained["permission"]),
            (introspected["reason"], introspected["allowed"], introspected["permission"]),
        ]

    required = [("approval_required", None, "apps:write"), ("approval_required", False, "apps:write")]
    assert decisions() == required
    wanted = {"permission": "apps:write", "resource": "apps/x", "link": "https://ci.example.com/runs/42"}
    asked = calls.request_approval(catalog_service, made["token"], **wanted)
    assert (asked["status"], asked["uses"], asked["valid_for"]) == ("pending", "once", 300)
    approve = Call("POST /approvals/{id}/approve", approver, asked["id"], body={"valid_for": "1m", "comment": "go"})
    approved = approve.send(catalog_service).json()
    shown = {**asked, "status": "approved", "valid_for": 60, "decided_by": "session:approver", "comment": "go"}
    assert approved == shown | {name: approved[name] for name in ("decided_at", "expires_at")}
    # Explaining uses nothing, and introspecting uses the approval.
    assert decisions() == [(None, asked["id"], "apps:write"), (None, True, None)]
    assert decisions() == required
    used = Call("GET /approvals/{id}", admin, asked["id"]).send(catalog_service).json()
    assert (used["status"], used["used_at"] is None) == ("used", False)


def test_each_event_of_an_approval_is_shown_as_described(service: Service) -> None:
    made = calls.create(service, service.admin_token, permissions=["releases:write"])
    approver = calls.sign_in(service, "approver", "portcullis-admin")
    for words in [["reject"], ["approve", ""]]:
        id = calls.request_approval(service, made["token"])["id"]
        for word in words:
            operation = f"POST /approvals/{{id}}/{word}" if word else "DELETE /approvals/{id}"
            assert Call(operation, approver, id).send(service).status_code == 200
    events = Call("GET /tokens/{id}/events", service.admin_token, made["id"]).send(service).json()["events"]
    kinds = ["approval_ended", "approval_approved", "approval_requested", "approval_rejected", "approval_requested"]
    assert [event["kind"] for event in events if event["kind"].startswith("approval")] == kinds
    for kind in set(kinds):
        query = {"kind": kind, "limit": 1}
        page = Call("GET /activity", service.admin_token, query=query).send(service).json()
        assert [event["token_id"] for event in page["events"]] == [made["id"]]


def test_a_late_approval_is_told_of_the_decision(service: Service) -> None:
    made = calls.create(service, service.admin_token, permissions=["releases:write"])
    approvers = [calls.sign_in(service, name, "portcullis-admin") for name in ("approver", "late")]
    id = calls.request_approval(service, made["token"])["id"]
    responses = [
        Call("POST /approvals/{id}/approve", approver, id, body={"valid_for": valid_for}).send(service)
        for approver, valid_for in zip(approvers, ["5m", "15m"], strict=True)
    ]
    assert [response.status_code for response in responses] == [200, 409]
    assert responses[1].json()["detail"].startswith("session:approver approved it at ")


def test_disable_and_enable_take_no_body(service: Service) -> None:
    made = calls.create(service, service.admin_token)["id"]
    for body, status in [({}, 200), ({"reason": "x"}, 400), (b"x", 400)]:
        response = Call("POST /tokens/{id}/disable", service.admin_token, made, body=body).send(service)
        assert response.status_code == status


def test_decisions_by_address_and_disablement_are_explained(service: Service) -> None:
    admin = service.admin_token
    made = calls.create(service, admin, allowed_ips=["192.0.2.0/24"])["id"]

    def explain(**asked: str) -> tuple[int | None, str | None]:
        question = {"token_id": made, "method": "GET", "path": "/apps", **asked}
        decision = Call("POST /explain", admin, body=question).send(service).json()
        return decision["status"], decision["reason"]

    assert explain(source_ip="192.0.2.7") == (None, None)
    assert explain() == explain(source_ip="::1") == (403, "ip_not_allowed")
    Call("POST /tokens/{id}/disable", admin, made).send(service)
    assert explain(source_ip="192.0.2.7") == (401, "disabled")


def test_a_caller_cannot_delegate_more_addresses_than_its_own(service: Service) -> None:
    admin = service.admin_token
    here = {"allowed_ips": ["127.0.0.0/8"], "permissions": ["tokens:write"]}
    manager = calls.create(service, admin, **here)["token"]
    assert calls.create(service, manager, **here)["allowed_ips"] == here["allowed_ips"]
    for beyond in [{}, {"allowed_ips": ["127.0.0.1", "::1"]}]:
        body = {"name": "x", "permissions": ["tokens:write"], "resources": ["*"], **beyond}
        refused = Call("POST /tokens", manager, body=body).send(service)
        assert calls.problem_type(refused) == "exceeds_grants"
        assert [error["field"] for error in refused.json()["errors"]] == ["allowed_ips"]
