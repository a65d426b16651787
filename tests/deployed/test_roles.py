"""Each function's role allows what the function does, and nothing else.

The emulator ignores the leading keys of a request and the attributes of a write; `tests/roles`
evaluates those conditions.
"""

from datetime import UTC, datetime

import pytest

import probe
from emulator import Emulator
from probe import Probe
from stack import Stack

ROLES = [
    "ApprovalsRole",
    "AuthorizerRole",
    "CatalogRole",
    "ConsoleRole",
    "CreateRole",
    "ExchangeRole",
    "IntrospectRole",
    "ReadRole",
    "RevokeRole",
    "RotateRole",
    "UpdateRole",
]
# Attributes for functions that receive secrets.
SHOWN_SECRETS = ["AuthorizerRole", "IntrospectRole", "RevokeRole", "RotateRole"]
# Attributes for functions that read no tokens.
BLIND = ["ConsoleRole", "ExchangeRole"]
SHOWN = {"ProjectionExpression": "pk, #owner, settings", "ExpressionAttributeNames": {"#owner": "owner"}}
DIGEST = {"ProjectionExpression": "secrets"}
# A condition that is never true, to try a write without changing anything.
NEVER = "attribute_exists(pk) AND attribute_not_exists(pk)"


@pytest.fixture(scope="module")
def probes(emulator: Emulator, portcullis: Stack) -> dict[str, Probe]:
    return {role: probe.deploy(emulator, portcullis, role) for role in ROLES}


@pytest.fixture(scope="module")
def token(portcullis: Stack, admin_token: str) -> dict:
    """The key of the first token's record."""
    token_id = admin_token.split("_")[1][:16]
    return {"TableName": portcullis.resources["TokensTable"], "Key": key(f"TOKEN#{token_id}", "TOKEN")}


def key(pk: str, sk: str) -> dict:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def change(table: str) -> dict[str, dict]:
    """One write of each kind, on an item that does not exist."""
    item = key("TOKEN#0000000000000000", "TOKEN")
    update = {"UpdateExpression": "SET version = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    common = {"TableName": table, "ConditionExpression": NEVER}
    return {
        "Put": common | {"Item": item},
        "Update": common | {"Key": item} | update,
        "Delete": common | {"Key": item},
    }


@pytest.mark.parametrize("role", SHOWN_SECRETS)
def test_a_function_that_is_shown_secrets_reads_a_digest(probes: dict[str, Probe], token: dict, role: str) -> None:
    assert probes[role].attempt("get_item", **token, **DIGEST)["attributes"] == ["secrets"]


@pytest.mark.parametrize("role", sorted({*ROLES} - {*SHOWN_SECRETS, *BLIND}))
def test_a_function_that_displays_tokens_cannot_read_a_digest(probes: dict[str, Probe], token: dict, role: str) -> None:
    shown = probes[role].attempt("get_item", **token, **SHOWN)
    assert shown == {"code": None, "attributes": ["owner", "pk", "settings"]}
    assert not probes[role].may("get_item", **token, **DIGEST)
    assert not probes[role].may("get_item", **token, ProjectionExpression="pk, secrets")
    renamed = {"ProjectionExpression": "#d", "ExpressionAttributeNames": {"#d": "secrets"}}
    assert not probes[role].may("get_item", **token, **renamed)


@pytest.mark.parametrize("role", BLIND)
def test_a_function_that_needs_no_tokens_cannot_read_any(probes: dict[str, Probe], token: dict, role: str) -> None:
    assert not probes[role].may("get_item", **token, **SHOWN)
    assert not probes[role].may("get_item", **token, **DIGEST)


@pytest.mark.parametrize("role", ROLES)
def test_no_function_reads_whole_items(probes: dict[str, Probe], token: dict, role: str) -> None:
    assert not probes[role].may("get_item", **token)
    assert not probes[role].may("batch_get_item", RequestItems={token["TableName"]: {"Keys": [token["Key"]]}})
    assert not probes[role].may("transact_get_items", TransactItems=[{"Get": token}])


@pytest.mark.parametrize("role", ROLES)
def test_no_function_scans_or_queries_the_table(probes: dict[str, Probe], token: dict, role: str) -> None:
    table = token["TableName"]
    assert not probes[role].may("scan", TableName=table)
    assert not probes[role].may("query", TableName=table, **partition("pk", token["Key"]["pk"]))


def partition(name: str, value: dict) -> dict:
    return {
        "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": name},
        "ExpressionAttributeValues": {":k": value},
    }


