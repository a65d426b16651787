"""The table keeps what it holds, and its indexes hold nothing but keys."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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
        "by_day": [("day", "HASH"), ("sk", "RANGE")],
    }


def test_an_index_holds_nothing_but_keys(template) -> None:
    """So no release changes a projection, which CloudFormation cannot."""
    for index in template.properties("TokensTable")["GlobalSecondaryIndexes"]:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_each_list_of_attributes_stands_once() -> None:
    """A list that two roles need is in Mappings; only what a single statement writes is spelled out in a role."""
    lists = re.findall(r"\[pk, sk[^\]]*\]", (ROOT / "template.yaml").read_text())
    assert lists and sorted(lists) == sorted(set(lists))
