"""Requests to the service, and their audit lines."""

from collections.abc import Callable
from typing import Any

import requests

from service import Service

# Starts a service with an issuer (or none), an audience and further flags.
Start = Callable[..., Service]

PROBLEM_PREFIX = "urn:portcullis:problem:"


def ask(
    service: Service,
    method: str,
    path: str,
    credential: str | None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> requests.Response:
    """Sends a request with a bearer credential."""
    bearer = {"Authorization": f"Bearer {credential}"} if credential is not None else {}
    return requests.request(method, service.url + path, headers=bearer | (headers or {}), json=body, timeout=120)


def me(service: Service, credential: str) -> dict:
    """The response of `GET /me`."""
    response = ask(service, "GET", "/me", credential)
    assert response.status_code == 200, response.text
    return response.json()


def problem(response: requests.Response) -> tuple[int, str]:
    """Status and code of a problem response."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"].removeprefix(PROBLEM_PREFIX)


def refused(service: Service, credential: str) -> dict:
    """Asserts that a credential is refused without an owner in the audit line; returns that line."""
    response = ask(service, "GET", "/me", credential)
    assert problem(response) == (401, "invalid_token")
    line = service.audit_line(response)
    assert (line["rbac_decision"], line["owner"], line["api_token_id"]) == ("deny", None, None)
    return line
