"""infra/openapi.yaml as data."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network
from typing import Any
from zlib import crc32

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from programs import ROOT

PATH = ROOT / "infra" / "openapi.yaml"
DOCUMENT: dict = yaml.safe_load(PATH.read_text())

METHODS = {"delete", "get", "patch", "post", "put"}
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PROBLEM = "application/problem+json"
PROBLEM_PREFIX = "urn:portcullis:problem:"

URI = "urn:portcullis:openapi"
FORMATS = FormatChecker()
REGISTRY = Registry().with_resource(URI, Resource.from_contents(DOCUMENT, default_specification=DRAFT202012))


def operations() -> dict[str, dict]:
    """Every operation by its name, such as `POST /tokens`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(node: Any) -> Any:
    """Resolves a reference; returns anything else unchanged."""
    while isinstance(node, dict) and "$ref" in node:
        found = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def responses(operation: dict) -> dict[int, dict]:
    """The responses of an operation, by status."""
    return {int(status): resolved(response) for status, response in operation["responses"].items()}


def problem_types(response: dict) -> set[str]:
    """The codes of a problem response, such as `not_found`; None for other responses."""
    schema = resolved(response.get("content", {}).get(PROBLEM, {}).get("schema", {}))
    kinds = [resolved(kind) for kind in schema.get("oneOf", [schema])]
    types = {kind["properties"]["type"]["const"] for kind in kinds if kind}
    return {kind.removeprefix(PROBLEM_PREFIX) for kind in types}


def is_open(operation: dict) -> bool:
    """Whether the operation needs no credential."""
    return operation.get("security") == []


@FORMATS.checks("cidr", raises=ValueError)
def is_network(value: Any) -> bool:
    """Whether it is an IP address or a network without host bits."""
    return not isinstance(value, str) or ip_network(value) is not None


@FORMATS.checks("without-credential")
def is_without_credential(value: Any) -> bool:
    """Whether a text contains no token with a valid checksum and no JWT."""
    return not isinstance(value, str) or not (any(tokens(value)) or any(jwt_headers(value)))


@FORMATS.checks("approval-link")
def is_link(value: Any) -> bool:
    """Whether it is an https URL with a host, without a user name and without a credential."""
    if not isinstance(value, str):
        return True
    authority = re.match(r"https://([^/?#]*)", value)
    host = authority and re.sub(r":[0-9]*$", "", authority[1])
    return bool(host) and "@" not in host and value.isascii() and value.isprintable() and is_without_credential(value)


SECONDS = {"s": 1, "m": 60, "h": 3600}


@FORMATS.checks("approval-duration")
def is_approval_duration(value: Any) -> bool:
    """Whether it is a duration from 1 minute to 24 hours."""
    return not isinstance(value, str) or 60 <= (seconds(value) or 0) <= 86_400


def seconds(duration: str) -> int | None:
    """The seconds of a duration such as `15m`; None for other texts."""
    found = re.fullmatch("([0-9]+)([smh])", duration)
    return int(found[1]) * SECONDS[found[2]] if found else None


def tokens(text: str) -> Iterator[str]:
    """Whole tokens of any deployment, anywhere in a text."""
    for before, body in re.findall(r"([a-z0-9]{2,16})(?:_|%5[Ff])(?=([0-9A-Za-z]{65}))", text):
        for start in range(len(before) - 1):
            token = f"{before[start:]}_{body}"
            if token[0].isalpha() and checksum(token[:-6]) == token[-6:]:
                yield token


def jwt_headers(text: str) -> Iterator[dict]:
    """JWT headers with `alg`, anywhere in a text."""
    for part in re.findall(r"(?=(e[wy][0-9A-Za-z_-]{0,1022})\.[0-9A-Za-z_-]*\.)", text):
        with suppress(ValueError):
            header = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            if isinstance(header, dict) and "alg" in header:
                yield header


def checksum(text: str) -> str:
    """CRC-32 in base62: the checksum of a token."""
    rest, digits = crc32(text.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = DIGITS[digit] + digits
    return digits


def complaints(schema: dict, value: Any) -> list[str]:
    """The schema's errors for a value."""
    located = {"$id": URI + ":asked", **rebased(schema)}
    validator = Draft202012Validator(located, registry=REGISTRY, format_checker=FORMATS)
    return [error.message for error in validator.iter_errors(value)]


def rebased(node: Any) -> Any:
    """A part of the document, with references that resolve outside it."""
    if isinstance(node, list):
        return [rebased(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: URI + item if key == "$ref" else rebased(item) for key, item in node.items()}


def walk(node: Any = DOCUMENT, place: str = "#") -> Iterator[tuple[str, dict]]:
    """Every object of the document, and its path."""
    if isinstance(node, dict):
        yield place, node
        for key, item in node.items():
            yield from walk(item, f"{place}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from walk(item, f"{place}/{index}")
