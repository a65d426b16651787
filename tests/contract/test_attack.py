"""Every operation, with generated valid and invalid requests.

schemathesis generates requests from the description: each limit met and exceeded, each type
changed, each field omitted, unknown methods and parameters, and random requests. Every response
is as described; valid requests are accepted and invalid ones refused. The requests of an admin are
repeated with an ordinary token and without one. The random requests are the same in every run.
"""

import re
import uuid
from datetime import datetime
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

import calls
import spec
from calls import Call
from issuer import MANAGER
from service import Service

# Times that are in the future, but less than 36500 days away: no schema can express "in the
# future".
FUTURE = st.datetimes(datetime(2090, 1, 1), datetime(2120, 1, 1), timezones=st.none())
PLACE_IN_A_LIST = re.compile(spec.DOCUMENT["components"]["schemas"]["Cursor"]["pattern"])

ROLE = re.compile(spec.DOCUMENT["components"]["schemas"]["RoleName"]["pattern"])
TAG = re.compile(spec.DOCUMENT["components"]["schemas"]["IfMatch"]["pattern"])
KEY = re.compile(spec.DOCUMENT["components"]["schemas"]["IdempotencyKey"]["pattern"])

PERMISSION = {"$ref": "#/components/schemas/OnePermission"}

OF_A_VERSION = r"PATCH /tokens/\{id\}|POST /tokens/\{id\}/(rotate|disable|enable|tighten)"

