"""Parameters, environment variables and outputs of the stack."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = [ROOT / "template.yaml", *ROOT.glob("infra/*.yaml"), *ROOT.glob("examples/*/*.yaml")]
TEMPLATES = [path for path in TEMPLATES if "AWSTemplateFormatVersion" in path.read_text()]
FUNCTIONS = {
    "Approvals", "Authorizer", "Catalog", "Console", "Create", "Exchange", "Introspect", "Read", "Revoke", "Rotate",
    "Update",
}  # fmt: skip
# The functions that need each setting. Without its variable, a function would use the code's default and
# ignore the parameter.
READERS = {
    "PORTCULLIS_TABLE": FUNCTIONS - {"Console"},
    "PORTCULLIS_PREFIX": FUNCTIONS - {"Approvals", "Catalog", "Console", "Read", "Update"},
    "PORTCULLIS_RETENTION_DAYS": {"Create", "Exchange", "Read", "Revoke", "Rotate", "Update"},
    "PORTCULLIS_HISTORY_DAYS": FUNCTIONS - {"Catalog", "Console"},
    "PORTCULLIS_TOKEN_MANAGEMENT": FUNCTIONS - {"Console", "Exchange"},
    "PORTCULLIS_MAX_IDLE_DAYS": FUNCTIONS - {"Console", "Exchange"},
    "PORTCULLIS_MAX_TOKENS_PER_OWNER": {"Create", "Read", "Rotate", "Update"},
    "PORTCULLIS_DEFAULT_TOKEN_LIFETIME": {"Create", "Read"},
    "PORTCULLIS_MAX_TOKEN_LIFETIME": {"Create", "Read", "Rotate", "Update"},
    "PORTCULLIS_QUARANTINE_ON_REUSE": {"Authorizer", "Introspect", "Revoke"},
    "PORTCULLIS_AUTHORIZER_CACHE_SECONDS": {"Approvals", "Authorizer", "Catalog", "Read", "Revoke", "Update"},
    "PORTCULLIS_HTTP_API_RESPONSE_FORMAT": {"Authorizer"},
    "PORTCULLIS_FLUSH_STAGES": {"Revoke"},
    "PORTCULLIS_OIDC_ISSUER": {"Authorizer", "Console", "Exchange"},
    "PORTCULLIS_OIDC_AUDIENCE": {"Authorizer", "Exchange"},
    "PORTCULLIS_OIDC_GROUPS_CLAIM": {"Authorizer"},
    "PORTCULLIS_OIDC_OWNER_CLAIM": {"Authorizer"},
    "PORTCULLIS_OIDC_CLIENT_ID": {"Exchange"},
    "PORTCULLIS_OIDC_SCOPES": {"Exchange"},
    "PORTCULLIS_CONSOLE_CONNECT_SOURCES": {"Console"},
    "AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH": FUNCTIONS - {"Authorizer"},
    "AWS_USE_FIPS_ENDPOINT": FUNCTIONS,
    "AWS_USE_DUALSTACK_ENDPOINT": FUNCTIONS,
}


def documented_defaults() -> dict[str, str]:
    """Parameter -> default, from the table in docs/deploy.md; an empty default may be documented as another parameter."""
    section = (ROOT / "docs/deploy.md").read_text().split("## Parameters")[1].split("\n## ")[0]
    defaults = dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? ?\|", section, re.MULTILINE))
    return {name: "" if value in defaults else value for name, value in defaults.items()}


def test_the_deploy_guide_has_every_parameter_with_its_default(template) -> None:
    assert documented_defaults() == {name: str(it["Default"]) for name, it in template.parameters.items()}


def test_every_default_is_within_its_limits(template) -> None:
    for name, it in template.parameters.items():
        default = it["Default"]
        assert default in it.get("AllowedValues", [default]), name
        assert re.fullmatch(it.get("AllowedPattern", ".*"), str(default)), name
        assert it.get("MinValue", default) <= default <= it.get("MaxValue", default), name


def test_every_parameter_has_a_description_and_limits(template, examples) -> None:
    for one in [template, *examples.values()]:
        for name, parameter in one.parameters.items():
            assert parameter["Description"], name
            limits = {"AllowedValues"}, {"AllowedPattern", "ConstraintDescription"}, {"MinValue", "MaxValue"}
            assert any(limit <= parameter.keys() for limit in limits), name


@pytest.mark.parametrize("prefix", ["pcl", "ab", "a1", "a" * 16])
def test_a_valid_prefix_is_accepted(template, prefix: str) -> None:
    assert re.fullmatch(template.parameters["TokenPrefix"]["AllowedPattern"], prefix)


@pytest.mark.parametrize("prefix", ["", "a", "1a", "Pcl", "p_l", "p-l", "a" * 17, "pcl\n"])
def test_an_invalid_prefix_is_refused(template, prefix: str) -> None:
    assert not re.fullmatch(template.parameters["TokenPrefix"]["AllowedPattern"], prefix)


def test_each_setting_is_given_to_the_functions_that_need_it(template) -> None:
    given = defaultdict(set)
    for function, properties in template.of_type("AWS::Lambda::Function").items():
        for variable in properties["Environment"]["Variables"]:
            given[variable].add(function.removesuffix("Function"))
    assert given == READERS


def test_each_variable_has_the_value_of_its_parameter(template) -> None:
    table = {"Fn::If": ["CreatesTable", {"Ref": "TokensTable"}, {"Ref": "ExistingTableName"}]}
    special = {"PORTCULLIS_TABLE": table, "PORTCULLIS_PREFIX": {"Ref": "TokenPrefix"}}
    special["AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH"] = "true"
    special["AWS_USE_FIPS_ENDPOINT"] = {"Ref": "UseFipsEndpoints"}
    special["AWS_USE_DUALSTACK_ENDPOINT"] = {"Ref": "UseDualStackEndpoints"}
    for function in template.of_type("AWS::Lambda::Function").values():
        for name, value in function["Environment"]["Variables"].items():
            parameter = name.removeprefix("PORTCULLIS_").title().replace("_", "")
            assert value == special.get(name, {"Ref": parameter})


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_arn_and_no_url_is_of_one_partition(path: Path) -> None:
    for line in path.read_text().splitlines():
        # The names of services are the same in every partition.
        service = re.fullmatch(r" +(Service|Principal): [a-z]+\.amazonaws\.com", line)
        assert service or not re.search(r"amazonaws|arn:aws|api\.aws", line.split(" # ")[0]), line


def test_functions_have_enough_memory_and_time_out_before_the_gateway(template) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        assert function["Runtime"] == "provided.al2023"
        assert function["Architectures"] == [{"Ref": "Architecture"}]
        assert function["MemorySize"] >= 256, name  # at 128 MB a TLS handshake is slow
        assert function["Timeout"] == {"AuthorizerFunction": 5, "RevokeFunction": 20}.get(name, 10)


def test_the_outputs_are_complete_and_described(template) -> None:
    assert template.outputs.keys() == {
        "ApiUrl",
        "ConsoleUrl",
        "DomainTarget",
        "DomainTargetHostedZoneId",
        "AuthorizerFunctionArn",
        "AuthorizerCacheSeconds",
        "TableName",
        "BootstrapCommand",
        "CreateFunctionName",
        "AuthorizerLogGroupName",
        "ExchangeLogGroupName",
    }
    assert all(output["Description"] for output in template.outputs.values())


def test_the_bootstrap_command_invokes_the_create_function(template) -> None:
    command = template.outputs["BootstrapCommand"]["Value"]["Fn::Sub"]
    assert "--function-name ${CreateFunction}" in command
    assert '{"bootstrap":{"owner":"admin","name":"first admin"}}' in command
    assert "\n" not in command
