"""What an organization requires of a stack: its own domain, keys, permissions boundaries, web ACLs."""

import re

import pytest

NONE = {"Ref": "AWS::NoValue"}
ACCOUNT = "123456789012"


def optional(condition: str, parameter: str) -> dict:
    return {"Fn::If": [condition, {"Ref": parameter}, NONE]}


@pytest.mark.parametrize(
    ("condition", "parameter"),
    [
        ("HasDomain", "DomainName"),
        ("HasKmsKey", "KmsKeyArn"),
        ("HasPermissionsBoundary", "PermissionsBoundaryArn"),
        ("HasWebAcl", "WebAclArn"),
    ],
)
def test_each_is_used_only_if_configured(template, condition: str, parameter: str) -> None:
    assert template.parameters[parameter]["Default"] == ""
    configured = {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
    assert template.document["Conditions"][condition] == configured


def test_the_key_encrypts_the_table_and_every_log(template) -> None:
    key = optional("HasKmsKey", "KmsKeyArn")
    assert template.properties("TokensTable")["SSESpecification"]["KMSMasterKeyId"] == key
    groups = template.of_type("AWS::Logs::LogGroup")
    assert groups
    assert all(group["KmsKeyId"] == key for group in groups.values())


def test_every_role_has_the_permissions_boundary(template, log_role) -> None:
    roles = template.of_type("AWS::IAM::Role") | log_role.of_type("AWS::IAM::Role")
    boundaries = {name: role.get("PermissionsBoundary") for name, role in roles.items()}
    assert boundaries == dict.fromkeys(roles, optional("HasPermissionsBoundary", "PermissionsBoundaryArn"))


def test_the_domain_has_the_management_api_at_its_root_and_the_outputs_name_it(template) -> None:
    [stage] = [name for name, it in template.resources.items() if it["Type"] == "AWS::ApiGateway::Stage"]
    domain, mapping = template.properties("ApiDomain"), template.properties("ApiDomainMapping")
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert domain["RegionalCertificateArn"] == {"Ref": "CertificateArn"}
    # A base path would move the sign-in metadata from where RFC 9728 section 3.1 requires it.
    assert mapping == {"DomainName": {"Ref": "ApiDomain"}, "RestApiId": {"Ref": "Api"}, "Stage": {"Ref": stage}}
    for name in ["ApiDomain", "ApiDomainMapping"]:
        assert template.resources[name]["Condition"] == "HasDomain"
    for name in ["DomainTarget", "DomainTargetHostedZoneId"]:
        assert template.outputs[name]["Condition"] == "HasDomain"
    own = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${StageName}"
    for name, path in [("ApiUrl", ""), ("ConsoleUrl", "/console/")]:
        urls = [{"Fn::Sub": "https://${DomainName}" + path}, {"Fn::Sub": own + path}]
        assert template.outputs[name]["Value"] == {"Fn::If": ["HasDomain", *urls]}


def test_the_web_acl_filters_the_management_apis_stage(template) -> None:
    [stage] = [name for name, it in template.resources.items() if it["Type"] == "AWS::ApiGateway::Stage"]
    association = template.resources["WebAclAssociation"]
    assert association["Condition"] == "HasWebAcl"
    assert association["Properties"]["WebACLArn"] == {"Ref": "WebAclArn"}
    arn, names = association["Properties"]["ResourceArn"]["Fn::Sub"]
    assert arn == "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Stage}"
    # A reference to the stage, so that the association waits for it.
    assert names == {"Stage": {"Ref": stage}}


@pytest.mark.parametrize(
    ("parameter", "arn"),
    [
        ("DomainName", "tokens.example.com"),
        ("CertificateArn", f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("KmsKeyArn", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("KmsKeyArn", f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"),
        ("PermissionsBoundaryArn", f"arn:aws:iam::{ACCOUNT}:policy/boundaries/Developer"),
        ("PermissionsBoundaryArn", "arn:aws-cn:iam::aws:policy/PowerUserAccess"),
        ("WebAclArn", f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/apis/a1b2c3d4-5678-90ab-cdef-123456789012"),
    ],
)
def test_a_domain_and_an_arn_of_any_partition_are_accepted(template, parameter: str, arn: str) -> None:
    assert re.fullmatch(template.parameters[parameter]["AllowedPattern"], arn)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("DomainName", "https://tokens.example.com"),
        ("DomainName", "Tokens.example.com"),
        ("CertificateArn", "tokens.example.com"),
        ("KmsKeyArn", "alias/tokens"),
        ("PermissionsBoundaryArn", "Developer"),
        ("WebAclArn", f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/site/a1b2"),
    ],
)
def test_another_text_is_refused(template, parameter: str, text: str) -> None:
    assert not re.fullmatch(template.parameters[parameter]["AllowedPattern"], text)


def test_a_domain_needs_a_certificate(template) -> None:
    rule = template.document["Rules"]["ACertificateWithADomain"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    [assertion] = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}
