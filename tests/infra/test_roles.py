"""What the functions' roles allow."""

from collections import defaultdict
from pathlib import Path

import pytest

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
FUNCTIONS = [
    "Approvals",
    "Authorizer",
    "Catalog",
    "Console",
    "Create",
    "Exchange",
    "Introspect",
    "Read",
    "Revoke",
    "Rotate",
    "Update",
]
EXISTING = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTableName}"
TABLE = {"Fn::If": ["CreatesTable", {"Fn::GetAtt": ["TokensTable", "Arn"]}, {"Fn::Sub": EXISTING}]}
INDEXES = [{"Fn::Sub": [f"${{Table}}/index/{name}", {"Table": TABLE}]} for name in ("by_owner", "by_time", "by_day")]
# X-Ray has no resources for these actions.
TRACES = {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}
TRACING = {
    "Fn::If": [
        "Traces",
        {"PolicyName": "tracing", "PolicyDocument": {"Version": "2012-10-17", "Statement": [TRACES]}},
        {"Ref": "AWS::NoValue"},
    ]
}
KEYS = {"pk", "sk"}
EVENT = {"owner", "kind", "at", "by", "from", "agent", "detail"}
# The attributes of a token's record without its digests.
SHOWN = {"owner", "created_at", "version", "origin", "settings", "rotation", "disabled", "revoked", "last_use"} | {
    "approvals"
}
# The attributes of an approval.
APPROVAL = {"created_at", "request", "decision", "used_at", "ended"}
# The functions that receive secrets.
SHOWN_SECRETS = {"Authorizer", "Introspect", "Revoke", "Rotate"}
# Action, partition and attributes of each kind of read, and the functions that need it.
READERS = [
    ("GetItem", "TOKEN#*", SHOWN, {"Approvals", "Catalog", "Create", "Read", "Update"}),
    ("GetItem", "TOKEN#*", SHOWN | {"secrets", "reuse"}, SHOWN_SECRETS),
    ("BatchGetItem", "TOKEN#*", SHOWN, {"Approvals", "Create", "Read", "Revoke", "Rotate", "Update"}),
    ("BatchGetItem", "TOKEN#*", EVENT, {"Read"}),
    ("Query", "TOKEN#*", EVENT, {"Read"}),
    ("GetItem", "OWNER#*", {"version", "live"}, {"Create", "Revoke", "Rotate", "Update"}),
    ("GetItem", "USAGE#*", {"uses", "denials"}, {"Read", "Update"}),
    ("Query", "USAGE#*", {"counts"}, {"Read"}),
    # One statement covers the catalog and the schema version.
    ("GetItem", "CATALOG", {"version", "document"}, set(FUNCTIONS) - {"Console"}),
    ("GetItem", "CATALOG_VERSIONS", {"version", "document"}, {"Read"}),
    ("Query", "CATALOG_VERSIONS", {"version", "updated_at", "updated_by"}, {"Read"}),
    ("GetItem", "SCHEMA", {"version", "document"}, set(FUNCTIONS) - {"Console"}),
    ("GetItem", "JTI#*", set(), {"Exchange"}),
    ("GetItem", "APPROVAL#*", APPROVAL, {"Approvals"}),
    ("GetItem", "APPROVAL#*", {"used_at", "ended"}, {"Read"}),
    ("BatchGetItem", "APPROVAL#*", APPROVAL, {"Approvals"}),
]
# The functions that write events.
WRITES_EVENTS = set(FUNCTIONS) - {"Catalog", "Console", "Read"}
# Those that change the version of a token with them.
CHANGES_TOKENS = WRITES_EVENTS - {"Approvals"}
SLOT_WRITERS = {"Create", "Rotate", "Update"}
WRITERS = {
    "PutItem TOKEN#*": WRITES_EVENTS,
    "UpdateItem TOKEN#*": WRITES_EVENTS - {"Create", "Exchange"},
    "DeleteItem TOKEN#*": {"Revoke"},
    "UpdateItem OWNER#*": SLOT_WRITERS,
    "UpdateItem USAGE#*": {"Authorizer"},
    "DeleteItem USAGE#*": {"Revoke"},
    "PutItem CATALOG": {"Catalog"},
    "PutItem CATALOG_VERSIONS": {"Catalog"},
    "DeleteItem CATALOG_VERSIONS": {"Catalog"},
    "PutItem JTI#*": {"Exchange"},
    "PutItem APPROVAL#*": {"Approvals"},
    "UpdateItem APPROVAL#*": {"Approvals", "Authorizer", "Introspect"},
}
# The attributes of each kind of item that is put.
PUTS = {
    "event": EVENT | {"day", "ttl"},
    # A token with its first event. An exchange puts the identity with the same statement.
    "token": EVENT - {"detail"} | {"day", "ttl", "created_at", "version", "origin", "settings", "secrets"},
    "catalog": {"document", "version", "updated_at", "updated_by"},
    # A request for approval, with its event.
    "approval": EVENT | {"day", "ttl", "created_at", "request"},
}
PUT_BY = {
    "event": CHANGES_TOKENS - {"Create", "Exchange"},
    "token": {"Create", "Exchange"},
    "catalog": {"Catalog"},
    "approval": {"Approvals"},
}
UPDATERS = {
    "version": CHANGES_TOKENS - {"Exchange"},
    "settings": {"Rotate", "Update"},
    "secrets": {"Rotate"},
    "rotation": {"Rotate"},
    "reuse": {"Authorizer", "Introspect", "Revoke", "Rotate"},
    # As a condition of the function for approvals.
    "disabled": {"Approvals", "Authorizer", "Introspect", "Revoke", "Update"},
    "revoked": {"Approvals", "Authorizer", "Introspect", "Revoke", "Update"},
    "approvals": {"Approvals", "Authorizer", "Introspect", "Revoke", "Rotate", "Update"},
    "decision": {"Approvals"},
    "used_at": {"Approvals", "Authorizer", "Introspect"},
    "ended": {"Approvals", "Authorizer", "Introspect"},
    "last_use": {"Authorizer"},
    "ttl": {"Revoke", "Rotate", "Update"},
    "live": SLOT_WRITERS,
}
# The columns of the table in docs/security.md, without the indexes.
PARTITIONS = ["TOKEN#*", "USAGE#*", "OWNER#*", "CATALOG", "CATALOG_VERSIONS", "SCHEMA", "JTI#*", "APPROVAL#*"]
VERBS = {
    "GetItem": "read",
    "BatchGetItem": "read",
    "Query": "read",
    "PutItem": "put",
    "UpdateItem": "update",
    "DeleteItem": "delete",
}
READS = {"GetItem", "BatchGetItem", "Query"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(template, function: str) -> list[dict]:
    role = template.properties(f"{function}Role")
    assert "ManagedPolicyArns" not in role
    policies = [policy for policy in role["Policies"] if policy != TRACING]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def on_the_table(template, function: str) -> list[tuple[str, dict]]:
    """Each action with the statement that allows it."""
    found = []
    for statement in statements(template, function):
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            if service == "dynamodb":
                found.append((name, statement))
    return found


def resolved(template, value):
    """Resolves a list in Mappings."""
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        name, first, second = value["Fn::FindInMap"]
        return template.document["Mappings"][name][first][second]
    return value


def values(template, statement: dict, operator: str, key: str) -> set:
    value = statement.get("Condition", {}).get(operator, {}).get(key, [])
    return set(listed(resolved(template, value)))


def attributes(template, statement: dict) -> set:
    return values(template, statement, "ForAllValues:StringEquals", "dynamodb:Attributes")


def partitions(template, statement: dict) -> set:
    return values(template, statement, "ForAllValues:StringLike", "dynamodb:LeadingKeys")


def test_no_action_and_no_resource_is_a_wildcard(template) -> None:
    for name, role in template.of_type("AWS::IAM::Role").items():
        for policy in [policy for policy in role.get("Policies", []) if policy != TRACING]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not any("*" in action for action in listed(statement["Action"])), name
                assert "*" not in listed(statement["Resource"]), name
                assert not statement.keys() & {"NotAction", "NotResource"}, name


def grants(template, actions: set[str]) -> list[tuple[str, str, dict]]:
    """Function, action and statement of each of these actions on the table itself, without its indexes."""
    return [
        (function, action, statement)
        for function in FUNCTIONS
        for action, statement in on_the_table(template, function)
        if action in actions and statement["Resource"] == TABLE
    ]


def test_no_role_scans_and_only_lists_and_revoke_query_an_index(template) -> None:
    queried = set()
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            assert action in READS | WRITES, f"{function}: {action}"
            if statement["Resource"] != TABLE:
                assert action == "Query" and all(index in INDEXES for index in listed(statement["Resource"]))
                queried.add(function)
    assert queried == {"Approvals", "Read", "Revoke"}


def test_each_kind_of_read_is_only_for_the_functions_that_need_it(template) -> None:
    found = defaultdict(set)
    for function, action, statement in grants(template, READS):
        for partition in partitions(template, statement):
            found[action, partition, frozenset(attributes(template, statement))].add(function)
    assert found == {(action, where, frozenset(KEYS | names)): needed for action, where, names, needed in READERS}


def test_each_partition_is_written_only_by_the_functions_that_need_it(template) -> None:
    written = defaultdict(set)
    for function, action, statement in grants(template, WRITES):
        for partition in partitions(template, statement):
            written[f"{action} {partition}"].add(function)
    assert written == WRITERS


def test_each_attribute_is_updated_only_by_the_functions_that_change_it(template) -> None:
    updated = defaultdict(set)
    for function, _, statement in grants(template, {"UpdateItem"}):
        for name in attributes(template, statement) - KEYS:
            updated[name].add(function)
    assert updated == UPDATERS


def test_each_kind_of_item_is_put_only_by_the_functions_that_create_it(template) -> None:
    put = defaultdict(set)
    for function, _, statement in grants(template, {"PutItem"}):
        [kind] = [kind for kind, names in PUTS.items() if names == attributes(template, statement) - KEYS]
        put[kind].add(function)
    assert put == PUT_BY


def access(action: str, partition: str, names: set) -> str:
    """What a statement allows, in the words of docs/security.md."""
    if partition != "TOKEN#*" or action == "DeleteItem":
        return VERBS[action]
    if action == "UpdateItem":
        # The statement also covers slots (`live`), or approvals.
        other = {"live"} | (APPROVAL if "decision" in names else set())
        return "update " + ", ".join(f"`{name}`" for name in sorted(names - KEYS - other))
    if action == "PutItem":
        is_event = names - KEYS in (PUTS["event"], PUTS["approval"])
        return "put an event" if is_event else "put a token with its first event"
    if names - KEYS == EVENT:
        return "read events"
    return "read with digests" if "secrets" in names else "read"


def documented_row(template, function: str) -> str:
    cells = {partition: [] for partition in PARTITIONS} | {"index": []}
    for action, statement in on_the_table(template, function):
        if statement["Resource"] == TABLE:
            for partition in sorted(partitions(template, statement), key=PARTITIONS.index):
                cells[partition].append(access(action, partition, attributes(template, statement)))
        else:
            names = [resource["Fn::Sub"][0].rsplit("/", 1)[1] for resource in listed(statement["Resource"])]
            cells["index"].extend(f"`{name}`" for name in names)
    parts = [function.lower(), *("; ".join(dict.fromkeys(cell)) for cell in cells.values())]
    return f"| {' | '.join(parts)} |".replace("|  |", "| |").replace("|  |", "| |")


def test_the_documented_table_is_what_the_roles_allow(template) -> None:
    lines = SECURITY.read_text().splitlines()
    found = [line for line in lines if line.split(" | ")[0].removeprefix("| ").title() in FUNCTIONS]
    assert "\n".join(found) == "\n".join(documented_row(template, function) for function in FUNCTIONS)


def test_a_deletion_names_only_keys(template) -> None:
    assert all(attributes(template, statement) == KEYS for _, _, statement in grants(template, {"DeleteItem"}))


def test_every_write_names_its_partitions_and_its_top_level_attributes(template) -> None:
    """AWS documents the condition only for top-level attributes; only usage is written by a nested path."""
    for function, action, statement in grants(template, WRITES):
        nested = "USAGE#*" in partitions(template, statement) and action in {"UpdateItem", "PutItem"}
        assert attributes(template, statement) >= KEYS or (nested and not attributes(template, statement)), function
        assert partitions(template, statement), function


def test_only_functions_that_receive_secrets_read_a_digest(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            named = attributes(template, statement)
            if action in {"GetItem", "BatchGetItem", "Query"} and statement["Resource"] == TABLE:
                # Otherwise a request that names no attributes would get all of them.
                assert values(template, statement, "StringEqualsIfExists", "dynamodb:Select") == {"SPECIFIC_ATTRIBUTES"}
                assert named
                # The same functions read several tokens at once only for display, without secrets.
                assert ("secrets" in named) <= (action == "GetItem" and function in SHOWN_SECRETS)


def test_no_write_returns_attributes(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            if action in WRITES:
                assert values(template, statement, "StringEqualsIfExists", "dynamodb:ReturnValues") == {"NONE"}


def test_tokens_slots_and_catalogs_are_written_only_in_transactions(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            # A use is counted, or an approval used up.
            is_usage = partitions(template, statement) in ({"USAGE#*"}, {"APPROVAL#*"})
            if action in WRITES and (function, action) != ("Authorizer", "UpdateItem") and not is_usage:
                enclosing = values(template, statement, "ForAnyValue:StringEquals", "dynamodb:EnclosingOperation")
                assert enclosing == {"TransactWriteItems"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_only_to_its_own_log(template, function: str) -> None:
    others = [it for it in statements(template, function) if not listed(it["Action"])[0].startswith("dynamodb:")]
    group = f"{function}LogGroup"
    allowed = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert [(set(it["Action"]), it["Resource"]) for it in others] == [(allowed, {"Fn::GetAtt": [group, "Arn"]})]
    assert template.properties(f"{function}Function")["LoggingConfig"]["LogGroup"] == {"Ref": group}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_its_own_role_that_only_lambda_can_assume(template, function: str) -> None:
    role = f"{function}Role"
    assert template.properties(f"{function}Function")["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    [trusted] = template.properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert trusted["Action"] == "sts:AssumeRole"


def test_every_function_is_tested_here(template) -> None:
    assert template.of_type("AWS::Lambda::Function").keys() == {f"{name}Function" for name in FUNCTIONS}


def test_functions_may_write_traces_only_if_tracing_is_on(template) -> None:
    for name in FUNCTIONS:
        # In the role, because Lambda refuses a function that traces without the permission.
        assert TRACING in template.properties(f"{name}Role")["Policies"], name
        mode = template.properties(f"{name}Function")["TracingConfig"]["Mode"]
        assert mode == {"Fn::If": ["Traces", "Active", "PassThrough"]}


def test_only_revoke_flushes_caches_and_only_if_stages_are_configured(template) -> None:
    policies = template.of_type("AWS::IAM::Policy")
    assert policies.keys() == {"FlushPolicy"}
    assert template.resources["FlushPolicy"]["Condition"] == "FlushesStages"
    policy = policies["FlushPolicy"]
    assert policy["Roles"] == [{"Ref": "RevokeRole"}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "apigateway:DELETE"
    assert all(it["Fn::Sub"].endswith("/stages/*/cache/authorizers") for it in statement["Resource"])
