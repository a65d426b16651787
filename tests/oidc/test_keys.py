"""The provider's keys are fetched on demand, and cached."""

import http.client
import uuid
from urllib.parse import urlsplit

import forged_jwts
from client import Start, ask, me, refused
from provider import Provider

AT_ONCE = 20
INVENTED = 30


def test_keys_are_fetched_at_the_first_need_and_once(own_provider: Provider, start: Start) -> None:
    service = start(own_provider.issuer)
    me(service, service.admin_token)
    assert own_provider.requests() == {"discovery": 0, "jwks": 0}
    token = own_provider.sign_in("alice").id_token
    for _ in range(AT_ONCE):
        me(service, token)
    assert own_provider.requests() == {"discovery": 1, "jwks": 1}


def test_concurrent_requests_fetch_the_keys_once(own_provider: Provider, start: Start) -> None:
    """All requests are sent before the provider responds to the first fetch."""
    service = start(own_provider.issuer)
    token = own_provider.sign_in("alice").id_token
    own_provider.tell("hold")
    connections = [http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=120) for _ in range(AT_ONCE)]
    for connection in connections:
        connection.request("GET", "/me", headers={"Authorization": f"Bearer {token}"})
    assert own_provider.tell("held") == 1
    own_provider.tell("release")
    assert [connection.getresponse().status for connection in connections] == [200] * AT_ONCE
    for connection in connections:
        connection.close()
    assert own_provider.requests() == {"discovery": 1, "jwks": 1}


def test_after_a_rotation_only_the_new_key_is_accepted(own_provider: Provider, start: Start) -> None:
    service = start(own_provider.issuer)
    before = own_provider.sign_in("alice").id_token
    me(service, before)
    own_provider.tell("rotate")
    after = own_provider.sign_in("alice").id_token
    assert forged_jwts.header(after)["kid"] != forged_jwts.header(before)["kid"]
    me(service, after)
    refused(service, before)


def test_unknown_key_ids_do_not_cause_repeated_fetches(own_provider: Provider, start: Start) -> None:
    service = start(own_provider.issuer)
    token = own_provider.sign_in("alice").id_token
    me(service, token)
    key = forged_jwts.own_key("ES256")
    for _ in range(INVENTED):
        refused(service, forged_jwts.signed(forged_jwts.claims(token), key, "ES256", kid=str(uuid.uuid4())))
    assert own_provider.requests()["jwks"] <= 2
    me(service, token)


def test_unknown_key_ids_in_the_first_requests_cause_one_fetch(own_provider: Provider, start: Start) -> None:
    service = start(own_provider.issuer)
    token = own_provider.sign_in("alice").id_token
    key = forged_jwts.own_key("ES256")
    for _ in range(INVENTED):
        refused(service, forged_jwts.signed(forged_jwts.claims(token), key, "ES256", kid=str(uuid.uuid4())))
    me(service, token)
    assert own_provider.requests()["jwks"] <= 2


def test_with_the_provider_down_from_the_start_sessions_are_refused(own_provider: Provider, start: Start) -> None:
    tokens = [own_provider.sign_in(person).id_token for person in ["alice", "vera"]]
    own_provider.stop()
    service = start(own_provider.issuer)
    for token in tokens:
        for method, path in [("GET", "/me"), ("GET", "/demo/apps/billing"), ("GET", "/tokens")]:
            response = ask(service, method, path, token)
            assert response.status_code == 500
            line = service.audit_line(response)
            assert (line["rbac_decision"], line["owner"]) == ("error", None)
    # API tokens need no provider.
    assert me(service, service.admin_token)["owner"] == "admin"


def test_cached_keys_keep_working_while_the_provider_is_down(own_provider: Provider, start: Start) -> None:
    service = start(own_provider.issuer)
    tokens = [own_provider.sign_in(person).id_token for person in ["alice", "vera"]]
    me(service, tokens[0])
    own_provider.stop()
    for token in tokens:
        me(service, token)
