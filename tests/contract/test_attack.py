"""Every operation, attacked with what is allowed and with what is not.

schemathesis makes requests of the description: each limit met and broken, each type
exchanged, each field left out, methods and parameters that nobody knows, and then random
ones. Whatever is sent, the answer is as described; what is as described is accepted, and
what is not is refused. The random ones are drawn alike in every run.
"""

import re
from datetime import datetime

import schemathesis
from hypothesis import settings
from hypothesis import strategies as st

import spec
from calls import Call
from service import Service

# Moments that are in the future for as long as this test may be of use, and less than
# 36500 days away: no schema can say "in the future".
FUTURE = st.datetimes(datetime(2090, 1, 1), datetime(2120, 1, 1), timezones=st.none())
PLACE_IN_A_LIST = re.compile(spec.DOCUMENT["components"]["schemas"]["Cursor"]["pattern"])

ROLE = re.compile(spec.DOCUMENT["components"]["schemas"]["RoleName"]["pattern"])
TAG = re.compile(spec.DOCUMENT["components"]["schemas"]["IfMatch"]["pattern"])

OF_A_VERSION = r"PATCH /tokens/\{id\}|POST /tokens/\{id\}/(rotate|disable|enable|tighten)"

CONFIG = schemathesis.Config.from_dict(
    {
        "cache": {"enabled": False},
        "generation": {
            "database": "none",
            "deterministic": True,
            "max-examples": 120,
            # The credential is not guessed; that it is needed, a check of its own tries.
            "with-security-parameters": False,
        },
        "checks": {
            # The caller is an admin, so nothing is refused for want of a permission; 403 is
            # for paths that can be read in more than one way.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "413"]},
            "negative_data_rejection": {"expected-statuses": ["400", "403", "404", "413"]},
            # A method that a path does not have is 404, as API Gateway knows no 405:
            # test_callers.py.
            "unsupported_method": {"enabled": False},
        },
        "operations": [
            {
                # A version that was made up is none of a token.
                "include-name-regex": OF_A_VERSION,
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "412", "413"]},
                    "negative_data_rejection": {"expected-statuses": ["400", "403", "404", "412", "413", "428"]},
                    "missing_required_header": {"expected-statuses": ["400", "428"]},
                },
            },
            {
                # The owner is in the path or in the query, which no schema can say.
                "include-name": "POST /owners/{owner}/revoke-tokens",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "413"]}},
            },
            {
                # No text that is made up is an identity that somebody has signed.
                "include-name": "POST /exchange",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["400", "413"]}},
            },
            {
                "include-name": "PUT /catalog",
                "checks": {
                    # A catalog has to hold together, which no schema can say.
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "413"]},
                    "negative_data_rejection": {"expected-statuses": ["400", "412", "413", "428"]},
                    "missing_required_header": {"expected-statuses": ["400", "428"]},
                },
            },
        ],
        # Only from a token that was made here to what can be done with it: not to the
        # admin's own, which every list shows.
        "phases": {"stateful": {"inference": {"algorithms": []}}},
    }
)
SCHEMA = schemathesis.openapi.from_path(spec.PATH, config=CONFIG)
NETWORKS = st.ip_addresses().map(str) | st.sampled_from(["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0"])
schemathesis.openapi.format("cidr", NETWORKS)
schemathesis.openapi.format("date-time", FUTURE.map(lambda at: at.isoformat(timespec="seconds") + "Z"))


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict) -> None:
    """Takes back what has the form and is made up: a place in a list, the name of a role. And
    `..`, which leads elsewhere, and a tag that lost its quotes where it may be left out."""
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


def credential(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.admin_token}"}


# The catalog that all tests share is none that may become any other. (`include` does nothing
# beside settings of single operations.)
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
        """Follows the links from a token that was made to what can be done with it."""

        def get_call_kwargs(self, case: schemathesis.Case) -> dict:
            return {"base_url": service.url, "headers": credential(service)}

    bounds = {"max_examples": 25, "stateful_step_count": 8}
    Caller.run(settings=settings(derandomize=True, database=None, deadline=None, **bounds))
