"""Every operation, with generated valid and invalid requests.

schemathesis generates requests from the description: each limit met and exceeded, each type
changed, each field omitted, unknown methods and parameters, and random requests. Every response
is as described; valid requests are accepted and invalid ones refused. The random requests are the
same in every run.
"""

import re
import uuid
from datetime import datetime

import schemathesis
from hypothesis import settings
from hypothesis import strategies as st

import spec
from calls import Call
from service import Service

# Times that are in the future, but less than 36500 days away: no schema can express "in the
# future".
FUTURE = st.datetimes(datetime(2090, 1, 1), datetime(2120, 1, 1), timezones=st.none())
PLACE_IN_A_LIST = re.compile(spec.DOCUMENT["components"]["schemas"]["Cursor"]["pattern"])

ROLE = re.compile(spec.DOCUMENT["components"]["schemas"]["RoleName"]["pattern"])
TAG = re.compile(spec.DOCUMENT["components"]["schemas"]["IfMatch"]["pattern"])
KEY = re.compile(spec.DOCUMENT["components"]["schemas"]["IdempotencyKey"]["pattern"])

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
                # A generated text is not a signed identity.
                "include-name": "POST /exchange",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["400", "413"]}},
            },
            {
                "include-name": "PUT /catalog",
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
schemathesis.openapi.format("date-time", FUTURE.map(lambda at: at.isoformat(timespec="seconds") + "Z"))


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict) -> None:
    """Replaces generated values that are well-formed but invalid, such as cursors and role names.
    Also the year of an expiry, `..`, which changes the path, an unquoted ETag where it is optional, and idempotency keys:
    hypothesis sends a request several times, and expects the same response."""
    place = case.query.get("cursor")
    if isinstance(place, str) and PLACE_IN_A_LIST.search(place):
        del case.query["cursor"]
    role = case.body.get("role") if isinstance(case.body, dict) else None
    if isinstance(role, str) and ROLE.search(role):
        case.body["role"] = "cicd"
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


def credential(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.admin_token}"}


# Tests must not replace the catalog that all of them share. (`include` has no effect with settings
# of single operations.)
ELSEWHERE = SCHEMA.exclude(name="PUT /catalog")
PUTTING = SCHEMA.exclude(lambda context: context.operation.label != "PUT /catalog")


@ELSEWHERE.parametrize()
def test_every_response_to_generated_requests_is_described(case: schemathesis.Case, service: Service) -> None:
    case.call_and_validate(base_url=service.url, headers=credential(service))


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
    case.call_and_validate(base_url=catalog_service.url, headers=credential(catalog_service))
    shown.send(catalog_service)


def test_generated_sequences_of_calls_are_answered_as_described(service: Service) -> None:
    class Caller(ELSEWHERE.as_state_machine()):
        """Follows the links from a created token to the operations on it."""

        def get_call_kwargs(self, case: schemathesis.Case) -> dict:
            return {"base_url": service.url, "headers": credential(service)}

    bounds = {"max_examples": 25, "stateful_step_count": 8}
    Caller.run(settings=settings(derandomize=True, database=None, deadline=None, **bounds))