CONFIG = schemathesis.Config.from_dict(
    {
        "cache": {"enabled": False},
        "generation": {
            "database": "none",
            "deterministic": True,
            "max-examples": 120,
            # The credential is given; another check tests that it is needed.
            "with-security-parameters": False,
        },
        "checks": {
            # The caller is an admin, so no permission is missing; 403 is for ambiguous paths.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "413"]},
            "negative_data_rejection": {"expected-statuses": ["400", "403", "404", "413"]},
            # A method without a route is 404, as API Gateway has no 405: see test_callers.py.
            "unsupported_method": {"enabled": False},
        },
        "operations": [
            {
                # A generated ETag is not current.
                "include-name-regex": OF_A_VERSION,
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "412", "413"]},
                    "negative_data_rejection": {"expected-statuses": ["400", "403", "404", "412", "413", "428"]},
                    "missing_required_header": {"expected-statuses": ["400", "428"]},
                },
            },
            {
                # The owner is in the path or in the query, which no schema can express.
                "include-name": "POST /owners/{owner}/revoke-tokens",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "413"]}},
            },
            {
                # The first of several calls decides or ends an approval. It is shown after its end, too.
                "include-name-regex": r"(GET|POST|DELETE) /approvals/\{id\}.*",
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "413"]},
                    "use_after_free": {"enabled": False},
                },
            },
            {
                # A generated text is not a signed identity.
                "include-name": "POST /exchange",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["400", "413"]}},
            },
            {
                "include-name": "POST /catalog/impact",
                "generation": {"max-examples": 40},
                # As below.
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "413"]}},
            },
            {
                "include-name": "PUT /catalog",
                # Catalogs take long to generate.
                "generation": {"max-examples": 40},
                "checks": {
                    # A catalog has to be consistent, which no schema can express.
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "413"]},
                    "negative_data_rejection": {"expected-statuses": ["400", "412", "413", "428"]},
                    "missing_required_header": {"expected-statuses": ["400", "428"]},
                },
            },
        ],
        # Only links from a token created here, and not to the admin's own, which every list shows.
        "phases": {"stateful": {"inference": {"algorithms": []}}},
    }
)
SCHEMA = schemathesis.openapi.from_path(spec.PATH, config=CONFIG)
NETWORKS = st.ip_addresses().map(str) | st.sampled_from(["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0"])
schemathesis.openapi.format("cidr", NETWORKS)
# As long as the default catalog's approvals last, or shorter.
schemathesis.openapi.format("approval-duration", st.integers(60, 900).map(lambda seconds: f"{seconds}s"))
schemathesis.openapi.format(
    "approval-link", st.from_regex(r"https://ci\.example\.com/[a-z0-9/?=#-]{0,400}", fullmatch=True)
)
schemathesis.openapi.format("date-time", FUTURE.map(lambda at: at.isoformat(timespec="seconds") + "Z"))


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Omits valid bodies that are generated as invalid: schemathesis knows no values that violate `without-credential`."""
    generated = case.meta and case.meta.components.get(ParameterLocation.BODY)
    if not generated or not generated.mode.is_negative or not isinstance(case.body, dict):
        return True
    content = spec.operations()[case.operation.label]["requestBody"]["content"].get(case.media_type)
    return content is None or spec.complaints(content["schema"], case.body) != []


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict) -> None:
    """Replaces generated values that are well-formed but invalid, such as cursors and role names, and permissions that need
    no approval.
    Also the year of an expiry, `..`, which changes the path, an unquoted ETag where it is optional, and idempotency keys:
    hypothesis sends a request several times, and expects the same response."""
    place = case.query.get("cursor")
    if isinstance(place, str) and PLACE_IN_A_LIST.search(place):
        del case.query["cursor"]
    role = case.body.get("role") if isinstance(case.body, dict) else None
    if isinstance(role, str) and ROLE.search(role):
        case.body["role"] = "cicd"
    permission = case.body.get("permission") if isinstance(case.body, dict) else None
    if case.operation.label == "POST /approvals" and spec.complaints(PERMISSION, permission) == []:
        case.body["permission"] = calls.APPROVAL["permission"]
    if case.path_parameters.get("owner") in (".", ".."):
        case.path_parameters["owner"] = "nobody"
    tag = case.headers.get("If-Match")
    if case.meta is not None and case.meta.generation.mode.is_positive and tag and not TAG.search(tag):
        case.headers["If-Match"] = f'"{tag}"'
    expiry = case.body.get("expires_at") if isinstance(case.body, dict) else None
    if case.meta is not None and case.meta.generation.mode.is_positive and isinstance(expiry, str):
        # In the future, but not too far; a leap year, for the 29th of February.
        case.body["expires_at"] = "2096" + expiry[4:]
    if KEY.search(case.headers.get("Idempotency-Key") or ""):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


# For these, the expected statuses above are an admin's.
OF_ADMINS = [
    checks.positive_data_acceptance,
    checks.negative_data_rejection,
    checks.missing_required_header,
]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@cache
def ordinary(service: Service) -> dict[str, str]:
    """The credential of a token that may manage its owner's tokens."""
    return bearer(calls.create(service, service.admin_token, owner="ordinary", expires_at=None, **MANAGER)["token"])


def asking(service: Service, owner: str) -> dict[str, str]:
    """The credential of a new token that needs approval: a token has few requests for approval, and an admin needs none."""
    made = calls.create(service, service.admin_token, owner=owner, permissions=["releases:write"])
    return bearer(made["token"])


def validate_as_others(case: schemathesis.Case, service: Service, status: int) -> None:
    """Sends the request with an ordinary token and without one; neither is allowed what an admin is refused."""
    is_open = spec.is_open(spec.operations()[case.operation.label])
    # For an ordinary token, `GET /activity` reads the events of all owners, which takes seconds after the other tests.
    if not is_open and (case.operation.label != "GET /activity" or status >= 400):
        response = case.call(base_url=service.url, headers=ordinary(service))
        case.validate_response(response, excluded_checks=OF_ADMINS, headers=ordinary(service))
        assert response.status_code >= 400 or status < 400
    # To save time, not if the service has found the request itself at fault, which is after the credential.
    if is_open or status not in (400, 404):
        response = case.call(base_url=service.url)
        case.validate_response(response, excluded_checks=OF_ADMINS)
        assert is_open or response.status_code == 401 or response.status_code == status >= 400


