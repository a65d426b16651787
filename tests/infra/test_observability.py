"""The access log's format, the level of the audit log, and the retention of logs."""

import json
import re

from conftest import ROOT

# The fields of rack-gateway's audit log, and this product's own.
FIELDS = {
    "timestamp", "api_token_id", "api_token_name", "method", "path", "status_code", "rbac_decision",
    "request_id", "principal_type", "owner", "source_ip", "reason", "resource_path",
}  # fmt: skip
SAFE = {
    "requestTime", "requestId", "httpMethod", "resourcePath", "identity.sourceIp", "status",
    "authorizer.principal_type", "authorizer.token_id", "authorizer.audit_token_name", "authorizer.audit_owner",
    "authorizer.audit_path", "authorizer.audit_decision", "authorizer.audit_reason",
}  # fmt: skip
VARIABLE = re.compile(r"\$context\.([A-Za-z.]+(?:_[a-z]+)*)")


def access_log(template) -> dict:
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    return stage["AccessLogSetting"]


def test_the_access_log_is_one_json_line_with_every_field(template) -> None:
    form = access_log(template)["Format"]
    assert "\n" not in form
    line = json.loads(VARIABLE.sub("200", form))
    assert line.keys() == FIELDS
    assert line["status_code"] == 200, "a number, so that metric filters can compare it"


def test_the_access_log_has_no_header_no_body_and_no_raw_path(template) -> None:
    form = access_log(template)["Format"]
    assert set(VARIABLE.findall(form)) == SAFE
    assert form.count("$") == len(VARIABLE.findall(form))


def test_every_function_and_the_api_log_json_to_a_group_with_retention(template) -> None:
    groups = template.of_type("AWS::Logs::LogGroup")
    for group in groups.values():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    logs = [function["LoggingConfig"] for function in template.of_type("AWS::Lambda::Function").values()]
    assert all(log["LogFormat"] == "JSON" for log in logs)
    # The audit log is at INFO.
    assert all(log["ApplicationLogLevel"] == "INFO" for log in logs)
    assert all(log["SystemLogLevel"] == {"Ref": "SystemLogLevel"} for log in logs)
    used = [log["LogGroup"]["Ref"] for log in logs] + [access_log(template)["DestinationArn"]["Fn::GetAtt"][0]]
    assert sorted(used) == sorted(groups), "one group each"


def test_the_stack_leaves_the_accounts_log_role_to_its_own_template(template) -> None:
    """A role that IAM has not propagated yet must not fail the stack with the table."""
    assert not template.of_type("AWS::ApiGateway::Account")


def test_the_log_role_outlives_its_stack_and_a_failed_creation_leaves_nothing(log_role) -> None:
    for name in ["ApiGatewayAccount", "ApiGatewayLogRole"]:
        # Deleting the stack must not silence the other APIs of the account.
        assert log_role.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert log_role.resources[name]["UpdateReplacePolicy"] == "Retain"


def test_the_log_role_is_set_in_an_account_that_never_had_an_api(log_role) -> None:
    # Such an account must have an API first.
    assert log_role.resources["ApiGatewayAccount"]["DependsOn"] == "EmptyApi"
    assert log_role.resources["EmptyApi"]["Type"] == "AWS::ApiGateway::RestApi"
    assert log_role.properties("ApiGatewayAccount") == {
        "CloudWatchRoleArn": {"Fn::GetAtt": ["ApiGatewayLogRole", "Arn"]}
    }


def test_only_api_gateway_can_assume_the_log_role(log_role) -> None:
    [trusted] = log_role.properties("ApiGatewayLogRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "apigateway.amazonaws.com"}


def test_lambda_keeps_audit_lines_at_the_log_level_of_their_functions(template) -> None:
    order = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    lines = (ROOT / "tests/infra/audit-lines.jsonl").read_text().splitlines()
    assert {json.loads(line)["level"] for line in lines} == {"INFO"}
    for function in ["AuthorizerFunction", "ExchangeFunction"]:
        # Lambda's default is INFO.
        level = template.properties(function)["LoggingConfig"].get("ApplicationLogLevel", "INFO")
        assert order.index(level) <= order.index("INFO"), function
