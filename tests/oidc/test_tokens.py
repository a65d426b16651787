"""Sessions create tokens, within their own grants."""

import pytest

from client import Start, ask, me, problem
from provider import CLIENT, Provider
from service import Service


@pytest.fixture(scope="module")
def reader(provider: Provider) -> str:
    """A user with a read-only role. Owners manage their own tokens with any role."""
    return provider.sign_in("bob").id_token


def test_a_session_creates_a_token_within_its_own_grants(service: Service, reader: str) -> None:
    response = ask(
        service,
        "POST",
        "/tokens",
        reader,
        {"name": "ci", "permissions": ["apps:read"], "resources": ["*"], "expires_in": "1h"},
    )
    assert response.status_code == 201, response.text
    created = response.json()
    assert (created["owner"], created["created_by"]) == ("bob", "session:bob")
    said = me(service, created["token"])
    assert (said["principal_type"], said["owner"]) == ("token", "bob")
    assert ask(service, "GET", "/demo/apps/billing", created["token"]).status_code == 200
    assert problem(ask(service, "POST", "/demo/apps/billing", created["token"])) == (403, "insufficient_scope")


@pytest.mark.parametrize("permissions", [["apps:write"], ["apps:read", "apps:write"], ["*"], ["tokens:admin"]])
def test_a_session_creates_no_token_beyond_its_own_grants(
    permissions: list[str], service: Service, reader: str
) -> None:
    response = ask(service, "POST", "/tokens", reader, {"name": "ci", "permissions": permissions, "resources": ["*"]})
    assert problem(response) == (403, "exceeds_grants")


def test_with_admins_management_a_reader_creates_no_token(provider: Provider, start: Start) -> None:
    service = start(provider.issuer, CLIENT, "--token-management", "admins")
    wanted = {"name": "ci", "permissions": ["apps:read"], "resources": ["*"]}
    response = ask(service, "POST", "/tokens", provider.sign_in("bob").id_token, wanted)
    assert problem(response) == (403, "insufficient_scope")
    assert ask(service, "POST", "/tokens", provider.sign_in("alice").id_token, wanted).status_code == 201


def test_a_session_lists_and_revokes_only_its_owners_tokens(provider: Provider, service: Service, reader: str) -> None:
    wanted = {"name": "ci", "permissions": ["apps:read"], "resources": ["*"]}
    own = ask(service, "POST", "/tokens", reader, wanted).json()
    others = ask(service, "POST", "/tokens", provider.sign_in("alice").id_token, wanted).json()
    assert (others["owner"], others["created_by"]) == ("alice", "session:alice")
    listed = ask(service, "GET", "/tokens", reader).json()["tokens"]
    assert own["id"] in {token["id"] for token in listed}
    assert {token["owner"] for token in listed} == {"bob"}
    assert problem(ask(service, "GET", f"/tokens/{others['id']}", reader)) == (404, "not_found")
    assert problem(ask(service, "POST", f"/tokens/{others['id']}/revoke", reader)) == (404, "not_found")
    revoked = ask(service, "POST", f"/tokens/{own['id']}/revoke", reader)
    assert (revoked.status_code, revoked.json()["revoked_by"]) == (200, "session:bob")
    assert problem(ask(service, "GET", "/me", own["token"])) == (401, "invalid_token")
    assert ask(service, "GET", "/me", others["token"]).status_code == 200
