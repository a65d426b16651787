"""The description against the template: routes, and the responses that no test can produce."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml

import spec
from programs import ROOT

# Every problem that a function can return, from the service's own snapshot.
[PROBLEMS] = (ROOT / "shared/src/http/snapshots").glob("*__each_problem_has_its_document.snap")
# The gateway's responses to unknown routes belong to no operation.
NO_ROUTE = {"MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND"}
# The two default responses cover these, which have no text of their own.
STATUSES_OF_DEFAULTS = {"DEFAULT_4XX": [400], "DEFAULT_5XX": [500, 502, 504]}
# Responses of the authorizer, which open routes do not have.
OF_THE_AUTHORIZER = {"UNAUTHORIZED", "ACCESS_DENIED"}


class Template(yaml.SafeLoader):
    """CloudFormation's YAML; the values of its functions are not needed."""


Template.add_multi_constructor("!", lambda loader, tag, node: tag)


@pytest.fixture(scope="module")
def resources() -> dict:
    return yaml.load((ROOT / "template.yaml").read_text(), Template)["Resources"]  # noqa: S506 (it is a safe one)


def is_of_the_console(event: dict) -> bool:
    """The console's files are not part of the API."""
    return event["Path"].startswith("/console")


def test_the_routes_deployed_as_open_are_described_as_open(resources: dict) -> None:
    open_ones = {
        f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}"
        for resource in resources.values()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Properties"].get("Auth", {}).get("Authorizer") == "NONE"
        and not is_of_the_console(event["Properties"])
    }
    assert open_ones == {call for call, operation in spec.operations().items() if spec.is_open(operation)}


def own_answers(resources: dict) -> Iterator[tuple[str, int, dict, dict]]:
    """Gateway responses: name, status, headers, body."""
    for name, answer in resources["Api"]["Properties"]["GatewayResponses"].items():
        statuses = STATUSES_OF_DEFAULTS.get(name) or [answer["StatusCode"]]
        quoted = answer["ResponseParameters"]["Headers"]
        headers = {key.lower(): value.strip("'") for key, value in quoted.items()}
        [text] = answer["ResponseTemplates"].values()
        for status in statuses:
            yield name, status, headers, json.loads(filled_in(text))


def filled_in(text: str) -> str:
    values = {
        "requestId": "11111111-2222-4333-8444-555555555555",
        "authorizer.detail": "A sentence.",
        "authorizer.missing_permission": "tokens:read",
        "authorizer.missing_resource": "tokens",
        "authorizer.missing_roles": "admin",
    }
    return re.sub(r"\$context\.([A-Za-z_.]+[A-Za-z_])", lambda variable: values[variable[1]], text)


def test_gateway_responses_are_described_for_every_operation(resources: dict) -> None:
    for name, status, headers, body in own_answers(resources):
        if name in NO_ROUTE:
            continue
        for call, operation in spec.operations().items():
            if name in OF_THE_AUTHORIZER and spec.is_open(operation):
                continue
            response = spec.responses(operation)[status]
            assert spec.complaints(response["content"][headers["content-type"]]["schema"], body) == [], (name, call)
            for key, header in response["headers"].items():
                header = spec.resolved(header)
                value = headers.get(key.lower())
                if value is None:
                    # The gateway adds the request ID.
                    assert not header["required"] or key == "x-amzn-requestid", (name, call, key)
                    continue
                value = int(value) if header["schema"]["type"] == "integer" else value
                assert spec.complaints(header["schema"], value) == [], (name, call, key)


def own_problems() -> dict[int, list[dict]]:
    """Every problem that a function can return, by status."""
    problems: dict[int, list[dict]] = {}
    for line in PROBLEMS.read_text().splitlines():
        if line.startswith("{"):
            problem = json.loads(line)
            problems.setdefault(problem["status"], []).append(problem)
    return problems


def test_every_problem_of_the_service_is_described() -> None:
    for status, problems in own_problems().items():
        described = [
            spec.responses(operation)[status]["content"][spec.PROBLEM]["schema"]
            for operation in spec.operations().values()
            if status in spec.responses(operation)
        ]
        for problem in problems:
            assert any(spec.complaints(schema, problem) == [] for schema in described), problem


def test_every_described_problem_is_one_that_the_code_returns(resources: dict) -> None:
    answered = {(status, body["type"]) for _, status, _, body in own_answers(resources)}
    answered |= {(status, problem["type"]) for status, all_of in own_problems().items() for problem in all_of}
    described = {
        (status, spec.PROBLEM_PREFIX + kind)
        for operation in spec.operations().values()
        for status, response in spec.responses(operation).items()
        for kind in spec.problem_types(response)
    }
    assert described == answered
