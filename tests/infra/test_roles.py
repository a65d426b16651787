"""What the functions' roles allow, statement by statement."""

import pytest

FUNCTIONS = ["Authorizer", "Catalog", "Create", "List", "Revoke"]
TABLE = {"Fn::GetAtt": ["TokensTable", "Arn"]}
INDEXES = [{"Fn::Sub": f"${{TokensTable.Arn}}/index/{name}"} for name in ("by_owner", "by_time")]
KEYS = {"pk", "sk"}
# What a token's record is read from, and with that everything but the digest.
RECORD = KEYS | {
    "name", "description", "owner", "created_by", "created_at", "expires_at", "revoked_at",
    "revoked_by", "role", "grants", "last_used_at", "version",
}  # fmt: skip
# Whoever asks what a role gives, or what a route needs, reads the catalog.
READ = RECORD | {"document"}
# Action -> partitions and attributes. Nothing else is allowed to anyone.
ALLOWED = {
    "Authorizer": {
        "GetItem": ({"TOKEN#*", "CATALOG"}, READ | {"digest"}),
        "UpdateItem": ({"TOKEN#*"}, KEYS | {"last_used_at"}),
    },
    "Create": {
        "GetItem": ({"TOKEN#*", "OWNER#*", "CATALOG"}, READ | {"live"}),
        "PutItem": (
            {"TOKEN#*"},
            RECORD - {"revoked_at", "revoked_by", "last_used_at"} | {"digest", "ttl"},
        ),
        "UpdateItem": ({"OWNER#*"}, KEYS | {"live", "version"}),
    },
    "Catalog": {
        "GetItem": ({"TOKEN#*", "CATALOG"}, READ),
        "PutItem": ({"CATALOG"}, KEYS | {"document", "version", "updated_at", "updated_by"}),
    },
    "List": {"GetItem": ({"TOKEN#*", "CATALOG"}, READ), "Query": (None, None)},
    "Revoke": {
        "GetItem": ({"TOKEN#*", "OWNER#*", "CATALOG"}, READ | {"live"}),
        "UpdateItem": ({"TOKEN#*", "OWNER#*"}, KEYS | {"revoked_at", "revoked_by", "ttl", "version", "live"}),
        "DeleteItem": ({"TOKEN#*"}, KEYS),
    },
}
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(template, function: str) -> list[dict]:
    role = template.properties(f"{function}Role")
    assert "ManagedPolicyArns" not in role
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def on_the_table(template, function: str) -> dict[str, dict]:
    """Action -> the statement that allows it."""
    found = {}
    for statement in statements(template, function):
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            if service == "dynamodb":
                assert name not in found, f"two statements allow {function} {action}"
                found[name] = statement
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
    assert on_the_table(template, function).keys() == ALLOWED[function].keys()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_is_for_the_items_and_attributes_that_its_function_uses(template, function: str) -> None:
    for action, statement in on_the_table(template, function).items():
        partitions, attributes = ALLOWED[function][action]
        if partitions is not None:
            assert listed(statement["Resource"]) == [TABLE]
            assert values(statement, "ForAllValues:StringLike", "dynamodb:LeadingKeys") == partitions
            assert values(statement, "ForAllValues:StringEquals", "dynamodb:Attributes") == attributes


def test_only_the_authorizer_reads_a_digest(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function).items():
            if action == "GetItem":
                # Without this a request that names no attributes would get all of them.
                assert values(statement, "StringEqualsIfExists", "dynamodb:Select") == {"SPECIFIC_ATTRIBUTES"}
                named = values(statement, "ForAllValues:StringEquals", "dynamodb:Attributes")
                assert named and ("digest" in named) == (function == "Authorizer")
            elif action == "Query":
                assert statement["Resource"] == INDEXES
            else:
                assert action in WRITES


def test_no_write_returns_what_it_wrote(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function).items():
            if action in WRITES:
                assert values(statement, "StringEqualsIfExists", "dynamodb:ReturnValues") == {"NONE"}


def test_tokens_and_slots_change_in_transactions_only(template) -> None:
    for function in FUNCTIONS:
        for action, statement in on_the_table(template, function).items():
            if action in WRITES and (function, action) not in {("Authorizer", "UpdateItem"), ("Catalog", "PutItem")}:
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
