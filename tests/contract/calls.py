"""Calls of the described operations; each response is validated against infra/openapi.yaml."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests
import schemathesis
from schemathesis.specs.openapi import checks

import spec
from service import Service

# Nothing is read from or written to the current directory.
QUIET = {"cache": {"enabled": False}, "generation": {"database": "none"}}
SCHEMA = schemathesis.openapi.from_path(spec.PATH, config=schemathesis.Config.from_dict(QUIET))
CONFORMANCE = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# The form of an exchange, without its identity.
EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
}

# A request for approval, which the default catalog requires.
APPROVAL = {"permission": "releases:write", "resource": "releases/42", "reason": "Deploy 1.4.2"}


@dataclass(frozen=True)
class Call:
    """A request to an operation."""

    operation: str
    token: str | None
    id: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    # Sent as JSON; bytes are sent unchanged.
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    # Sent as a form, instead of a body.
    form: dict[str, Any] | list[tuple[str, str]] | None = None
    owner: str = ""
    version: int = 1

    def send(self, service: Service) -> requests.Response:
        """Sends it, and validates the response."""
        method, path = self.operation.split(" ")
        response = requests.request(
            method,
            service.url + self.filled_in(path),
            params=self.query,
            headers=({"Authorization": f"Bearer {self.token}"} if self.token else {}) | self.headers,
            data=self.sent(),
            timeout=120,
        )
        place = {"id": self.id, "owner": self.owner, "version": self.version}
        case = SCHEMA.find_operation_by_label(self.operation).Case(path_parameters=place)
        case.validate_response(response, checks=CONFORMANCE)
        return response

    def filled_in(self, path: str) -> str:
        owner = quote(self.owner, safe="")
        return path.replace("{id}", self.id).replace("{owner}", owner).replace("{version}", str(self.version))

    def sent(self) -> Any:
        if self.form is not None:
            return self.form
        return self.body if isinstance(self.body, bytes | None) else json.dumps(self.body)


def create(service: Service, token: str, **wanted: Any) -> dict:
    """Creates a token. `...` omits a field."""
    body = {"name": "contract", "permissions": ["apps:read"], "resources": ["*"], **wanted}
    body = {field: value for field, value in body.items() if value is not ...}
    response = Call("POST /tokens", token, body=body).send(service)
    assert response.status_code == 201, response.text
    return response.json()


def request_approval(service: Service, token: str, **wanted: Any) -> dict:
    """Requests an approval for the token."""
    response = Call("POST /approvals", token, body=APPROVAL | wanted).send(service)
    assert response.status_code == 201, response.text
    return response.json()


def sign_in(service: Service, name: str, *groups: str) -> str:
    """A session with these groups."""
    form = {"name": name, "groups": ",".join(groups)}
    headers = {"Accept": "application/json"}
    response = requests.post(service.url + "/dev/sign-in", data=form, headers=headers, timeout=120)
    assert response.status_code == 200, response.text
    return response.json()["session"]


def put_catalog(service: Service, catalog: Any) -> requests.Response:
    """Replaces the catalog with the current ETag."""
    tag = Call("GET /catalog", service.admin_token).send(service).headers["etag"]
    return Call("PUT /catalog", service.admin_token, body=catalog, headers={"If-Match": tag}).send(service)


def wait_until(condition: Callable[[], object]) -> None:
    """Waits for what happens after a response, or as time passes."""
    late = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < late, "it did not happen"
        time.sleep(0.05)


def problem_type(response: requests.Response) -> str | None:
    """The code of the problem in a response, such as `not_found`; None for other responses."""
    if response.headers.get("content-type") != spec.PROBLEM:
        return None
    return response.json()["type"].removeprefix(spec.PROBLEM_PREFIX)
