"""infra/openapi.yaml as data."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from programs import ROOT

PATH = ROOT / "infra" / "openapi.yaml"
DOCUMENT: dict = yaml.safe_load(PATH.read_text())

METHODS = {"delete", "get", "patch", "post", "put"}
PROBLEM = "application/problem+json"
PROBLEM_PREFIX = "urn:portcullis:problem:"

URI = "urn:portcullis:openapi"
FORMATS = FormatChecker()
REGISTRY = Registry().with_resource(URI, Resource.from_contents(DOCUMENT, default_specification=DRAFT202012))


def operations() -> dict[str, dict]:
    """Every operation, by what it is called: `POST /tokens`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(node: Any) -> Any:
    """What a reference refers to; anything else as it is."""
    while isinstance(node, dict) and "$ref" in node:
        found = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def responses(operation: dict) -> dict[int, dict]:
    """What an operation may answer, by status."""
    return {int(status): resolved(response) for status, response in operation["responses"].items()}


def problem_types(response: dict) -> set[str]:
    """The problems that a response may be: `not_found`. None for an answer that is no problem."""
    schema = resolved(response.get("content", {}).get(PROBLEM, {}).get("schema", {}))
    kinds = [resolved(kind) for kind in schema.get("oneOf", [schema])]
    types = {kind["properties"]["type"]["const"] for kind in kinds if kind}
    return {kind.removeprefix(PROBLEM_PREFIX) for kind in types}


def is_open(operation: dict) -> bool:
    """Whether it needs no credential."""
    return operation.get("security") == []


@FORMATS.checks("cidr", raises=ValueError)
def is_network(value: Any) -> bool:
    """Whether it is an address or a network, with no bit set behind its length."""
    return not isinstance(value, str) or ip_network(value) is not None


def complaints(schema: dict, value: Any) -> list[str]:
    """What is wrong with a value, if its schema is asked."""
    located = {"$id": URI + ":asked", **rebased(schema)}
    validator = Draft202012Validator(located, registry=REGISTRY, format_checker=FORMATS)
    return [error.message for error in validator.iter_errors(value)]


def rebased(node: Any) -> Any:
    """A part of the document, with references that hold wherever it stands."""
    if isinstance(node, list):
        return [rebased(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: URI + item if key == "$ref" else rebased(item) for key, item in node.items()}


def walk(node: Any = DOCUMENT, place: str = "#") -> Iterator[tuple[str, dict]]:
    """Every object of the document, and where it is."""
    if isinstance(node, dict):
        yield place, node
        for key, item in node.items():
            yield from walk(item, f"{place}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from walk(item, f"{place}/{index}")
