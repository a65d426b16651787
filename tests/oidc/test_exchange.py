"""Identities of a real provider are exchanged by the catalog's trust rules."""

import requests

import forged_jwts
from client import Start, ask, me
from provider import Provider
from service import Service

API = "urn:example:tokens"
FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
}


def trust(service: Service, provider: Provider, *rules: dict) -> None:
    """Puts these rules for the provider into the catalog."""
    tag = ask(service, "GET", "/catalog", service.admin_token).headers["etag"]
    common = {
        "issuer": provider.issuer,
        "audience": API,
        "grants": [{"permissions": ["apps:read"], "resources": ["apps/billing"]}],
    }
    document = {"trust": [common | rule for rule in rules]}
    response = ask(service, "PUT", "/catalog", service.admin_token, document, {"If-Match": tag})
    assert response.status_code == 200, response.text


def exchange(service: Service, identity: str) -> requests.Response:
    return requests.post(f"{service.url}/exchange", data=FORM | {"subject_token": identity}, timeout=120)


def identity(provider: Provider, person: str = "vera") -> str:
    return provider.sign_in(person, resource=API).access_token


def test_an_identity_is_exchanged_once_by_the_matching_rule(own_provider: Provider, start: Start) -> None:
    service = start(None, "")
    trust(
        service,
        own_provider,
        {"name": "for-alice", "claims": {"sub": "alice"}},
        {"name": "for-vera", "claims": {"sub": "vera"}, "lifetime": "1m"},
    )
    signed = identity(own_provider)
    response = exchange(service, signed)
    assert response.status_code == 200, response.text
    given = response.json()
    assert (given["rule"], given["expires_in"], given["scope"]) == ("for-vera", 60, "apps:read")
    assert me(service, given["access_token"])["owner"] == "trust:for-vera"
    assert service.audit_line(response)["via"] == given["via"]

    again = exchange(service, signed)
    assert (again.status_code, service.audit_line(again)["reason"]) == (400, "replayed")
    assert exchange(service, identity(own_provider, "alice")).json()["rule"] == "for-alice"
    other = exchange(service, identity(own_provider, "norman"))
    assert (other.status_code, service.audit_line(other)["reason"]) == (400, "untrusted")
    # The provider rotates its keys.
    own_provider.tell("rotate")
    assert exchange(service, identity(own_provider)).status_code == 200


def test_identities_with_a_wrong_signature_or_audience_are_refused(own_provider: Provider, start: Start) -> None:
    service = start(None, "")
    trust(service, own_provider, {"name": "vera", "claims": {"sub": "vera"}})
    good = forged_jwts.claims(identity(own_provider))
    key = own_provider.keys()["RS256"]
    for claims in [
        good | {"aud": "urn:example:other"},
        good | {"iss": own_provider.issuer + "/"},
        good | {"exp": good["iat"] - 3600},
        good | {"exp": str(good["exp"])},
        good | {"jti": ""},
        good | {"jti": 7},
    ]:
        assert exchange(service, forged_jwts.signed_by_provider(claims, key)).status_code == 400
    stranger = forged_jwts.signed(good, forged_jwts.own_key("RS256"), "RS256", kid=key["kid"])
    assert exchange(service, stranger).status_code == 400
    # An ID token for a client has another audience.
    assert exchange(service, own_provider.sign_in("vera").id_token).status_code == 400
    assert exchange(service, forged_jwts.signed_by_provider(good, key)).status_code == 200


def test_an_identity_without_a_jti_is_exchanged_once_for_any_signature(own_provider: Provider, start: Start) -> None:
    service = start(None, "")
    trust(service, own_provider, {"name": "vera", "claims": {"sub": "vera"}})
    good = forged_jwts.claims(identity(own_provider))
    del good["jti"]
    key = own_provider.keys()["ES256"]
    signed = forged_jwts.signed_by_provider(good, key)
    assert exchange(service, signed).status_code == 200
    # Each ES256 signature is different, and each has an equivalent one.
    for same in [signed, forged_jwts.signed_by_provider(good, key), forged_jwts.twin(signed)]:
        again = exchange(service, same)
        assert (again.status_code, service.audit_line(again)["reason"]) == (400, "replayed")
    assert exchange(service, forged_jwts.signed_by_provider(good | {"job": 2}, key)).status_code == 200


def test_forged_and_unsigned_identities_are_refused(
    own_provider: Provider, other_provider: Provider, start: Start
) -> None:
    service = start(None, "")
    trust(service, own_provider, {"name": "vera", "claims": {"sub": "vera"}})
    good = forged_jwts.claims(identity(own_provider))
    own_keys, before = own_provider.keys(), other_provider.requests()
    theirs = other_provider.keys()["RS256"]
    forged = [
        forged_jwts.signed(good, forged_jwts.key_of(theirs), "RS256", kid=own_keys["RS256"]["kid"], **place)
        for place in [{}, {"jwk": forged_jwts.public_jwk(theirs)}, {"jku": f"{other_provider.issuer}/jwks"}]
    ]
    for name, key in own_keys.items():
        kid = key["kid"]
        forged += [forged_jwts.unsigned(good, algorithm, kid=kid) + "." for algorithm in ["none", "None", ""]]
        forged += [
            forged_jwts.with_secret(good, secret, "HS256", kid=kid) for secret in forged_jwts.public_forms(key).values()
        ]
        # A valid signature, with the key ID of another algorithm.
        others = [other["kid"] for algorithm, other in own_keys.items() if algorithm != name]
        forged += [forged_jwts.signed_by_provider(good, key | {"kid": other}) for other in others]
        forged += [
            forged_jwts.signed(good, forged_jwts.key_of(key), name, kid=kid, crit=crit) for crit in (["exp"], [], None)
        ]
        forged.append(forged_jwts.with_claims(forged_jwts.signed_by_provider(good, key), sub="alice"))
    for one in forged:
        response = exchange(service, one)
        assert response.status_code == 400, (forged_jwts.header(one), response.text)
        assert service.audit_line(response)["reason"] in ("malformed", "unknown")
    assert other_provider.requests() == before
    # None of these requests used up the identity.
    assert exchange(service, forged_jwts.signed_by_provider(good, own_keys["ES256"])).status_code == 200
