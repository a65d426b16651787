"""A session has the permissions of its groups' roles, and no others."""

import pytest

import forged_jwts
from client import ask, me, problem
from provider import Provider
from service import Service


@pytest.mark.parametrize(
    ("person", "roles"), [("alice", ["admin"]), ("vera", ["viewer"]), ("norman", []), ("nina", [])]
)
def test_groups_make_roles(person: str, roles: list[str], provider: Provider, service: Service) -> None:
    said = me(service, provider.sign_in(person).id_token)
    assert (said["owner"], said["roles"]) == (person, roles)


@pytest.mark.parametrize(
    ("person", "allowed"),
    # nina is in no group, and norman in none that the catalog knows.
    [("alice", ["GET", "POST"]), ("vera", ["GET"]), ("norman", []), ("nina", [])],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_group_membership_decides(
    person: str, allowed: list[str], method: str, provider: Provider, service: Service
) -> None:
    response = ask(service, method, "/demo/apps/billing", provider.sign_in(person).id_token)
    if method in allowed:
        assert response.status_code == 200, response.text
        return
    assert problem(response) == (403, "insufficient_scope")
    line = service.audit_line(response)
    assert (line["rbac_decision"], line["reason"]) == ("deny", "permission_missing")
    assert (line["principal_type"], line["owner"]) == ("session", person)


@pytest.mark.parametrize("groups", [None, []])
def test_null_is_no_groups(groups: list | None, provider: Provider, service: Service) -> None:
    claims = forged_jwts.claims(provider.sign_in("alice").id_token) | {"groups": groups}
    said = me(service, forged_jwts.signed_by_provider(claims, provider.keys()["RS256"]))
    assert (said["owner"], said["roles"]) == ("alice", [])
