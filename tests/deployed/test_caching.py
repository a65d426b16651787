"""The gateway caches one policy for all routes, per token and address."""

import uuid
from collections.abc import Iterator

import pytest

import gateway
import logs
import stack as stacks
from conftest import CACHE_SECONDS
from emulator import Emulator
from stack import Stack


@pytest.fixture(scope="module")
def cached_url(emulator: Emulator, portcullis: Stack, cached_example: Stack) -> Iterator[str]:
    """The example with a cache, and an authorizer configured for it."""
    set_cache(emulator, portcullis, CACHE_SECONDS, "iam")
    yield f"{gateway.direct(emulator, cached_example.resources['Api'])}/demo"
    set_cache(emulator, portcullis, 0, "simple")


def set_cache(emulator: Emulator, portcullis: Stack, seconds: int, answer: str) -> None:
    """Sets the parameters AuthorizerCacheSeconds and HttpApiResponseFormat."""
    variables = stacks.authorizer_variables(emulator, portcullis)
    variables |= {"PORTCULLIS_AUTHORIZER_CACHE_SECONDS": str(seconds), "PORTCULLIS_HTTP_API_RESPONSE_FORMAT": answer}
    stacks.set_authorizer_variables(emulator, portcullis, variables)


def decisions(emulator: Emulator, portcullis: Stack, token_id: str) -> int:
    """Number of authorizer calls for a token on the cached API."""
    lines = logs.decisions(emulator, portcullis.resources["AuthorizerLogGroup"])
    return len([line for line in lines if line["api_token_id"] == token_id])


def test_one_cached_policy_decides_every_route_as_a_fresh_one(
    emulator: Emulator, portcullis: Stack, cached_url: str, url: str, admin_token: str
) -> None:
    asked = {
        "name": f"cached {uuid.uuid4().hex}",
        "grants": [
            {"permissions": ["apps:*"], "resources": ["apps/billing"]},
            {"permissions": ["apps:read"], "resources": ["apps/shop"]},
        ],
    }
    token = gateway.call("POST", f"{url}/tokens", admin_token, asked).body
    for method, path, status in [
        ("GET", "/apps/shop", 200),
        ("POST", "/apps/shop", 403),
        ("GET", "/apps/billing", 200),
        ("POST", "/apps/billing/builds", 200),
        ("GET", "/apps", 403),
        ("GET", "/apps/payroll", 403),
        ("GET", "/apps/shopping", 403),
        ("DELETE", "/apps/shop/x", 403),
        ("GET", "/", 403),
        ("GET", "/apps/shop/x/y", 200),
    ]:
        assert gateway.call(method, f"{cached_url}{path}", token["token"]).status == status, (method, path)
    assert decisions(emulator, portcullis, token["id"]) == 1
    # Another address is another cache key.
    elsewhere = {"X-Forwarded-For": "198.51.100.7"}
    assert gateway.call("GET", f"{cached_url}/apps/shop", token["token"], headers=elsewhere).status == 200
    assert decisions(emulator, portcullis, token["id"]) == 2
    # A revocation applies when the cached policy expires; on other APIs at once.
    assert gateway.call("POST", f"{url}/tokens/{token['id']}/revoke", admin_token).status == 200
    assert gateway.call("GET", f"{cached_url}/apps/shop", token["token"]).status == 200
    assert gateway.call("GET", f"{url}/me", token["token"]).status == 401
