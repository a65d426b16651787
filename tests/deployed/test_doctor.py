"""`portcullis doctor`: the deployed stack, APIs that use its authorizer well or wrongly, and a revocation."""

import json
from collections.abc import Iterator
from functools import partial

import pytest

import gateway
import stack as stacks
from emulator import Emulator
from stack import Stack

READS = (
    "apigateway:GET",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "cloudwatch:DescribeAlarms",
    "lambda:GetFunctionConfiguration",
    "logs:DescribeLogGroups",
)
# A stack with what `doctor` reads, and nothing else.
SMALL = {
    "Parameters": {
        "AuthorizerFunctionArn": {"Type": "String"},
        "AuthorizerCacheSeconds": {"Type": "Number", "Default": 0},
        "HttpApiResponseFormat": {"Type": "String", "Default": "simple"},
        "LogRetentionDays": {"Type": "Number", "Default": 90},
        "AlarmTopicArn": {"Type": "String", "Default": "arn:aws:sns:eu-central-1:000000000000:alarms"},
        "LogRetentionOfTheGroup": {"Type": "Number", "Default": 90},
    },
    "Conditions": {"HasTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}},
    "Resources": {
        "LogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": {"Ref": "LogRetentionOfTheGroup"}},
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "Portcullis",
                "MetricName": "Errors",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]},
            },
        },
    },
    "Outputs": {"AuthorizerFunctionArn": {"Value": {"Ref": "AuthorizerFunctionArn"}}},
}


@pytest.fixture
def apis(emulator: Emulator, portcullis: Stack) -> Iterator:
    """Creates a REST or HTTP API with an authorizer; returns its ID."""
    rest, http = emulator.client("apigateway"), emulator.client("apigatewayv2")
    deletions = []

    def uri(function: str) -> str:
        return f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{function}/invocations"

    def create(kind: str, function: str = portcullis.outputs["AuthorizerFunctionArn"], **settings) -> str:
        if kind == "rest":
            api = rest.create_rest_api(name=f"a {kind} API")["id"]
            deletions.append(partial(rest.delete_rest_api, restApiId=api))
            rest.create_authorizer(restApiId=api, name="own", type="REQUEST", authorizerUri=uri(function), **settings)
        else:
            api = http.create_api(Name=f"a {kind} API", ProtocolType="HTTP")["ApiId"]
            deletions.append(partial(http.delete_api, ApiId=api))
            kept = {"AuthorizerType": "REQUEST", "AuthorizerUri": uri(function)}
            http.create_authorizer(ApiId=api, Name="own", **kept, **settings)
        return api

    yield create
    for delete in deletions:
        delete()


@pytest.fixture
def small_stack(emulator: Emulator) -> Iterator:
    """Deploys `SMALL` with parameters; returns its name."""
    cloudformation, name = emulator.client("cloudformation"), "small"

    def deploy(**parameters: str) -> str:
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(SMALL), Parameters=given)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
        return name

    yield deploy
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name)


@pytest.fixture
def doctor(portcullis_cli):
    """The exit code and the JSON document."""

    def run(*arguments: str, **environment: str) -> tuple[int, dict]:
        done = portcullis_cli("doctor", "--json", *arguments, **environment)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    return run


def of_api(document: dict, api: str) -> list[tuple[str, str, str]]:
    """The findings of an API."""
    findings = [finding for finding in document["findings"] if f" {api} " in finding["subject"]]
    return [(finding["setting"], finding["found"], finding["expected"]) for finding in findings]


def test_the_stack_and_the_examples_have_no_findings(
    doctor, keys, portcullis: Stack, rest_example: Stack, http_example: Stack, websocket_example: Stack
) -> None:
    _, document = doctor(**keys(*READS))
    kinds = {authorizer["api_id"]: authorizer["api_kind"] for authorizer in document["authorizers"]}
    for stack, kind in [
        (portcullis, "rest"),
        (rest_example, "rest"),
        (http_example, "http"),
        (websocket_example, "websocket"),
    ]:
        assert kinds[stack.resources["Api"]] == kind
        assert of_api(document, stack.resources["Api"]) == []
    settings = {finding["setting"] for finding in document["findings"]}
    assert settings <= {"cache TTL", "identity sources"}, "only of APIs that other tests have deployed"


