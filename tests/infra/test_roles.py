"""What the functions' roles allow, statement by statement."""

import pytest

FUNCTIONS = [
    "Authorizer",
    "Catalog",
    "Console",
    "Create",
    "Exchange",
    "Introspect",
    "List",
    "Revoke",
    "Rotate",
    "Update",
]
TABLE = {"Fn::GetAtt": ["TokensTable", "Arn"]}
INDEXES = [{"Fn::Sub": f"${{TokensTable.Arn}}/index/{name}"} for name in ("by_owner", "by_time")]
KEYS = {"pk", "sk"}
# What a token's record is read from, and with that everything but the digest.
RECORD = KEYS | {
    "name", "description", "owner", "created_by", "via", "created_at", "expires_at", "revoked_at", "revoked_by",
    "revoked_for", "disabled", "enabled_at", "role", "grants", "allowed_ips", "rotated_at",
    "previous_secret_until", "last_used_at", "last_used_from", "version",
}  # fmt: skip
# What only a function that is shown secrets reads.
CREDENTIAL = {"digest", "superseded", "rotation_keys", "used", "reuse_seen_at", "ttl"}
SHOWN_SECRETS = {"Authorizer", "Introspect", "Revoke", "Rotate"}
# Whoever asks what a role gives, or what a route needs, reads the catalog.
READ = RECORD | {"document"}
EVENT = KEYS | {"kind", "at", "by", "from", "agent", "detail"}
WRITE_EVENT = ({"TOKEN#*"}, EVENT | {"ttl"})
EVENT_KEYS = ({"TOKEN#*"}, KEYS)
INDEX = (None, None)
# Action -> partitions and attributes, statement by statement. Nothing else is allowed to anyone.
ALLOWED = {
    "Authorizer": {
        "GetItem": [({"TOKEN#*", "CATALOG"}, READ | CREDENTIAL)],
        "UpdateItem": [
            ({"TOKEN#*"}, KEYS | {"last_used_at", "last_used_from", "used", "reuse_seen_at", "disabled", "version"})
        ],
        "PutItem": [WRITE_EVENT],
    },
    "Create": {
        "GetItem": [({"TOKEN#*", "OWNER#*", "CATALOG"}, READ | {"live"})],
        "PutItem": [
            (
                {"TOKEN#*"},
                EVENT | {"name", "description", "owner", "created_by", "created_at", "expires_at", "role", "grants",
                         "allowed_ips", "version", "digest", "used", "ttl"},
            )
        ],
        "UpdateItem": [({"OWNER#*"}, KEYS | {"live", "version"})],
    },
    "Catalog": {
        "GetItem": [({"TOKEN#*", "CATALOG"}, READ)],
        "PutItem": [({"CATALOG"}, KEYS | {"document", "version", "updated_at", "updated_by"})],
    },
    "Console": {},
    # No token is read, and no slot is taken.
    "Exchange": {
        "GetItem": [({"JTI#*", "CATALOG"}, KEYS | {"document", "version"})],
        "PutItem": [
            (
                {"TOKEN#*", "JTI#*"},
                EVENT | {"name", "owner", "created_by", "via", "created_at", "expires_at", "grants", "version",
                         "digest", "used", "ttl"},
            )
        ],
    },
    "List": {"GetItem": [({"TOKEN#*", "CATALOG"}, READ | {"used"})], "Query": [({"TOKEN#*"}, EVENT), INDEX]},
    "Revoke": {
        "GetItem": [({"TOKEN#*", "OWNER#*", "CATALOG"}, READ | CREDENTIAL | {"live"})],
        "UpdateItem": [
            (
                {"TOKEN#*", "OWNER#*"},
                KEYS
                | {"revoked_at", "revoked_by", "revoked_for", "reuse_seen_at", "disabled", "ttl", "version", "live"},
            )
        ],
        "PutItem": [WRITE_EVENT],
        "Query": [EVENT_KEYS, INDEX],
        "DeleteItem": [({"TOKEN#*"}, KEYS | {"version"})],
    },
    "Update": {
        "GetItem": [({"TOKEN#*", "OWNER#*", "CATALOG"}, READ | {"used", "live"})],
        "UpdateItem": [
            (
                {"TOKEN#*", "OWNER#*"},
                KEYS | {"name", "description", "expires_at", "disabled", "enabled_at", "role", "grants",
                        "allowed_ips", "ttl", "version", "live"},
            )
        ],
        "PutItem": [WRITE_EVENT],
        "Query": [EVENT_KEYS],
    },
    "Rotate": {
        "GetItem": [({"TOKEN#*", "OWNER#*", "CATALOG"}, READ | CREDENTIAL | {"live"})],
        "UpdateItem": [
            (
                {"TOKEN#*", "OWNER#*"},
                KEYS | {"digest", "superseded", "rotation_keys", "reuse_seen_at", "expires_at", "rotated_at",
                        "previous_secret_until", "ttl", "version", "live"},
            )
        ],
        "PutItem": [WRITE_EVENT],
        "Query": [EVENT_KEYS],
    },
    "Introspect": {
        "GetItem": [({"TOKEN#*", "CATALOG"}, READ | CREDENTIAL)],
        "UpdateItem": [({"TOKEN#*"}, KEYS | {"reuse_seen_at", "disabled", "version"})],
        "PutItem": [WRITE_EVENT],
    },
}  # fmt: skip
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(template, function: str) -> list[dict]:
    role = template.properties(f"{function}Role")
    assert "ManagedPolicyArns" not in role
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def on_the_table(template, function: str) -> list[tuple[str, dict]]:
    """Each action with the statement that allows it."""
    found = []
    for statement in statements(template, function):
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            if service == "dynamodb":
                found.append((name, statement))
    return found