def test_only_listing_functions_query_the_indexes_which_hold_keys(probes: dict[str, Probe], token: dict) -> None:
    indexes = {
        "by_time": (partition("sk", {"S": "TOKEN"}), ["created_at", "pk", "sk"]),
        "by_owner": (partition("owner", {"S": "admin"}), ["created_at", "owner", "pk", "sk"]),
        "by_day": (partition("day", {"S": datetime.now(UTC).date().isoformat()}), ["day", "pk", "sk"]),
    }
    for index, (condition, keys) in indexes.items():
        query = {"TableName": token["TableName"], "IndexName": index} | condition
        listed = probes["ReadRole"].attempt("query", **query)
        assert listed["code"] is None
        assert listed["attributes"] == keys
        for role in ROLES:
            lists = role == "ReadRole" or (role, index) in {("RevokeRole", "by_owner"), ("ApprovalsRole", "by_time")}
            assert probes[role].may("query", **query) == lists, (role, index)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("ApprovalsRole", set()),
        ("AuthorizerRole", {"Update"}),
        ("CatalogRole", set()),
        ("ConsoleRole", set()),
        ("CreateRole", set()),
        ("ExchangeRole", set()),
        # The use of an approval, which the emulator cannot distinguish from an update of a record.
        ("IntrospectRole", {"Update"}),
        ("ReadRole", set()),
        # A deletion of usage, which the emulator cannot distinguish from a deletion of a record.
        ("RevokeRole", {"Delete"}),
        ("RotateRole", set()),
        ("UpdateRole", set()),
    ],
)
def test_single_writes_are_only_uses(probes: dict[str, Probe], token: dict, role: str, allowed: set) -> None:
    for kind, write in change(token["TableName"]).items():
        assert probes[role].may(f"{kind.lower()}_item", **write) == (kind in allowed), kind


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("ApprovalsRole", {"Put", "Update"}),
        ("CatalogRole", {"Put", "Delete"}),
        ("AuthorizerRole", {"Put", "Update"}),
        ("ConsoleRole", set()),
        ("CreateRole", {"Put", "Update"}),
        ("ExchangeRole", {"Put"}),
        ("IntrospectRole", {"Put", "Update"}),
        ("ReadRole", set()),
        ("RevokeRole", {"Put", "Update", "Delete"}),
        ("RotateRole", {"Put", "Update"}),
        ("UpdateRole", {"Put", "Update"}),
    ],
)
def test_transactions_are_limited_to_each_functions_purpose(
    probes: dict[str, Probe], token: dict, role: str, allowed: set
) -> None:
    for kind, write in change(token["TableName"]).items():
        assert probes[role].may("transact_write_items", TransactItems=[{kind: write}]) == (kind in allowed), kind


@pytest.mark.parametrize("role", ROLES)
def test_a_function_can_use_only_the_table_and_its_own_log(
    probes: dict[str, Probe], portcullis: Stack, role: str
) -> None:
    probed = probes[role]
    other = key("TOKEN#0000000000000000", "TOKEN")
    assert not probed.may("get_item", TableName="another-table", Key=other, **SHOWN)
    assert not probed.may("list_buckets", service="s3")
    assert not probed.may("list_functions", service="lambda")
    # Its own log is not tried: AWS's ARN includes the log stream, the emulator's does not.
    own = f"{role.removesuffix('Role')}LogGroup"
    groups = {f"{name.removesuffix('Role')}LogGroup" for name in ROLES}
    for group in (groups | {"AccessLogGroup"}) - {own}:
        stream = {"logGroupName": portcullis.resources[group], "logStreamName": f"probe-{role}"}
        assert not probed.may("create_log_stream", service="logs", **stream), group
