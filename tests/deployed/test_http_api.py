"""The HTTP API example, with both response formats."""

import json
from collections.abc import Iterator

import pytest

import gateway
import stack as stacks
from emulator import Emulator
from stack import Stack


@pytest.fixture(scope="module")
def http_url(emulator: Emulator, http_example: Stack) -> str:
    return gateway.direct(emulator, http_example.resources["Api"])


@pytest.fixture(scope="module")
def token(url: str, admin_token: str) -> dict:
    asked = {"name": "of an HTTP API", "permissions": ["apps:read"], "resources": ["apps/billing"]}
    return gateway.call("POST", f"{url}/tokens", admin_token, asked).body


@pytest.fixture(params=["simple", "iam"])
def answer_form(
    request: pytest.FixtureRequest, emulator: Emulator, portcullis: Stack, http_example: Stack
) -> Iterator[str]:
    """Sets one response format in both `HttpApiResponseFormat` and `EnableSimpleResponses`."""
    set_answer_form(emulator, portcullis, http_example, request.param)
    yield request.param
    set_answer_form(emulator, portcullis, http_example, "simple")


def set_answer_form(emulator: Emulator, portcullis: Stack, http_example: Stack, form: str) -> None:
    variables = stacks.authorizer_variables(emulator, portcullis)
    variables["PORTCULLIS_HTTP_API_RESPONSE_FORMAT"] = form
    stacks.set_authorizer_variables(emulator, portcullis, variables)
    api = {"ApiId": http_example.resources["Api"]}
    gateways = emulator.client("apigatewayv2")
    [authorizer] = gateways.get_authorizers(**api)["Items"]
    gateways.update_authorizer(**api, AuthorizerId=authorizer["AuthorizerId"], EnableSimpleResponses=form == "simple")


def test_a_token_is_allowed_what_it_was_granted(answer_form: str, http_url: str, token: dict) -> None:
    opened = gateway.call("GET", f"{http_url}/apps/billing/builds", token["token"])
    assert (opened.status, opened.body["path"]) == (200, "/apps/billing/builds")
    principal = opened.body["principal"]
    assert principal["token_id"] == token["id"]
    assert (principal["principal_type"], principal["token_name"]) == ("token", "of an HTTP API")
    grants = [{"permissions": ["apps:read"], "resources": ["apps/billing"]}]
    assert (principal["owner"], json.loads(principal["grants"])) == ("admin", grants)


def test_everything_else_is_refused(answer_form: str, http_url: str, token: dict) -> None:
    secret = token["token"]
    assert gateway.call("GET", f"{http_url}/apps/other", secret).status == 403
    assert gateway.call("POST", f"{http_url}/apps/billing", secret).status == 403
    # An HTTP API turns an authorizer's error into a 500, so invalid tokens are denied: 403.
    for bad in [None, "nonsense", f"{secret[:-1]}!"]:
        assert gateway.call("GET", f"{http_url}/apps/billing", bad).status == 403
