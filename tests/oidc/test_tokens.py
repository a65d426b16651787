"""People make tokens, and can give away only what they have."""

import pytest

from asking import ask, me, problem
from provider import Provider
from service import Service

BUILDER = ["apps:read", "tokens:read", "tokens:write"]


@pytest.fixture(scope="module")
def builder(provider: Provider, service: Service) -> str:
    """Somebody whose role may make tokens, and else only read."""
    current = ask(service, "GET", "/catalog", service.admin_token)
    assert current.status_code == 200, current.text
    catalog = current.json()
    catalog["roles"]["builder"] = {"description": "Reads apps, makes tokens", "permissions": BUILDER}
    catalog["sessions"]["groups"]["builders"] = "builder"
    changed = ask(service, "PUT", "/catalog", service.admin_token, catalog, {"If-Match": current.headers["etag"]})
    assert changed.status_code == 200, changed.text
    return provider.sign_in("bob").id_token


def test_a_group_means_what_the_catalog_says(service: Service, builder: str) -> None:
    said = me(service, builder)
    assert (said["owner"], said["roles"]) == ("bob", ["builder"])


def test_a_session_makes_a_token_within_its_own_grants(service: Service, builder: str) -> None:
    response = ask(
        service, "POST", "/tokens", builder, {"name": "ci", "permissions": ["apps:read"], "expires_in": "1h"}
    )
    assert response.status_code == 201, response.text
    created = response.json()
    assert (created["owner"], created["created_by"]) == ("bob", "session:bob")
    said = me(service, created["token"])
    assert (said["principal_type"], said["owner"]) == ("token", "bob")
    assert ask(service, "GET", "/demo/apps/billing", created["token"]).status_code == 200
    assert problem(ask(service, "POST", "/demo/apps/billing", created["token"])) == (403, "insufficient_scope")


@pytest.mark.parametrize("permissions", [["apps:write"], ["apps:read", "apps:write"], ["*"], ["tokens:admin"]])
def test_a_session_makes_no_token_beyond_its_own_grants(permissions: list[str], service: Service, builder: str) -> None:
    response = ask(service, "POST", "/tokens", builder, {"name": "ci", "permissions": permissions})
    assert problem(response) == (403, "exceeds_grants")


def test_a_session_without_the_permission_makes_no_token(provider: Provider, service: Service) -> None:
    vera = provider.sign_in("vera").id_token
    response = ask(service, "POST", "/tokens", vera, {"name": "ci", "permissions": ["apps:read"]})
    assert problem(response) == (403, "insufficient_scope")


def test_a_person_sees_and_ends_their_own_tokens_and_no_one_elses(
    provider: Provider, service: Service, builder: str
) -> None:
    wanted = {"name": "ci", "permissions": ["apps:read"]}
    own = ask(service, "POST", "/tokens", builder, wanted).json()
    others = ask(service, "POST", "/tokens", provider.sign_in("alice").id_token, wanted).json()
    assert (others["owner"], others["created_by"]) == ("alice", "session:alice")
    listed = ask(service, "GET", "/tokens", builder).json()["tokens"]
    assert own["id"] in {token["id"] for token in listed}
    assert {token["owner"] for token in listed} == {"bob"}
    assert problem(ask(service, "GET", f"/tokens/{others['id']}", builder)) == (404, "not_found")
    assert problem(ask(service, "POST", f"/tokens/{others['id']}/revoke", builder)) == (404, "not_found")
    revoked = ask(service, "POST", f"/tokens/{own['id']}/revoke", builder)
    assert (revoked.status_code, revoked.json()["revoked_by"]) == (200, "session:bob")
    assert problem(ask(service, "GET", "/me", own["token"])) == (401, "invalid_token")
    assert ask(service, "GET", "/me", others["token"]).status_code == 200
