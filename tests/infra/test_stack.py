"""Parameters, environment and outputs: what whoever deploys the stack deals with."""

import re

import pytest

DEFAULTS = {
    "TokenPrefix": "pcl",
    "MaxTokensPerOwner": 10,
    "RetentionDays": 30,
    "HistoryDays": 400,
    "MaxTokenLifetime": 0,
    "MaxIdleDays": 0,
    "QuarantineOnReuse": "false",
    "HttpApiResponseFormat": "simple",
    "TokenManagement": "owners",
    "OidcIssuer": "",
    "OidcAudience": "",
    "OidcGroupsClaim": "groups",
    "OidcOwnerClaim": "sub",
    "OidcClientId": "",
    "OidcScopes": "openid",
    "ConsoleConnectSources": "",
    "AuthorizerCacheSeconds": 0,
    "FlushStages": "",
    "StageName": "v1",
    "Architecture": "arm64",
    "LogRetentionDays": 90,
    "CreateApiGatewayLogRole": "false",
}
TABLE = {"PORTCULLIS_TABLE": {"Ref": "TokensTable"}}
PREFIX = {"PORTCULLIS_PREFIX": {"Ref": "TokenPrefix"}}
RETENTION = {"PORTCULLIS_RETENTION_DAYS": {"Ref": "RetentionDays"}}
HISTORY = {"PORTCULLIS_HISTORY_DAYS": {"Ref": "HistoryDays"}}
MANAGEMENT = {"PORTCULLIS_TOKEN_MANAGEMENT": {"Ref": "TokenManagement"}}
SESSIONS = {
    f"PORTCULLIS_OIDC_{name}": {"Ref": parameter}
    for name, parameter in [
        ("ISSUER", "OidcIssuer"),
        ("AUDIENCE", "OidcAudience"),
        ("GROUPS_CLAIM", "OidcGroupsClaim"),
        ("OWNER_CLAIM", "OidcOwnerClaim"),
    ]
}
SIGN_IN = {
    f"PORTCULLIS_OIDC_{name}": {"Ref": parameter}
    for name, parameter in [
        ("ISSUER", "OidcIssuer"),
        ("AUDIENCE", "OidcAudience"),
        ("CLIENT_ID", "OidcClientId"),
        ("SCOPES", "OidcScopes"),
    ]
}
CACHING = {"PORTCULLIS_AUTHORIZER_CACHE_SECONDS": {"Ref": "AuthorizerCacheSeconds"}}
NO_STAGE = {"AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH": "true"}
LIVE = {"PORTCULLIS_MAX_TOKENS_PER_OWNER": {"Ref": "MaxTokensPerOwner"}}
LIFETIME = {"PORTCULLIS_MAX_TOKEN_LIFETIME": {"Ref": "MaxTokenLifetime"}}
IDLE = {"PORTCULLIS_MAX_IDLE_DAYS": {"Ref": "MaxIdleDays"}}
QUARANTINE = {"PORTCULLIS_QUARANTINE_ON_REUSE": {"Ref": "QuarantineOnReuse"}}
OF_EACH_CALL = TABLE | MANAGEMENT | IDLE | NO_STAGE
ENVIRONMENT = {
    "AuthorizerFunction": TABLE | HISTORY | PREFIX | MANAGEMENT | IDLE | QUARANTINE | SESSIONS | CACHING
    | {"PORTCULLIS_HTTP_API_RESPONSE_FORMAT": {"Ref": "HttpApiResponseFormat"}},
    "CatalogFunction": OF_EACH_CALL,
    "ConsoleFunction": NO_STAGE
    | {
        "PORTCULLIS_OIDC_ISSUER": {"Ref": "OidcIssuer"},
        "PORTCULLIS_CONSOLE_CONNECT_SOURCES": {"Ref": "ConsoleConnectSources"},
    },
    "CreateFunction": OF_EACH_CALL | HISTORY | PREFIX | RETENTION | LIVE | LIFETIME,
    "ExchangeFunction": TABLE | HISTORY | PREFIX | RETENTION | NO_STAGE | SIGN_IN,
    "IntrospectFunction": OF_EACH_CALL | HISTORY | PREFIX | QUARANTINE,
    "ListFunction": OF_EACH_CALL | HISTORY | CACHING,
    "RevokeFunction": OF_EACH_CALL | HISTORY | PREFIX | RETENTION | QUARANTINE | CACHING
    | {"PORTCULLIS_FLUSH_STAGES": {"Ref": "FlushStages"}},
    "RotateFunction": OF_EACH_CALL | HISTORY | PREFIX | RETENTION | LIVE | LIFETIME,
    "UpdateFunction": OF_EACH_CALL | HISTORY | RETENTION | LIVE | LIFETIME | CACHING,
}  # fmt: skip


def test_the_defaults_are_those_of_the_design(template) -> None:
    assert {name: it["Default"] for name, it in template.parameters.items()} == DEFAULTS


def test_every_parameter_says_what_it_is_for_and_what_it_takes(template, examples) -> None:
    for one in [template, *examples.values()]:
        for name, parameter in one.parameters.items():
            assert parameter["Description"], name
            limits = {"AllowedValues"}, {"AllowedPattern", "ConstraintDescription"}, {"MinValue", "MaxValue"}
            assert any(limit <= parameter.keys() for limit in limits), name


@pytest.mark.parametrize("prefix", ["pcl", "ab", "a1", "a" * 16])
def test_a_prefix_of_the_design_is_taken(template, prefix: str) -> None:
    assert re.fullmatch(template.parameters["TokenPrefix"]["AllowedPattern"], prefix)


@pytest.mark.parametrize("prefix", ["", "a", "1a", "Pcl", "p_l", "p-l", "a" * 17, "pcl\n"])
def test_a_prefix_that_no_token_can_have_is_refused(template, prefix: str) -> None:
    assert not re.fullmatch(template.parameters["TokenPrefix"]["AllowedPattern"], prefix)


@pytest.mark.parametrize("function", ENVIRONMENT)
def test_a_function_is_told_what_it_uses_and_nothing_else(template, function: str) -> None:
    assert template.properties(function)["Environment"]["Variables"] == ENVIRONMENT[function]


def test_functions_start_quickly_and_end_before_their_gateway(template) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        assert function["Runtime"] == "provided.al2023"
        assert function["Architectures"] == [{"Ref": "Architecture"}]
        assert function["MemorySize"] >= 256, name  # at 128 MB a TLS handshake is slow
        assert function["Timeout"] == {"AuthorizerFunction": 5, "RevokeFunction": 20}.get(name, 10)


def test_the_outputs_are_what_the_owner_of_an_api_needs(template) -> None:
    assert template.outputs.keys() == {
        "ApiUrl",
        "ConsoleUrl",
        "AuthorizerFunctionArn",
        "AuthorizerCacheSeconds",
        "TableName",
        "BootstrapCommand",
        "CreateFunctionName",
        "AuthorizerLogGroupName",
        "ExchangeLogGroupName",
    }
    assert all(output["Description"] for output in template.outputs.values())


def test_the_first_token_is_made_by_invoking_the_create_function(template) -> None:
    command = template.outputs["BootstrapCommand"]["Value"]["Fn::Sub"]
    assert "--function-name ${CreateFunction}" in command
    assert '{"bootstrap":{"owner":"admin","name":"first admin"}}' in command
    assert "\n" not in command
