"""The description is valid and complete, and its examples match its schemas."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

import spec


def test_the_description_is_valid_openapi() -> None:
    validate(spec.DOCUMENT)


def examples() -> Iterator[tuple[str, dict, Any]]:
    """Every example and default, with its path and its schema."""
    for place, node in spec.walk():
        schema = node.get("schema", node)
        if "example" in node:
            yield f"{place}/example", schema, node["example"]
        if "default" in node and "type" in node:
            yield f"{place}/default", node, node["default"]
        written = node.get("examples")
        if isinstance(written, list):
            yield from ((f"{place}/examples/{at}", node, value) for at, value in enumerate(written))
        elif isinstance(written, dict) and "schema" in node:
            for name, example in written.items():
                yield f"{place}/examples/{name}", schema, spec.resolved(example)["value"]


@pytest.mark.parametrize(("schema", "value"), [pytest.param(*it, id=place) for place, *it in examples()])
def test_every_example_is_what_its_schema_asks_for(schema: dict, value: Any) -> None:
    assert spec.complaints(schema, value) == []


def objects_in(value: Any) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects_in(item)


@pytest.mark.parametrize(
    ("schema", "value"),
    # Unknown form parameters are ignored (RFC 6749, 3.2).
    [pytest.param(*it, id=place) for place, *it in examples() if isinstance(it[1], dict) and "form-url" not in place],
)
def test_no_object_allows_undescribed_fields(schema: dict, value: dict) -> None:
    for found in objects_in(value):
        found["not_described"] = None
        assert spec.complaints(schema, value) != []
        del found["not_described"]


def test_every_response_has_an_example() -> None:
    bodies = [
        (f"{name} {status}", content)
        for name, operation in spec.operations().items()
        for status, response in spec.responses(operation).items()
        for content in response.get("content", {}).values()
    ]
    assert len(bodies) > 50
    assert [place for place, content in bodies if not content.get("examples")] == []


def test_no_example_could_be_a_token() -> None:
    """Tokens in examples have a wrong checksum: they are refused unread, and scanners ignore them."""
    written = set(re.findall(r"\b[a-z][a-z0-9]{1,15}_[0-9A-Za-z]{65}\b", spec.PATH.read_text()))
    assert written
    for text in written:
        assert spec.checksum(text[:-6]) != text[-6:], text


def test_the_checksum_used_here_is_the_services() -> None:
    assert spec.checksum("123456789") == "3jZRME"


def test_every_response_has_a_request_id_and_no_store() -> None:
    for name, operation in spec.operations().items():
        for status, response in spec.responses(operation).items():
            required = {key.lower() for key, header in response["headers"].items() if spec.resolved(header)["required"]}
            assert {"cache-control", "x-amzn-requestid"} <= required, f"{name} {status}"


def test_every_shared_component_is_used() -> None:
    used = {node["$ref"] for _, node in spec.walk() if "$ref" in node}
    parts = {
        f"#/components/{kind}/{name}"
        for kind, named in spec.DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in named
    }
    assert parts == used


OPEN = {"POST /revoke", "POST /exchange", "GET /.well-known/oauth-protected-resource"}


def test_every_operation_but_the_open_ones_needs_a_credential() -> None:
    assert spec.DOCUMENT["security"] == [{"bearer": []}, {"apiToken": []}]
    assert {name for name, operation in spec.operations().items() if "security" in operation} == OPEN
    assert all(spec.is_open(spec.operations()[name]) for name in OPEN)


def test_the_usual_lifetimes_are_examples() -> None:
    examples = spec.operations()["POST /tokens"]["requestBody"]["content"]["application/json"]["examples"]
    presets = ["7d", "30d", "60d", "90d"]
    assert [examples[preset]["value"]["expires_in"] for preset in presets] == presets
