"""The authorizer's alias, and when a deployment publishes a new version."""

import re

import pytest

from conftest import ROOT, Template

ALIAS = {"Ref": "AuthorizerFunctionAliaslive"}
# Lambda's limit.
MAX_DESCRIPTION = 256
OIDC = {"OidcIssuer", "OidcAudience", "OidcGroupsClaim", "OidcOwnerClaim"}
# Properties of a function that are not part of its versions.
UNVERSIONED = {"Code", "ReservedConcurrentExecutions", "Tags"}


def version(template: Template) -> tuple[str, dict]:
    [one] = template.of_type("AWS::Lambda::Version").items()
    return one


def described(template: Template) -> list[str]:
    """The parameters in the version's description."""
    return re.findall(r"\$\{(\w+)\}", version(template)[1]["Description"]["Fn::Sub"])


def referenced(value: object, conditions: dict) -> set[str]:
    """The names that a value refers to, also through conditions."""
    if isinstance(value, list):
        return {name for one in value for name in referenced(one, conditions)}
    if not isinstance(value, dict):
        return set()
    if "Fn::If" in value:
        condition, *branches = value["Fn::If"]
        return referenced(conditions[condition], conditions) | referenced(branches, conditions)
    found = {name for one in value.values() for name in referenced(one, conditions)}
    if "Ref" in value:
        found.add(value["Ref"])
    if "Fn::Sub" in value:
        found |= set(re.findall(r"\$\{(\w+)\}", value["Fn::Sub"]))
    return found


def max_length(parameter: dict) -> int:
    """Maximum length of a parameter's value."""
    if "AllowedValues" in parameter:
        return max(map(len, parameter["AllowedValues"]))
    if "MaxValue" in parameter:
        return len(str(parameter["MaxValue"]))
    return next(n for n in range(MAX_DESCRIPTION, 0, -1) if re.fullmatch(parameter["AllowedPattern"], "a" * n))


def test_the_output_the_api_and_the_permission_name_the_alias(template) -> None:
    assert template.properties(ALIAS["Ref"])["Name"] == "live"
    assert template.outputs["AuthorizerFunctionArn"]["Value"] == ALIAS
    assert template.properties("AuthorizerPermission")["FunctionName"] == ALIAS
    [body] = template.api_bodies()
    [scheme] = body["components"]["securitySchemes"].values()
    _, names = scheme["x-amazon-apigateway-authorizer"]["authorizerUri"]["Fn::Sub"]
    assert names == {"__FunctionArn__": ALIAS}


def test_a_changed_parameter_that_the_authorizer_uses_publishes_a_version(template) -> None:
    function = template.properties("AuthorizerFunction")
    versioned = {name: value for name, value in function.items() if name not in UNVERSIONED}
    used = referenced(versioned, template.document["Conditions"]) & template.parameters.keys()
    # Any other parameter would fail the deployment: Lambda publishes no version of an unchanged function.
    assert sorted(described(template)) == sorted(used)
    assert used > OIDC


def test_a_changed_parameter_changes_the_version_description(template) -> None:
    changed = Template(ROOT / "template.yaml", {"MaxIdleDays": "7"})
    assert version(changed)[0] == version(template)[0]


def test_a_changed_property_of_the_function_publishes_a_version(template) -> None:
    changed = Template(ROOT / "template.yaml", replaced=("Timeout: 5\n", "Timeout: 4\n"))
    assert version(changed)[0] != version(template)[0]


def test_the_documented_length_of_the_oidc_parameters_fits_in_the_description(template) -> None:
    names = described(template)
    others = sum(max_length(template.parameters[name]) for name in names if name not in OIDC)
    text = version(template)[1]["Description"]["Fn::Sub"]
    separators = len(re.sub(r"\$\{\w+\}", "", text))
    assert separators == len(names) - 1
    left = MAX_DESCRIPTION - others - separators
    assert f"together at most {left} characters" in (ROOT / "docs/deploy.md").read_text()
    assert f"together at most {left} characters" in template.parameters["OidcIssuer"]["Description"]


def test_provisioned_concurrency_is_off_by_default(template) -> None:
    value = {"ProvisionedConcurrentExecutions": {"Ref": "AuthorizerProvisionedConcurrency"}}
    configured = {"Fn::If": ["ProvisionsAuthorizerConcurrency", value, {"Ref": "AWS::NoValue"}]}
    assert template.properties(ALIAS["Ref"])["ProvisionedConcurrencyConfig"] == configured
    off = {"Fn::Not": [{"Fn::Equals": [{"Ref": "AuthorizerProvisionedConcurrency"}, 0]}]}
    assert template.document["Conditions"]["ProvisionsAuthorizerConcurrency"] == off


def test_codedeploy_is_used_only_for_a_gradual_deployment(template) -> None:
    kinds = template.parameters["AuthorizerDeployment"]["AllowedValues"]
    assert template.document["Mappings"]["CodeDeploy"].keys() == set(kinds)
    assert template.parameters["AuthorizerDeployment"]["Default"] == "AllAtOnce"
    assert not template.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert "UpdatePolicy" not in template.resources[ALIAS["Ref"]]
    role = template.resources["AuthorizerDeploymentRole"]
    assert template.document["Conditions"][role["Condition"]] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AuthorizerDeployment"}, "AllAtOnce"]}]
    }


@pytest.mark.parametrize("kind", ["Canary10Percent5Minutes", "Linear10PercentEvery1Minute"])
def test_a_gradual_deployment_moves_the_alias_with_the_stacks_own_role(kind: str) -> None:
    gradual = Template(ROOT / "template.yaml", {"AuthorizerDeployment": kind})
    [group] = gradual.of_type("AWS::CodeDeploy::DeploymentGroup").values()
    assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": kind}
    role = {"Fn::GetAtt": ["AuthorizerDeploymentRole", "Arn"]}
    assert group["ServiceRoleArn"] == {"Fn::If": ["DeploysGradually", role, {"Ref": "AWS::NoValue"}]}
    assert "CodeDeployLambdaAliasUpdate" in gradual.resources[ALIAS["Ref"]]["UpdatePolicy"]
    names = ["AuthorizerErrorsAlarm", "AuthorizerDurationAlarm"]
    watched = {"Enabled": True, "Alarms": [{"Name": {"Ref": name}} for name in names]}
    assert group["AlarmConfiguration"] == {"Fn::If": ["CreatesAlarms", watched, {}]}
    # SAM creates no role of its own, which would have no permissions boundary.
    assert gradual.of_type("AWS::IAM::Role").keys() == Template(ROOT / "template.yaml").of_type("AWS::IAM::Role").keys()
