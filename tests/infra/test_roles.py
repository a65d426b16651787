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
INDEXES = [{"Fn::Sub": f"${{TokensTable.Arn}}/index/{name}"} for name in ("by_owner", "by_time", "by_day")]
KEYS = {"pk", "sk"}
# What a token's record is read from, and with that everything but the digests: groups, so that a new
# field of a token is in none of these lists.
SHOWN = KEYS | {
    "owner", "created_at", "version", "origin", "settings", "rotation", "disabled", "revoked", "last_use",
}  # fmt: skip
# What only a function that is shown secrets reads.
CREDENTIAL = SHOWN | {"secrets", "reuse"}
SHOWN_SECRETS = {"Authorizer", "Introspect", "Revoke", "Rotate"}
EVENT = KEYS | {"owner", "kind", "at", "by", "from", "agent", "detail"}
CREATED = EVENT | {"created_at", "version", "origin", "settings", "secrets", "ttl", "day"}

READ_SHOWN = ("GetItem", {"TOKEN#*"}, SHOWN)
READ_MANY = ("BatchGetItem", {"TOKEN#*"}, SHOWN)
READ_CREDENTIAL = ("GetItem", {"TOKEN#*"}, CREDENTIAL)
READ_SLOTS = ("GetItem", {"OWNER#*"}, KEYS | {"version", "live"})
READ_USAGE = ("GetItem", {"USAGE#*"}, KEYS | {"uses"})
# Who asks what a role gives, or what a route needs, reads the catalog.
READ_CATALOG = ("GetItem", {"CATALOG"}, KEYS | {"version", "document"})
WRITE_EVENT = ("PutItem", {"TOKEN#*"}, EVENT | {"day", "ttl"})
INDEX = ("Query", None, None)
# Action, partitions and attributes of each statement. Nothing else is allowed to anyone.
ALLOWED = {
    "Authorizer": [
        READ_CREDENTIAL,
        READ_CATALOG,
        ("UpdateItem", {"TOKEN#*"}, KEYS | {"last_use", "reuse", "disabled", "revoked", "version"}),
        # A use is a field of a map, and AWS does not document how the condition names one.
        ("UpdateItem", {"USAGE#*"}, set()),
        ("PutItem", {"USAGE#*"}, set()),
        WRITE_EVENT,
    ],
    "Create": [
        READ_SHOWN,
        READ_MANY,
        READ_SLOTS,
        READ_CATALOG,
        ("PutItem", {"TOKEN#*"}, CREATED),
        ("UpdateItem", {"OWNER#*"}, KEYS | {"version", "live"}),
    ],
    "Catalog": [
        READ_SHOWN,
        READ_CATALOG,
        ("PutItem", {"CATALOG"}, KEYS | {"document", "version", "updated_at", "updated_by"}),
    ],
    "Console": [],
    # No token is read, and no slot is taken.
    "Exchange": [("GetItem", {"JTI#*"}, KEYS), READ_CATALOG, ("PutItem", {"TOKEN#*", "JTI#*"}, CREATED)],
    "List": [
        READ_SHOWN,
        READ_MANY,
        ("BatchGetItem", {"TOKEN#*"}, EVENT),
        READ_USAGE,
        READ_CATALOG,
        ("Query", {"TOKEN#*"}, EVENT),
        INDEX,
    ],
    # Neither settings, digests nor slots are written.
    "Revoke": [
        READ_CREDENTIAL,
        READ_MANY,
        READ_SLOTS,
        READ_CATALOG,
        ("UpdateItem", {"TOKEN#*"}, KEYS | {"revoked", "reuse", "disabled", "version", "ttl"}),
        WRITE_EVENT,
        INDEX,
        ("DeleteItem", {"TOKEN#*"}, KEYS),
        ("DeleteItem", {"USAGE#*"}, KEYS),
    ],
    "Update": [
        READ_SHOWN,
        READ_MANY,
        READ_USAGE,
        READ_SLOTS,
        READ_CATALOG,
        (
            "UpdateItem",
            {"TOKEN#*", "OWNER#*"},
            KEYS | {"settings", "disabled", "revoked", "version", "ttl", "live"},
        ),
        WRITE_EVENT,
    ],
    "Rotate": [
        READ_CREDENTIAL,
        READ_MANY,
        READ_SLOTS,
        READ_CATALOG,
        (
            "UpdateItem",
            {"TOKEN#*", "OWNER#*"},
            KEYS | {"settings", "secrets", "rotation", "reuse", "version", "ttl", "live"},
        ),
        WRITE_EVENT,
    ],
    "Introspect": [
        READ_CREDENTIAL,
        READ_CATALOG,
        ("UpdateItem", {"TOKEN#*"}, KEYS | {"reuse", "disabled", "revoked", "version"}),
        WRITE_EVENT,
    ],
}
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


def resolved(template, value):
    """A list that stands once in the template, where it is used."""
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
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not any("*" in action for action in listed(statement["Action"])), name
                assert "*" not in listed(statement["Resource"]), name
                assert not statement.keys() & {"NotAction", "NotResource"}, name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_is_for_the_actions_items_and_attributes_that_its_function_uses(template, function: str) -> None:
    found = []
    for action, statement in on_the_table(template, function):
        if statement["Resource"] == TABLE:
            found.append((action, partitions(template, statement), attributes(template, statement)))
        else:
            assert action == "Query" and all(index in INDEXES for index in listed(statement["Resource"]))
            found.append(INDEX)
    key = lambda one: (one[0], sorted(one[1] or []), sorted(one[2] or []))  # noqa: E731
    assert sorted(found, key=key) == sorted(ALLOWED[function], key=key)


def test_no_condition_names_attributes_where_a_write_names_a_nested_path(template) -> None:
    """AWS documents the names of top-level attributes alone; only usage is written by a nested path."""
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            if "USAGE#*" in partitions(template, statement) and action in {"UpdateItem", "PutItem"}:
                assert not attributes(template, statement)


def test_only_the_functions_that_are_shown_secrets_read_a_digest(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            named = attributes(template, statement)
            if action in {"GetItem", "BatchGetItem", "Query"} and statement["Resource"] == TABLE:
                # Without this a request that names no attributes would get all of them.
                assert values(template, statement, "StringEqualsIfExists", "dynamodb:Select") == {"SPECIFIC_ATTRIBUTES"}
                assert named
                # Those functions may read more than one token for display, and then no secrets.
                assert ("secrets" in named) <= (action == "GetItem" and function in SHOWN_SECRETS)


def test_only_create_exchange_and_rotate_write_a_digest(template) -> None:
    writers = {
        function
        for function in FUNCTIONS
        for action, statement in on_the_table(template, function)
        if action in WRITES and "secrets" in attributes(template, statement)
    }
    assert writers == {"Create", "Exchange", "Rotate"}


def test_no_write_returns_what_it_wrote(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            if action in WRITES:
                assert values(template, statement, "StringEqualsIfExists", "dynamodb:ReturnValues") == {"NONE"}


def test_tokens_and_slots_change_in_transactions_only(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function):
            alone = {("Authorizer", "UpdateItem"), ("Introspect", "UpdateItem"), ("Catalog", "PutItem")}
            is_usage = partitions(template, statement) == {"USAGE#*"}
            if action in WRITES and (function, action) not in alone and not is_usage:
                enclosing = values(template, statement, "ForAnyValue:StringEquals", "dynamodb:EnclosingOperation")
                assert enclosing == {"TransactWriteItems"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_its_own_log_alone(template, function: str) -> None:
    others = [it for it in statements(template, function) if not listed(it["Action"])[0].startswith("dynamodb:")]
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
