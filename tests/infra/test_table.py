"""The table is protected from deletion, and its indexes hold only keys."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_is_protected(template) -> None:
    resource = template.resources["TokensTable"]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    table = resource["Properties"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
    }


def test_the_stack_has_no_fixed_costs(template) -> None:
    assert template.properties("TokensTable")["BillingMode"] == "PAY_PER_REQUEST"
    assert template.parameters["AuthorizerProvisionedConcurrency"]["Default"] == 0


def test_an_index_holds_only_keys(template) -> None:
    """CloudFormation cannot change a projection, so no release needs to."""
    for index in template.properties("TokensTable")["GlobalSecondaryIndexes"]:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_no_list_of_attributes_is_repeated() -> None:
    """Lists that several roles need are in Mappings."""
    lists = re.findall(r"\[pk, sk[^\]]*\]", (ROOT / "template.yaml").read_text())
    assert lists and sorted(lists) == sorted(set(lists))


def test_an_existing_table_replaces_the_stacks_and_keeps_it(template) -> None:
    assert template.document["Conditions"]["CreatesTable"] == {"Fn::Equals": [{"Ref": "ExistingTableName"}, ""]}
    assert template.resources["TokensTable"]["Condition"] == "CreatesTable"
    # The table and the two values with the choice.
    source = (ROOT / "template.yaml").read_text()
    assert len(re.findall(r"CreatesTable\b", source)) == 4
    assert len(re.findall(r"\bTokensTable\b", source)) == 3
    assert template.document["Outputs"]["TableName"]["Value"] == {
        "Fn::If": ["CreatesTable", {"Ref": "TokensTable"}, {"Ref": "ExistingTableName"}]
    }
