"""Identities of a real provider are exchanged as the catalog's trust rules say."""

import requests

import forge
from asking import Start, ask, audited, me
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
    answer = ask(service, "PUT", "/catalog", service.admin_token, document, {"If-Match": tag})
    assert answer.status_code == 200, answer.text


def exchange(service: Service, identity: str) -> requests.Response:
    return requests.post(f"{service.url}/exchange", data=FORM | {"subject_token": identity}, timeout=120)


def identity(provider: Provider, person: str = "vera") -> str:
    return provider.sign_in(person, resource=API).access_token


def test_an_identity_of_the_provider_is_exchanged_once_by_the_rule_that_takes_it(
    own_provider: Provider, start: Start
) -> None:
    service = start(None, "")
    trust(
        service,
        own_provider,
        {"name": "for-alice", "claims": {"sub": "alice"}},
        {"name": "for-vera", "claims": {"sub": "vera"}, "lifetime": "1m"},
    )
    signed = identity(own_provider)
    answer = exchange(service, signed)
    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert (given["rule"], given["expires_in"], given["scope"]) == ("for-vera", 60, "apps:read")
    assert me(service, given["access_token"])["owner"] == "trust:for-vera"
    assert audited(service, answer)["via"] == given["via"]

    again = exchange(service, signed)
    assert (again.status_code, audited(service, again)["reason"]) == (400, "replayed")
    assert exchange(service, identity(own_provider, "alice")).json()["rule"] == "for-alice"
    other = exchange(service, identity(own_provider, "norman"))
    assert (other.status_code, audited(service, other)["reason"]) == (400, "untrusted")
    # Its keys are new ones from now on, and so is what they sign.
    own_provider.tell("rotate")
    assert exchange(service, identity(own_provider)).status_code == 200
    trust(service, own_provider)
    assert exchange(service, identity(own_provider)).status_code == 400


def test_what_the_provider_has_not_signed_or_not_for_this_is_refused(own_provider: Provider, start: Start) -> None:
    service = start(None, "")
    trust(service, own_provider, {"name": "vera", "claims": {"sub": "vera"}})
    good = forge.claims(identity(own_provider))
    key = own_provider.keys()["RS256"]
    for claims in [
        good | {"aud": "urn:example:other"},
        good | {"iss": own_provider.issuer + "/"},
        good | {"exp": good["iat"] - 3600},
        {name: value for name, value in good.items() if name != "jti"},
    ]:
        assert exchange(service, forge.signed_by_provider(claims, key)).status_code == 400
    stranger = forge.signed(good, forge.own_key("RS256"), "RS256", kid=key["kid"])
    assert exchange(service, stranger).status_code == 400
    # An ID token for a client is none for this audience.
    assert exchange(service, own_provider.sign_in("vera").id_token).status_code == 400
    assert exchange(service, forge.signed_by_provider(good, key)).status_code == 200
