"""No JWT is in the program's output or in a response."""

import forged_jwts
from client import Start, ask
from provider import ANOTHER_CLIENT, Provider
from service import Service

# The start of every JSON object in base64url.
LOOKS_LIKE_JWT = "eyJ"


def credentials(provider: Provider) -> list[str]:
    """Valid, invalid and malformed JWTs."""
    good = provider.sign_in("alice").id_token
    said, jwk = forged_jwts.claims(good), provider.keys()["RS256"]
    return [
        good,
        provider.sign_in("norman").id_token,
        provider.sign_in("alice", ANOTHER_CLIENT).id_token,
        forged_jwts.with_claims(good, sub="root"),
        forged_jwts.signed_by_provider(said | {"exp": 1}, jwk),
        forged_jwts.signed(said, forged_jwts.own_key("ES256"), "ES256", kid="an invented one"),
        forged_jwts.with_secret(said, b"secret", "HS256", kid=jwk["kid"]),
        forged_jwts.unsigned(said, "none") + ".",
        forged_jwts.unsigned(said, "RS256"),
        good + "." + good,
        good[:-20],
        good[20:],
        good + "=",
        good + " " + good,
        "x" * 5000 + good,
    ]


def test_no_jwt_is_in_a_log_or_a_response(own_provider: Provider, start: Start) -> None:
    presented = credentials(own_provider)
    kept = written(start(own_provider.issuer), presented)
    own_provider.stop()
    kept += written(start(own_provider.issuer), presented)
    for place, text in kept:
        assert text, place
        assert LOOKS_LIKE_JWT not in text, place
        for part in {part for credential in presented for part in credential.split(".")}:
            assert len(part) < 20 or part not in text, place


def written(service: Service, presented: list[str]) -> list[tuple[str, str]]:
    """All responses and output for these credentials, with their source; stops the service."""
    asked = [("GET", "/me"), ("GET", "/demo/apps/billing"), ("POST", "/tokens"), ("GET", "/no/such/route")]
    answers = [ask(service, method, path, credential) for credential in presented for method, path in asked]
    kept = [(log.name, log.read_text()) for log in service.logs]
    service.stop()
    kept.append((service.messages.name, service.messages.read_text()))
    return [*kept, ("answers", "\n".join(f"{answer.headers}\n{answer.text}" for answer in answers))]