# Tests must not replace the catalog that all of them share. (`include` has no effect with settings
# of single operations.)
ELSEWHERE = SCHEMA.exclude(name="PUT /catalog")
PUTTING = SCHEMA.exclude(lambda context: context.operation.label != "PUT /catalog")


@ELSEWHERE.parametrize()
def test_every_response_to_generated_requests_is_described(case: schemathesis.Case, service: Service) -> None:
    requested = case.operation.label == "POST /approvals"
    credential = asking(service, "admin") if requested else bearer(service.admin_token)
    response = case.call_and_validate(base_url=service.url, headers=credential)
    validate_as_others(case, service, response.status_code)


def test_every_operation_is_attacked() -> None:
    attacked = [found.ok().label for part in (ELSEWHERE, PUTTING) for found in part.get_all_operations()]
    assert sorted(attacked) == sorted(spec.operations())


@PUTTING.parametrize()
def test_generated_catalogs_are_answered_and_shown_as_described(
    case: schemathesis.Case, catalog_service: Service
) -> None:
    shown = Call("GET /catalog", catalog_service.admin_token)
    if TAG.search(case.headers.get("If-Match") or ""):
        case.headers["If-Match"] = shown.send(catalog_service).headers["etag"]
    response = case.call_and_validate(base_url=catalog_service.url, headers=bearer(catalog_service.admin_token))
    validate_as_others(case, catalog_service, response.status_code)
    shown.send(catalog_service)


LINKS = {
    link["operationId"]
    for operation in ("POST /tokens", "POST /approvals")
    for link in spec.responses(spec.operations()[operation])[201]["links"].values()
}
LINKED = {name for name, operation in spec.operations().items() if operation["operationId"] in LINKS}
DECISIONS = {"POST /approvals/{id}/approve", "POST /approvals/{id}/reject"}


@pytest.mark.parametrize("caller", ["admin", "ordinary"])
def test_generated_sequences_of_calls_are_answered_as_described(caller: str, service: Service) -> None:
    approver = bearer(calls.sign_in(service, "approver", "portcullis-admin"))
    stranger = bearer(calls.create(service, service.admin_token, owner="stranger", **MANAGER)["token"])
    # With a token that exists.
    reached: set[str] = set()

    class Caller(ELSEWHERE.as_state_machine()):
        """Follows the links from a created token and from a request for approval to the operations on it."""

        def before_call(self, case: schemathesis.Case) -> None:
            label = case.operation.label
            if label == "POST /tokens" and caller == "ordinary" and case.meta.generation.mode.is_positive:
                # It cannot delegate other grants.
                case.body = {"name": "sequence", **MANAGER}
            if "{id}" in label:
                for headers in (stranger, {}):
                    response = case.call(base_url=service.url, headers=headers)
                    case.validate_response(response, checks=calls.CONFORMANCE)
                    assert response.status_code >= 400

        def get_call_kwargs(self, case: schemathesis.Case) -> dict:
            if case.operation.label == "POST /approvals":
                headers = asking(service, caller)
            elif case.operation.label in DECISIONS:
                # A token cannot decide its own request.
                headers = approver
            else:
                headers = bearer(service.admin_token) if caller == "admin" else ordinary(service)
            return {"base_url": service.url, "headers": headers}

        def validate_response(self, response: Any, case: schemathesis.Case, **sent: Any) -> None:
            excluded = OF_ADMINS if caller == "ordinary" else []
            more = {"transport_kwargs": sent, "recorder": self.recorder}
            case.validate_response(response, excluded_checks=excluded, **more)
            if response.status_code not in (400, 404):
                reached.add(case.operation.label)

    bounds = {"max_examples": 120, "stateful_step_count": 8}
    # The health checks depend on the machine's speed.
    Caller.run(
        settings=settings(
            derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), **bounds
        )
    )
    assert reached >= LINKED
