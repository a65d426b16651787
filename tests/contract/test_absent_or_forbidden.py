"""A caller without access to a token, an approval or an owner cannot learn whether it exists."""

import pytest

import calls
import spec
from calls import Call
from issuer import Issuer
from principals import OWNER, exchange
from service import Service
from test_access import anonymous

MISSING_ID = "0000000000000000"
MISSING_OWNER = OWNER[::-1]
# Without access to the tokens below.
CALLERS = ["least", "other owner", "exchanged"]
STATES = ["admin", "expired", "revoked", "disabled"]
# Requests that are answered differently for a token of the caller's own.
WRITES = [
    {},
    {"body": {}, "headers": {"If-Match": '"1"'}},
    {"body": {"name": "y"}, "headers": {"If-Match": '"999"', "Idempotency-Key": "once"}},
    {"body": {"unknown": 1}, "headers": {"If-Match": "*"}},
]


@pytest.fixture(scope="module")
def foreign(trusting_service: Service, issuer: Issuer, credentials: dict[str, str | None]) -> list[str]:
    """The IDs of tokens to which no caller has access."""
    by_another_rule = exchange(trusting_service, issuer, repository="acme/billing")
    return [*(credentials[state].rpartition("_")[2][:16] for state in STATES), by_another_rule["token_id"]]


def requests_about(operation: str, token_id: str) -> list[dict]:
    if operation == "POST /explain":
        return [{"body": {"token_id": token_id, "method": "GET", "path": "/"}}]
    return [{}] if operation.startswith(("GET", "DELETE")) else WRITES


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(
    "operation", [*(name for name in spec.operations() if "/tokens/{id}" in name), "POST /explain"]
)
def test_a_foreign_token_is_answered_like_a_missing_one(
    operation: str, caller: str, trusting_service: Service, credentials: dict[str, str | None], foreign: list[str]
) -> None:
    def answers(token_id: str) -> list[str]:
        sent = [Call(operation, credentials[caller], token_id, **more) for more in requests_about(operation, token_id)]
        return [anonymous(call.send(trusting_service), token_id) for call in sent]

    missing = answers(MISSING_ID)
    assert [answers(token_id) for token_id in foreign] == [missing] * len(foreign)


UNKNOWN_APPROVAL = "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5"
DECISIONS = [{}, {"body": {}}, {"body": {"comment": "no"}}, {"body": {"unknown": 1}}]


@pytest.fixture(scope="module")
def foreign_approvals(trusting_service: Service) -> list[str]:
    """The IDs of a pending, an approved, a rejected and an ended approval to which no caller has access."""
    admin = trusting_service.admin_token
    approver = calls.sign_in(trusting_service, "matrix-approver", "portcullis-admin")
    asking = calls.create(trusting_service, admin, owner=OWNER, permissions=["releases:write"])["token"]
    ids = [calls.request_approval(trusting_service, asking, resource=f"releases/{n}")["id"] for n in range(4)]
    changes = ["POST /approvals/{id}/approve", "POST /approvals/{id}/reject", "DELETE /approvals/{id}"]
    for operation, id in zip(changes, ids, strict=False):
        assert Call(operation, approver, id).send(trusting_service).status_code == 200
    return ids


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", [name for name in spec.operations() if "/approvals/{id}" in name])
def test_a_foreign_approval_is_answered_like_a_missing_one(
    operation: str,
    caller: str,
    trusting_service: Service,
    credentials: dict[str, str | None],
    foreign_approvals: list[str],
) -> None:
    def answers(id: str) -> list[str]:
        requests = [{"body": {"valid_for": "1m"}}, *DECISIONS] if operation.endswith("approve") else DECISIONS
        if operation.startswith(("GET", "DELETE")):
            requests = [{}]
        return [
            anonymous(Call(operation, credentials[caller], id, **more).send(trusting_service), id) for more in requests
        ]

    missing = answers(UNKNOWN_APPROVAL)
    assert [answers(id) for id in foreign_approvals] == [missing] * len(foreign_approvals)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_list_of_the_approvals_of_a_foreign_token_is_like_that_of_a_missing_one(
    caller: str, trusting_service: Service, credentials: dict[str, str | None], foreign_approvals: list[str]
) -> None:
    show = Call("GET /approvals/{id}", trusting_service.admin_token, foreign_approvals[0])
    foreign = show.send(trusting_service).json()["token_id"]

    def answer(token_id: str) -> str:
        call = Call("GET /approvals", credentials[caller], query={"token": token_id})
        return anonymous(call.send(trusting_service), token_id)

    assert answer(foreign) == answer(MISSING_ID)


def test_every_route_of_a_token_or_an_approval_is_compared() -> None:
    with_id = [name for name in spec.operations() if "{id}" in name]
    assert [name for name in with_id if "/tokens/{id}" not in name and "/approvals/{id}" not in name] == []


# Where a request names an owner.
BY_OWNER = {
    "POST /owners/{owner}/revoke-tokens": lambda owner: {"owner": owner},
    "GET /tokens": lambda owner: {"query": {"owner": owner}},
    "GET /activity": lambda owner: {"query": {"owner": owner}},
    "POST /tokens": lambda owner: {
        "body": {"name": "x", "owner": owner, "permissions": ["tokens:read"], "resources": ["tokens"]}
    },
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", BY_OWNER)
def test_a_foreign_owner_is_answered_like_a_missing_one(
    operation: str, caller: str, trusting_service: Service, credentials: dict[str, str | None]
) -> None:
    def answer(owner: str) -> str:
        call = Call(operation, credentials[caller], **BY_OWNER[operation](owner))
        return anonymous(call.send(trusting_service), owner)

    assert answer(OWNER) == answer(MISSING_OWNER)


def test_every_route_of_an_owner_is_compared() -> None:
    named = {
        name
        for name, operation in spec.operations().items()
        if "{owner}" in name or "owner" in {spec.resolved(it)["name"] for it in operation.get("parameters", [])}
    }
    assert named <= set(BY_OWNER)
