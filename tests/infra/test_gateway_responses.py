"""Gateway responses are problem documents that repeat nothing of the request."""

import json
import re

import pytest

RESPONSES = "x-amazon-apigateway-gateway-responses"
VARIABLE = re.compile(r"\$context\.[A-Za-z.]+(?:_[a-z]+)*")
HEADER = "gatewayresponse.header."
# The authorizer escapes the last four for JSON. $context.error.message is not allowed: API Gateway
# quotes the Authorization header in it.
ALLOWED_VARIABLES = {
    "$context.requestId",
    "$context.authorizer.detail",
    "$context.authorizer.missing_permission",
    "$context.authorizer.missing_resource",
    "$context.authorizer.missing_roles",
}
# Type -> status and code; the defaults have the status of the gateway.
PROBLEMS = {
    "UNAUTHORIZED": (401, "invalid_token"),
    "ACCESS_DENIED": (403, "insufficient_scope"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found"),
    "RESOURCE_NOT_FOUND": (404, "not_found"),
    "REQUEST_TOO_LARGE": (413, "body_too_large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "unsupported_content_encoding"),
    "THROTTLED": (429, "too_many_requests"),
    "AUTHORIZER_FAILURE": (500, "internal_error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "internal_error"),
    "DEFAULT_4XX": (None, "invalid_request"),
    "DEFAULT_5XX": (None, "internal_error"),
}


def responses(template) -> dict[str, dict]:
    [body] = template.api_bodies()
    return body[RESPONSES]


@pytest.fixture(params=["product", "example"])
def answered(request: pytest.FixtureRequest, template, examples) -> dict[str, dict]:
    return responses(template if request.param == "product" else examples["rest-api"])


def text(response: dict) -> str:
    [(media_type, body)] = response["responseTemplates"].items()
    assert media_type == "application/json"  # The only one that the gateway uses.
    return body


def test_every_kind_of_refusal_has_its_own_response(template) -> None:
    assert responses(template).keys() == PROBLEMS.keys()


def test_a_response_is_a_problem_document(answered) -> None:
    for name, response in answered.items():
        status, code = PROBLEMS[name]
        document = json.loads(VARIABLE.sub("x", text(response)))
        assert document["type"] == f"urn:portcullis:problem:{code}"
        assert document["title"] and document["detail"] and document["request_id"]
        assert document.get("status") == status, name
        assert int(response["statusCode"]) == status if status else "statusCode" not in response, name
        headers = response["responseParameters"]
        assert headers[f"{HEADER}Content-Type"] == "'application/problem+json'"
        assert headers[f"{HEADER}Cache-Control"] == "'no-store'"


def test_a_refusal_has_a_www_authenticate_header(answered) -> None:
    for name, error in {"UNAUTHORIZED": "invalid_token", "ACCESS_DENIED": "insufficient_scope"}.items():
        challenge = answered[name]["responseParameters"][f"{HEADER}WWW-Authenticate"]
        assert challenge.startswith(f'\'Bearer realm="portcullis", error="{error}"')
        assert challenge.endswith("\"'")


def test_a_403_names_the_permission_that_is_missing(answered) -> None:
    document = json.loads(text(answered["ACCESS_DENIED"]))
    assert document["detail"] == "$context.authorizer.detail"
    assert document["permission"] == "$context.authorizer.missing_permission"
    assert document["resource"] == "$context.authorizer.missing_resource"
    assert document["roles"] == "$context.authorizer.missing_roles"


def test_a_response_repeats_nothing_of_the_request(answered) -> None:
    for name, response in answered.items():
        assert set(VARIABLE.findall(text(response))) <= ALLOWED_VARIABLES, name
        assert "$input" not in text(response) and "$util" not in text(response)
        for header, value in response["responseParameters"].items():
            assert re.fullmatch(r"'[^']*'", value), f"{name} {header}"


def test_the_examples_responses_are_the_products(template, examples) -> None:
    of_the_product = responses(template)
    for name, response in responses(examples["rest-api"]).items():
        assert response == of_the_product[name], name
