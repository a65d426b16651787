"""The access log's format, and the retention of logs."""

import json
import re

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


def test_every_function_and_the_api_log_json_at_a_fixed_level_to_a_group_with_retention(template) -> None:
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


def test_the_accounts_log_role_is_set_only_if_configured(template) -> None:
    for name in ["ApiGatewayAccount", "ApiGatewayLogRole"]:
        resource = template.resources[name]
        assert resource["Condition"] == "CreatesApiGatewayLogRole"
        # Deleting the stack must not silence the other APIs of the account.
        assert resource["DeletionPolicy"] == "Retain"
    assert template.parameters["CreateApiGatewayLogRole"]["Default"] == "false"


def test_a_new_log_role_is_created_before_the_stage_that_needs_it(template) -> None:
    # An account that never had an API must have one before its log role can be set.
    assert template.resources["ApiGatewayAccount"]["DependsOn"] == "Api"
    assert template.properties("ApiGatewayAccount")["CloudWatchRoleArn"] == {"Fn::GetAtt": ["ApiGatewayLogRole", "Arn"]}
    stages = [name for name, resource in template.resources.items() if resource["Type"] == "AWS::ApiGateway::Stage"]
    assert stages
    for stage in stages:
        awaited = template.properties(stage)["Variables"]["log_account"]
        assert awaited == {"Fn::If": ["CreatesApiGatewayLogRole", {"Ref": "ApiGatewayAccount"}, "existing"]}
