"""Exchange of identities: the responses that need a trusted issuer."""

import pytest

import calls
from calls import Call
from issuer import Issuer
from service import Service
from test_api_responses import ONLY_OF_IDENTITIES


def exchange(service: Service, identity: str, **more: str) -> Call:
    return Call("POST /exchange", None, form=calls.EXCHANGE | {"subject_token": identity} | more)


def test_an_identity_is_exchanged_once_for_a_token_that_cannot_be_changed(
    trusting_service: Service, issuer: Issuer
) -> None:
    identity = issuer.identity()
    response = exchange(trusting_service, identity).send(trusting_service)
    seen = {("POST /exchange", response.status_code, calls.problem_type(response))}
    shown = response.json()
    assert (shown["rule"], shown["expires_in"], shown["scope"]) == ("deploy-billing", 600, "apps:read apps:write")
    assert Call("GET /me", shown["access_token"]).send(trusting_service).json()["owner"] == "trust:deploy-billing"
    again = exchange(trusting_service, identity).send(trusting_service)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")

    made = Call("GET /tokens/{id}", trusting_service.admin_token, shown["token_id"]).send(trusting_service).json()
    assert (made["via"], made["created_by"]) == (shown["via"], "trust:deploy-billing")
    for operation, body in [("PATCH /tokens/{id}", {"name": "x"}), ("POST /tokens/{id}/rotate", {})]:
        call = Call(operation, trusting_service.admin_token, made["id"], body=body, headers={"If-Match": '"1"'})
        response = call.send(trusting_service)
        seen |= {(operation, response.status_code, calls.problem_type(response))}
    assert seen == ONLY_OF_IDENTITIES
    assert (
        len(
            Call("GET /tokens/{id}/events", trusting_service.admin_token, made["id"])
            .send(trusting_service)
            .json()["events"]
        )
        >= 1
    )


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"audience": "https://other.example.com"}, "invalid_target"),
        ({"resource": "https://other.example.com"}, "invalid_target"),
        ({"scope": "apps:restart"}, "invalid_scope"),
        ({"scope": "a b"}, "invalid_scope"),
        ({"subject_token_type": "x"}, "invalid_request"),
    ],
)
def test_an_invalid_exchange_is_refused_as_described(
    more: dict, error: str, trusting_service: Service, issuer: Issuer
) -> None:
    response = exchange(trusting_service, issuer.identity(), **more).send(trusting_service)
    assert (response.status_code, response.json()["error"]) == (400, error)


def test_a_trust_rule_is_shown_as_it_was_written(trusting_service: Service, issuer: Issuer) -> None:
    assert Call("GET /catalog", trusting_service.admin_token).send(trusting_service).json()["trust"] == issuer.rules()


@pytest.mark.parametrize("claims", [{"ref": "*"}, {"repository": "*/x"}, {"job_workflow_ref": "acme/x/y@z"}])
def test_a_trust_rule_without_an_owner_is_refused_as_described(claims: dict, catalog_service: Service) -> None:
    rule = Issuer.rule(Issuer()) | {"issuer": "https://token.actions.githubusercontent.com", "claims": claims}
    response = calls.put_catalog(catalog_service, {"trust": [rule]})
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["trust[0].claims"]