def test_every_wrong_api_is_found_with_what_to_change(doctor, portcullis: Stack, apis) -> None:
    arn = portcullis.outputs["AuthorizerFunctionArn"]
    latest = arn.removesuffix(":live")
    header = "method.request.header.Authorization"
    wrong = {
        apis("rest", identitySource=header): [("cache TTL", "300 s", "0 s"), ("identity sources", header, "none")],
        apis("rest", function=latest, authorizerResultTtlInSeconds=0, identitySource=""): [("function", latest, arn)],
        apis(
            "http",
            AuthorizerPayloadFormatVersion="2.0",
            AuthorizerResultTtlInSeconds=0,
            EnableSimpleResponses=False,
            IdentitySource=["$request.header.Authorization"],
        ): [
            ("identity sources", "$request.header.Authorization", "none"),
            ("EnableSimpleResponses", "false", "true"),
        ],
    }
    right = apis("rest", authorizerResultTtlInSeconds=0, identitySource="")
    foreign = apis("rest", function=arn.replace("Authorizer", "Other"))
    code, document = doctor()
    assert code == 1
    assert {api: of_api(document, api) for api in wrong} == wrong
    assert of_api(document, right) == []
    assert foreign not in {authorizer["api_id"] for authorizer in document["authorizers"]}


def test_a_stack_without_findings_gives_exit_code_0(portcullis_cli, small_stack, portcullis: Stack) -> None:
    unused = portcullis.outputs["AuthorizerFunctionArn"].replace(":live", "2:live")
    done = portcullis_cli("doctor", "--stack", small_stack(AuthorizerFunctionArn=unused))
    assert (done.returncode, done.stdout) == (0, "No findings.\n")
    assert done.stderr == "Checked 0 authorizers, 0 functions, 1 log group, 1 alarm.\n"


def test_silent_alarms_and_other_retention_are_found(doctor, small_stack, portcullis: Stack) -> None:
    unused = portcullis.outputs["AuthorizerFunctionArn"].replace(":live", "2:live")
    stack = small_stack(AuthorizerFunctionArn=unused, AlarmTopicArn="", LogRetentionOfTheGroup="7")
    code, document = doctor("--stack", stack)
    assert code == 1
    findings = [(finding["setting"], finding["found"]) for finding in document["findings"]]
    assert findings == [("retention", "7 days"), ("actions", "none")]


def test_a_variable_changed_outside_the_stack_is_found(doctor, emulator: Emulator, portcullis: Stack) -> None:
    variables = stacks.authorizer_variables(emulator, portcullis)
    stacks.set_authorizer_variables(emulator, portcullis, variables | {"PORTCULLIS_MAX_IDLE_DAYS": "7"})
    _, document = doctor()
    stacks.set_authorizer_variables(emulator, portcullis, variables)
    found = {"setting": "PORTCULLIS_MAX_IDLE_DAYS", "found": "7", "expected": "0"}
    assert {"subject": f"function {portcullis.resources['AuthorizerFunction']}", **found} in document["findings"]


@pytest.mark.parametrize("lacking", sorted({*READS} - {"cloudwatch:DescribeAlarms"}))
def test_a_missing_iam_permission_is_named(portcullis_cli, keys, portcullis: Stack, lacking: str) -> None:
    refused = portcullis_cli("doctor", **keys(*({*READS} - {lacking})))
    assert (refused.returncode, refused.stdout) == (4, ""), refused.stderr
    assert f"your AWS credentials need {lacking}" in refused.stderr


def test_a_probe_measures_a_revocation_up_to_the_last_refusal(
    doctor, emulator: Emulator, http_example: Stack, url: str, admin_token: str
) -> None:
    probed = [f"{url}/demo/apps/billing", f"{gateway.direct(emulator, http_example.resources['Api'])}/apps/billing"]
    service = {"PORTCULLIS_URL": url, "PORTCULLIS_API_TOKEN": admin_token}
    access = ("--permission", "apps:read", "--resource", "apps/billing")
    _, document = doctor("--probe", probed[0], "--probe", probed[1], *access, **service)
    assert [probe["url"] for probe in document["probes"]] == probed
    assert all(probe["refused_after"] > 0 for probe in document["probes"])
    assert not [finding for finding in document["findings"] if finding["subject"] in probed]
    tokens = gateway.call("GET", f"{url}/tokens", admin_token).body["tokens"]
    assert {token["status"] for token in tokens if token["name"] == "portcullis doctor"} == {"revoked"}


def test_a_probe_finds_apis_that_accept_what_they_should_refuse(
    doctor, emulator: Emulator, cached_example: Stack, url: str, admin_token: str
) -> None:
    cached = f"{gateway.direct(emulator, cached_example.resources['Api'])}/demo/apps/billing"
    open_to_all, refusing = f"{url}/.well-known/oauth-protected-resource", f"{url}/tokens"
    probes = [part for probe in (cached, open_to_all, refusing) for part in ("--probe", probe)]
    service = {"PORTCULLIS_URL": url, "PORTCULLIS_API_TOKEN": admin_token}
    code, document = doctor(*probes, "--wait", "0", "--permission", "apps:read", "--resource", "*", **service)
    assert code == 1
    assert [probe["refused_after"] for probe in document["probes"]] == [None, None, None]
    settings = {finding["subject"]: finding["setting"] for finding in document["findings"]}
    assert settings[cached] == "revoked token"
    assert settings[open_to_all] == "request without a token"
    assert settings[refusing] == "request with a new token"
