"""Metric filters, alarms, the dashboard, queries and tracing."""

import json
import re
from collections import Counter

import pytest

import cloudwatch
from conftest import ROOT

AUDIT_LINES = cloudwatch.AUDIT_LINES
ACTION = {"Fn::If": ["NotifiesTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
OWN = {"Fn::Sub": "Portcullis/${AWS::StackName}"}
# AWS's metrics and their dimensions.
OF_AWS = {
    ("AWS/Lambda", "Invocations"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/Lambda", "ConcurrentExecutions"): {"FunctionName"},
    ("AWS/DynamoDB", "ReadThrottleEvents"): {"TableName"},
    ("AWS/DynamoDB", "WriteThrottleEvents"): {"TableName"},
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): {"TableName"},
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): {"TableName"},
    ("AWS/DynamoDB", "SystemErrors"): {"TableName", "Operation"},
    ("AWS/ApiGateway", "Count"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "Latency"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "4XXError"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "5XXError"): {"ApiName", "Stage"},
}
ALARMS = {
    "AuthorizerErrorsAlarm", "AuthorizerDurationAlarm", "AuthorizerThrottlesAlarm", "TableReadThrottlesAlarm",
    "TableWriteThrottlesAlarm", "TableErrorsAlarm", "FailedAuthenticationsAlarm", "SecretReuseAlarm",
    "ApiErrorsAlarm",
}  # fmt: skip
QUERIES = ["TokenRequestsQuery", "FailuresByAddressQuery", "DeniedPermissionsQuery", "SupersededSecretsQuery"]
PAGE = (ROOT / "docs/observability.md").read_text()


# The filters of logs that are no audit log.
OF_CHANGES = ["IntrospectSecretReuseFilter", "RevokeSecretReuseFilter"]


def lambda_report(status: str, error: str | None = None) -> dict:
    """Lambda's own line about a call."""
    return {"type": "platform.report", "record": {"requestId": "3af2adef", "status": status, "errorType": error}}


def filters(template) -> dict[str, dict]:
    """Metric -> the properties of its filter of the audit log."""
    found = {}
    for name, properties in template.of_type("AWS::Logs::MetricFilter").items():
        if name in OF_CHANGES:
            continue
        [transformation] = properties["MetricTransformations"]
        assert transformation["MetricNamespace"] == OWN
        found[transformation["MetricName"]] = properties | transformation
    return found


def counted(template, metric: str, lines: list[dict]) -> list[dict]:
    return [line for line in lines if cloudwatch.matches(filters(template)[metric]["FilterPattern"], line)]


def test_every_field_of_a_metric_filter_is_in_the_log(template) -> None:
    of_lambda = {"type", "record.status", "record.errorType"}
    assert cloudwatch.value(lambda_report("success"), "record.status") == "success"
    for name, one in filters(template).items():
        dimensions = [dimension["Value"] for dimension in one.get("Dimensions", [])]
        fields = cloudwatch.pattern_fields(" ".join([one["FilterPattern"], one["MetricValue"], *dimensions]))
        for field in fields - of_lambda:
            assert any(cloudwatch.value(line, field) is not None for line in AUDIT_LINES), f"{name}: {field}"
        assert "DefaultValue" not in one, f"{name}: CloudWatch allows no default with dimensions"
        assert counted(template, name, AUDIT_LINES), f"{name} counts no line"


def test_decisions_and_denials_are_counted_by_result_and_reason(template) -> None:
    decisions = Counter(line["rbac_decision"] for line in counted(template, "Decisions", AUDIT_LINES))
    assert decisions == Counter(line["rbac_decision"] for line in AUDIT_LINES)
    assert decisions.keys() == {"allow", "deny", "error"}
    denied = counted(template, "Denials", AUDIT_LINES)
    assert denied == [line for line in AUDIT_LINES if line["rbac_decision"] == "deny"]
    assert len(counted(template, "DecisionDuration", AUDIT_LINES)) == len(AUDIT_LINES)


def test_a_failed_authentication_is_one_with_a_reason_of_a_401(template) -> None:
    row = next(line for line in (ROOT / "docs/security.md").read_text().splitlines() if line.startswith("| 401 "))
    reasons = re.findall(r"`([a-z_]+)`", row.split("|")[3])
    assert len(reasons) == 7
    pattern = filters(template)["FailedAuthentications"]["FilterPattern"]
    assert re.findall(r'\$\.reason = "([a-z_]+)"', pattern) == reasons
    query = template.properties("FailuresByAddressQuery")["QueryString"]
    assert json.loads(re.search(r"reason in (\[.*\])", query)[1]) == reasons
    for line in AUDIT_LINES:
        assert bool(counted(template, "FailedAuthentications", [line])) == (line["reason"] in reasons)


def test_a_401_is_no_error_but_a_function_without_an_audit_line_is(template) -> None:
    errors = counted(template, "AuthorizerErrors", AUDIT_LINES)
    assert errors == [line for line in AUDIT_LINES if line["rbac_decision"] == "error"]
    # A REST API's 401 is an error that the function returns.
    own = [lambda_report("success"), lambda_report("error", "portcullis_authorizer::AuthorizerError")]
    crashes = [lambda_report("error", f"Runtime.{error}") for error in ("ExitError", "OutOfMemory")]
    ended = [lambda_report(status) for status in ("timeout", "failure")]
    assert counted(template, "AuthorizerErrors", [*own, *crashes, *ended]) == [*crashes, *ended]


def test_only_secrets_after_their_overlap_count_as_reused(template) -> None:
    reused = counted(template, "SecretReuse", AUDIT_LINES)
    assert [(line["superseded"], line["rbac_decision"]) for line in reused] == [(True, "deny")]
    for name in OF_CHANGES:
        own = template.properties(name)
        assert own["LogGroupName"] == {"Ref": name.replace("SecretReuseFilter", "LogGroup")}
        assert own["FilterPattern"] == '{ $.change = "secret_reuse" }'
        [metric] = own["MetricTransformations"]
        assert (metric["MetricNamespace"], metric["MetricName"]) == (OWN, "SecretReuse")


def test_every_alarm_has_its_metric_and_the_condition_of_its_action(template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    assert alarms.keys() == ALARMS
    for name, alarm in alarms.items():
        assert template.resources[name]["Condition"] == "CreatesAlarms"
        assert alarm["AlarmActions"] == alarm["OKActions"] == ACTION, name
        assert alarm["TreatMissingData"] == "notBreaching", name
        dimensions = {dimension["Name"] for dimension in alarm.get("Dimensions", [])}
        if alarm["Namespace"] == OWN:
            metric = filters(template)[alarm["MetricName"]]
            assert dimensions == {dimension["Key"] for dimension in metric.get("Dimensions", [])}
        else:
            assert dimensions == OF_AWS[alarm["Namespace"], alarm["MetricName"]], name


def test_metrics_are_published_only_for_what_reads_them(template) -> None:
    conditions = {
        properties["MetricTransformations"][0]["MetricName"]: template.resources[name]["Condition"]
        for name, properties in template.of_type("AWS::Logs::MetricFilter").items()
    }
    alarmed = {alarm["MetricName"] for alarm in template.of_type("AWS::CloudWatch::Alarm").values()}
    for metric, condition in conditions.items():
        assert condition == ("PublishesMetrics" if metric in alarmed else "CreatesDashboard"), metric
    assert template.document["Conditions"]["PublishesMetrics"] == {
        "Fn::Or": [{"Condition": "CreatesAlarms"}, {"Condition": "CreatesDashboard"}]
    }


@pytest.mark.parametrize("parameter", ["Alarms", "Dashboard", "Tracing"])
def test_what_costs_is_off_by_default(template, parameter: str) -> None:
    assert template.parameters[parameter]["Default"] == "false"


def test_the_api_is_named_in_metrics_as_the_stack(template) -> None:
    [body] = template.api_bodies()
    assert body["info"]["title"] == {"Ref": "AWS::StackName"}
    dimensions = template.properties("ApiErrorsAlarm")["Dimensions"]
    assert {"Name": "ApiName", "Value": {"Ref": "AWS::StackName"}} in dimensions


def test_the_dashboard_shows_metrics_that_exist(template) -> None:
    assert template.resources["MetricsDashboard"]["Condition"] == "CreatesDashboard"
    body, _ = template.properties("MetricsDashboard")["DashboardBody"]["Fn::Sub"]
    shown = set()
    for widget in json.loads(body)["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                namespace, names, name = re.fullmatch(
                    r"""SEARCH\('\{"(.*)",(.*)\} MetricName="(\w+)"', 'Sum', 300\)""", metric[0]["expression"]
                ).groups()
                dimensions = set(names.split(","))
            else:
                namespace, name, *rest = [part for part in metric if isinstance(part, str)]
                dimensions = set(rest[::2])
            if namespace == OWN["Fn::Sub"]:
                assert dimensions == {it["Key"] for it in filters(template)[name].get("Dimensions", [])}, name
                shown.add(name)
            else:
                assert dimensions == OF_AWS[namespace, name], name
    assert shown == filters(template).keys()


def test_every_field_of_a_query_is_in_the_audit_log(template) -> None:
    queries = template.of_type("AWS::Logs::QueryDefinition")
    assert queries.keys() == set(QUERIES)
    for name, query in queries.items():
        assert query["LogGroupNames"] == [{"Ref": "AuthorizerLogGroup"}]
        fields = cloudwatch.query_fields(query["QueryString"])
        assert len(fields) >= 2 and fields <= AUDIT_LINES[0].keys(), name


def table(rows: list[dict]) -> str:
    shown = [
        ["" if cell is None else str(int(cell) if isinstance(cell, bool) else cell) for cell in row.values()]
        for row in rows
    ]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *shown]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


@pytest.mark.parametrize("name", QUERIES)
def test_the_page_has_each_query_and_its_output_for_the_recorded_lines(template, name: str) -> None:
    query = template.properties(name)["QueryString"]
    token = AUDIT_LINES[0]["api_token_id"]
    rows = cloudwatch.run(query.replace("TOKEN_ID", token), AUDIT_LINES)
    expected = f"```\n{query}\n```\n\n{table(rows)}\n"
    assert expected in PAGE, f"docs/observability.md needs:\n{expected}"


def test_the_page_has_every_alarm_with_its_threshold(template) -> None:
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        [seconds, times] = alarm["Period"], alarm.get("DatapointsToAlarm", 1)
        window = f"{times} of {alarm['EvaluationPeriods']} minutes" if times > 1 else f"{seconds // 60} minute"
        assert f" {alarm['Threshold']}" in row and window in row, row
    for metric in filters(template):
        assert f"| `{metric}` |" in PAGE
