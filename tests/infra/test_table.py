"""The table keeps what it holds, and its indexes hold no digest."""

DISPLAYED = {"name", "description", "created_by", "via", "expires_at", "revoked_at", "revoked_by", "revoked_for", "disabled",
             "enabled_at", "role", "grants", "allowed_ips", "rotated_at", "previous_secret_until", "last_used_at",
             "last_used_from", "version"}  # fmt: skip


def keys(schema: list[dict]) -> list[tuple[str, str]]:
    return [(part["AttributeName"], part["KeyType"]) for part in schema]


def test_the_table_is_protected(template) -> None:
    resource = template.resources["TokensTable"]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    table = resource["Properties"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_the_table_costs_nothing_while_nobody_calls(template) -> None:
    assert template.properties("TokensTable")["BillingMode"] == "PAY_PER_REQUEST"
    for function in template.of_type("AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function
    assert not template.of_type("AWS::Lambda::Alias")


def test_items_are_cleared_by_their_ttl(template) -> None:
    ttl = template.properties("TokensTable")["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "ttl", "Enabled": True}


def test_the_keys_are_those_of_the_design(template) -> None:
    table = template.properties("TokensTable")
    assert keys(table["KeySchema"]) == [("pk", "HASH"), ("sk", "RANGE")]
    indexes = {index["IndexName"]: keys(index["KeySchema"]) for index in table["GlobalSecondaryIndexes"]}
    assert indexes == {
        "by_owner": [("owner", "HASH"), ("created_at", "RANGE")],
        "by_time": [("sk", "HASH"), ("created_at", "RANGE")],
    }


def test_no_index_projects_the_digest(template) -> None:
    for index in template.properties("TokensTable")["GlobalSecondaryIndexes"]:
        projection = index["Projection"]
        assert projection["ProjectionType"] == "INCLUDE"
        assert set(projection["NonKeyAttributes"]) - {"owner"} == DISPLAYED
        assert len(projection["NonKeyAttributes"]) <= 20  # DynamoDB's limit
