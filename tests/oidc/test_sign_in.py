"""Users who signed in at the provider are authenticated."""

from datetime import datetime

import pytest

import forged_jwts
from client import Start, ask, me, refused
from provider import CLIENT, CLIENTS, Provider
from service import Service

API = "urn:example:tokens"


@pytest.mark.parametrize("algorithm", CLIENTS)
def test_an_id_token_is_accepted_as_its_owners_session(algorithm: str, provider: Provider, start: Start) -> None:
    service = start(provider.issuer, CLIENTS[algorithm])
    token = provider.sign_in("alice", CLIENTS[algorithm]).id_token
    assert forged_jwts.header(token)["alg"] == algorithm
    said = me(service, token)
    assert (said["principal_type"], said["owner"], said["roles"]) == ("session", "alice", ["admin"])
    assert said["grants"]
    assert datetime.fromisoformat(said["expires_at"]).timestamp() == forged_jwts.claims(token)["exp"]


def test_an_access_token_for_our_audience_is_accepted(provider: Provider, start: Start) -> None:
    service = start(provider.issuer, API)
    token = provider.sign_in("vera", resource=API).access_token
    assert forged_jwts.header(token)["typ"] == "at+jwt"
    said = me(service, token)
    assert (said["principal_type"], said["owner"], said["roles"]) == ("session", "vera", ["viewer"])


def test_the_owner_claim_is_configurable(provider: Provider, start: Start) -> None:
    service = start(provider.issuer, CLIENT, "--oidc-owner-claim", "email")
    assert me(service, provider.sign_in("alice").id_token)["owner"] == "alice@example.test"


def test_the_groups_claim_is_configurable(provider: Provider, start: Start) -> None:
    service = start(provider.issuer, CLIENT, "--oidc-groups-claim", "teams")
    said = me(service, provider.sign_in("alice").id_token)
    assert (said["owner"], said["roles"]) == ("alice", [])


def test_the_audit_log_names_the_owner_of_a_session(provider: Provider, service: Service) -> None:
    response = ask(service, "GET", "/demo/apps/billing", provider.sign_in("alice").id_token)
    assert response.status_code == 200, response.text
    line = service.audit_line(response)
    assert (line["rbac_decision"], line["principal_type"], line["owner"]) == ("allow", "session", "alice")
    assert (line["api_token_id"], line["api_token_name"], line["reason"]) == (None, None, None)


def test_the_protected_api_receives_the_owner_of_a_session(provider: Provider, service: Service) -> None:
    principal = ask(service, "GET", "/demo/apps/billing", provider.sign_in("vera").id_token).json()["principal"]
    assert (principal["principal_type"], principal["owner"]) == ("session", "vera")


def test_without_a_provider_every_session_is_refused(provider: Provider, start: Start) -> None:
    service = start(None)
    refused(service, provider.sign_in("alice").id_token)
    assert me(service, service.admin_token)["principal_type"] == "token"
