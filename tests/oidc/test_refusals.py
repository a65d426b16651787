"""Forged, foreign and expired sessions are refused.

Each of these tokens would give its sender an admin's permissions if it were accepted.
"""

import time
from typing import Any

import pytest

import forged_jwts
from client import me, refused
from provider import ANOTHER_CLIENT, CLIENTS, Provider
from service import Service

FORMS = ["PEM", "PEM in one line", "PEM without its last line end", "DER", "JWK", "nothing"]
YESTERDAY, TOMORROW = time.time() - 86_400, time.time() + 86_400


@pytest.fixture(scope="module")
def token(provider: Provider) -> str:
    """A valid token to start from."""
    return provider.sign_in("alice").id_token


@pytest.fixture(scope="module")
def said(token: str) -> dict:
    """The claims of a valid token."""
    return forged_jwts.claims(token)


def refused_session(service: Service, token: str, *reasons: str) -> None:
    line = refused(service, token)
    assert line["principal_type"] == "session"
    assert line["reason"] in (reasons or ("malformed", "unknown"))


def test_the_token_that_the_forgeries_start_from_is_valid(
    provider: Provider, service: Service, token: str, said: dict
) -> None:
    assert me(service, token)["roles"] == ["admin"]
    for jwk in provider.keys().values():
        assert me(service, forged_jwts.signed_by_provider(said, jwk))["roles"] == ["admin"]


def test_an_id_token_for_another_client_is_refused(provider: Provider, service: Service) -> None:
    refused_session(service, provider.sign_in("alice", ANOTHER_CLIENT).id_token)


def test_an_access_token_for_another_api_is_refused(provider: Provider, service: Service) -> None:
    signed_in = provider.sign_in("alice", resource="urn:example:another-api")
    refused_session(service, signed_in.access_token)


def test_an_opaque_access_token_is_refused(provider: Provider, service: Service) -> None:
    refused(service, provider.sign_in("alice").access_token)


def test_an_id_token_of_another_provider_is_refused(other_provider: Provider, service: Service) -> None:
    refused_session(service, other_provider.sign_in("alice").id_token)


@pytest.mark.parametrize("algorithm", CLIENTS)
def test_a_token_signed_by_another_provider_is_refused(
    algorithm: str, provider: Provider, other_provider: Provider, service: Service, said: dict
) -> None:
    key = other_provider.keys()[algorithm]
    for kid in [key["kid"], provider.keys()[algorithm]["kid"]]:
        refused_session(service, forged_jwts.signed_by_provider(said, key | {"kid": kid}))


@pytest.mark.parametrize("algorithm", CLIENTS)
def test_a_tampered_token_is_refused(algorithm: str, provider: Provider, service: Service, said: dict) -> None:
    good = forged_jwts.signed_by_provider(
        said | {"sub": "vera", "groups": ["portcullis-viewer"]}, provider.keys()[algorithm]
    )
    assert me(service, good)["owner"] == "vera"
    refused_session(service, forged_jwts.with_claims(good, sub="alice"))
    refused_session(service, forged_jwts.with_claims(good, groups=["portcullis-admin"]))
    refused_session(service, forged_jwts.with_other_signature(good))
    refused_session(service, good.rpartition(".")[0] + ".")


@pytest.mark.parametrize("algorithm", CLIENTS)
@pytest.mark.parametrize("key_of", CLIENTS)
def test_a_token_signed_with_an_unknown_key_is_refused(
    algorithm: str, key_of: str, provider: Provider, service: Service, said: dict
) -> None:
    kid = provider.keys()[key_of]["kid"]
    refused_session(service, forged_jwts.signed(said, forged_jwts.own_key(algorithm), algorithm, kid=kid))


def test_keys_in_a_tokens_header_are_not_used(
    provider: Provider, other_provider: Provider, service: Service, said: dict
) -> None:
    key = other_provider.keys()["RS256"]
    places: list[dict[str, Any]] = [{"jwk": forged_jwts.public_jwk(key)}, {"jku": f"{other_provider.issuer}/jwks"}]
    before = other_provider.requests()
    for place in places:
        for kid in [key["kid"], provider.keys()["RS256"]["kid"]]:
            refused_session(service, forged_jwts.signed(said, forged_jwts.key_of(key), "RS256", kid=kid, **place))
    assert other_provider.requests() == before


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_not_accepted_as_an_hmac_secret(
    algorithm: str, form: str, provider: Provider, service: Service, said: dict
) -> None:
    for jwk in provider.keys().values():
        secret = forged_jwts.public_forms(jwk)[form]
        refused_session(service, forged_jwts.with_secret(said, secret, algorithm, kid=jwk["kid"]))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_without_a_signature_is_refused(
    algorithm: str, provider: Provider, service: Service, token: str, said: dict
) -> None:
    signature = token.rpartition(".")[2]
    for headers in [{}, {"kid": provider.keys()["RS256"]["kid"]}]:
        body = forged_jwts.unsigned(said, algorithm, **headers)
        for end in ["", signature]:
            refused_session(service, f"{body}.{end}")


@pytest.mark.parametrize("algorithm", CLIENTS)
def test_an_expired_session_is_refused(algorithm: str, provider: Provider, service: Service, said: dict) -> None:
    ended = said | {"iat": int(YESTERDAY), "exp": int(time.time()) - 3600}
    refused_session(service, forged_jwts.signed_by_provider(ended, provider.keys()[algorithm]), "expired")


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": None},
        {"exp": "never"},
        {"exp": str(int(TOMORROW))},
        {"azp": "another-product"},
        {"aud": ["portcullis", "another-product"], "azp": "another-product"},
        {"nbf": int(TOMORROW)},
        {"aud": None},
        {"aud": []},
        {"aud": ["another-product"]},
        {"aud": "portcullis-es256"},
        {"aud": "PORTCULLIS"},
        {"iss": None},
        {"iss": "http://127.0.0.1"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_wrong_claims_are_refused_despite_a_valid_signature(
    changed: dict, provider: Provider, service: Service, said: dict
) -> None:
    claims = {name: value for name, value in (said | changed).items() if value is not None}
    refused_session(service, forged_jwts.signed_by_provider(claims, provider.keys()["RS256"]))