def values(statement: dict, operator: str, key: str) -> set:
    return set(listed(statement.get("Condition", {}).get(operator, {}).get(key, [])))


def test_no_action_and_no_resource_is_a_wildcard(template) -> None:
    for name, role in template.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not any("*" in action for action in listed(statement["Action"])), name
                assert "*" not in listed(statement["Resource"]), name
                assert not statement.keys() & {"NotAction", "NotResource"}, name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_the_actions_that_its_function_uses_and_no_other(template, function: str) -> None:
    found = sorted(action for action, _ in on_the_table(template, function))
    assert found == sorted(action for action, several in ALLOWED[function].items() for _ in several)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_is_for_the_items_and_attributes_that_its_function_uses(template, function: str) -> None:
    for action, several in ALLOWED[function].items():
        found = [statement for name, statement in on_the_table(template, function) if name == action]
        for (partitions, attributes), statement in zip(several, found, strict=True):
            if partitions is None:
                assert action == "Query" and all(index in INDEXES for index in listed(statement["Resource"]))
                continue
            assert listed(statement["Resource"]) == [TABLE]
            assert values(statement, "ForAllValues:StringLike", "dynamodb:LeadingKeys") == partitions
            assert values(statement, "ForAllValues:StringEquals", "dynamodb:Attributes") == attributes


def test_only_the_functions_that_are_shown_secrets_read_a_digest(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            named = values(statement, "ForAllValues:StringEquals", "dynamodb:Attributes")
            if action in {"GetItem", "Query"} and statement["Resource"] == TABLE:
                # Without this a request that names no attributes would get all of them.
                assert values(statement, "StringEqualsIfExists", "dynamodb:Select") == {"SPECIFIC_ATTRIBUTES"}
                assert named
                reads = bool(named & {"digest", "superseded", "rotation_keys"})
                assert reads == (action == "GetItem" and function in SHOWN_SECRETS)


def test_only_create_exchange_and_rotate_write_a_digest(template) -> None:
    writers = {
        function
        for function in FUNCTIONS
        for action, statement in on_the_table(template, function)
        if action in WRITES
        and values(statement, "ForAllValues:StringEquals", "dynamodb:Attributes") & {"digest", "superseded"}
    }
    assert writers == {"Create", "Exchange", "Rotate"}


def test_no_write_returns_what_it_wrote(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            if action in WRITES:
                assert values(statement, "StringEqualsIfExists", "dynamodb:ReturnValues") == {"NONE"}


def test_tokens_and_slots_change_in_transactions_only(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            alone = {("Authorizer", "UpdateItem"), ("Introspect", "UpdateItem"), ("Catalog", "PutItem")}
            if action in WRITES and (function, action) not in alone:
                enclosing = values(statement, "ForAnyValue:StringEquals", "dynamodb:EnclosingOperation")
                assert enclosing == {"TransactWriteItems"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_its_own_log_alone(template, function: str) -> None:
    others = [it for it in statements(template, function) if not str(it["Action"]).startswith("dynamodb:")]
    group = f"{function}LogGroup"
    allowed = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert [(set(it["Action"]), it["Resource"]) for it in others] == [(allowed, {"Fn::GetAtt": [group, "Arn"]})]
    assert template.properties(f"{function}Function")["LoggingConfig"]["LogGroup"] == {"Ref": group}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_a_role_of_its_own_that_only_lambda_takes_on(template, function: str) -> None:
    role = f"{function}Role"
    assert template.properties(f"{function}Function")["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    [trusted] = template.properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert trusted["Action"] == "sts:AssumeRole"


def test_every_function_is_one_of_those_looked_at_here(template) -> None:
    assert template.of_type("AWS::Lambda::Function").keys() == {f"{name}Function" for name in FUNCTIONS}


def test_gateways_are_flushed_by_revoke_alone_and_only_where_there_are_some(template) -> None:
    policies = template.of_type("AWS::IAM::Policy")
    assert policies.keys() == {"FlushPolicy"}
    assert template.resources["FlushPolicy"]["Condition"] == "FlushesStages"
    policy = policies["FlushPolicy"]
    assert policy["Roles"] == [{"Ref": "RevokeRole"}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "apigateway:DELETE"
    assert all(it["Fn::Sub"].endswith("/stages/*/cache/authorizers") for it in statement["Resource"])
