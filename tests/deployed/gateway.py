"""A custom domain for several APIs, and requests to them."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from emulator import Emulator
from stack import Stack

# A custom domain that needs no DNS.
DOMAIN = "127.0.0.1"


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: dict = field(repr=False)


def join(emulator: Emulator, portcullis: Stack, example: Stack) -> str:
    """Maps Portcullis to `/` and the protected API to `/demo` of one custom domain; returns its URL."""
    gateway = emulator.client("apigateway")
    gateway.create_domain_name(domainName=DOMAIN, endpointConfiguration={"types": ["REGIONAL"]})
    stage = portcullis.resources["ApiStage"]
    gateway.create_base_path_mapping(domainName=DOMAIN, restApiId=portcullis.resources["Api"], stage=stage)
    gateway.create_base_path_mapping(
        domainName=DOMAIN, basePath="demo", restApiId=example.resources["Api"], stage="demo"
    )
    return f"http://{DOMAIN}:{emulator.port}"


def direct(emulator: Emulator, api_id: str) -> str:
    """The URL of an API without a custom domain."""
    return f"{emulator.endpoint}/_aws/execute-api/{api_id}"


def call(
    method: str, url: str, token: str | None = None, body: dict | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Sends a request, with a token if there is one. The emulator takes the source address from
    X-Forwarded-For."""
    headers = ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return parse(response.status, response.headers, response.read())
    except urllib.error.HTTPError as refused:
        return parse(refused.code, refused.headers, refused.read())


def parse(status: int, headers, body: bytes) -> Response:
    """With header names in lower case."""
    return Response(status, {name.lower(): value for name, value in headers.items()}, json.loads(body or b"null"))
