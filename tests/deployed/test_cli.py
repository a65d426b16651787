"""`portcullis bootstrap` and `portcullis audit` with AWS credentials."""

import json
import uuid

import gateway


def test_bootstrap_creates_an_admin_token_with_two_iam_permissions(portcullis_cli, keys, url: str) -> None:
    granted = keys("cloudformation:DescribeStacks", "lambda:InvokeFunction")
    made = portcullis_cli("bootstrap", "--owner", "ops", "--name", "from the command line", "--quiet", **granted)
    assert (made.returncode, made.stderr) == (0, "")
    token = made.stdout.removesuffix("\n")
    me = gateway.call("GET", f"{url}/me", token).body
    assert (me["owner"], me["token_name"]) == ("ops", "from the command line")
    assert me["grants"] == [{"permissions": ["*"], "resources": ["*"]}]
    assert gateway.call("POST", f"{url}/tokens/{me['token_id']}/revoke", token).status == 200


def test_bootstrap_names_a_missing_iam_permission_and_creates_nothing(portcullis_cli, keys) -> None:
    for granted, lacking in [
        ("lambda:InvokeFunction", "cloudformation:DescribeStacks"),
        ("cloudformation:DescribeStacks", "lambda:InvokeFunction"),
    ]:
        refused = portcullis_cli("bootstrap", **keys(granted))
        assert (refused.returncode, refused.stdout) == (4, ""), refused.stderr
        assert f"your AWS credentials need {lacking}" in refused.stderr


def test_bootstrap_explains_an_invalid_owner_or_stack(portcullis_cli) -> None:
    owner = portcullis_cli("bootstrap", "--owner", "no spaces, please\n")
    assert (owner.returncode, owner.stdout) == (2, "")
    assert "error: owner " in owner.stderr
    stack = portcullis_cli("bootstrap", "--stack", "elsewhere")
    assert (stack.returncode, stack.stdout) == (5, "")
    assert "stack elsewhere not found in eu-central-1" in stack.stderr


def test_audit_shows_a_tokens_requests_from_the_deployed_log(portcullis_cli, keys, url: str, admin_token: str) -> None:
    granted = keys("cloudformation:DescribeStacks", "logs:FilterLogEvents")
    asked = {"name": "audited", "permissions": ["apps:read"], "resources": ["apps/billing"]}
    token = gateway.call("POST", f"{url}/tokens", admin_token, asked).body
    path = f"/apps/billing/{uuid.uuid4().hex}"
    for method, status in [("GET", 200), ("POST", 403)]:
        assert gateway.call(method, f"{url}/demo{path}", token["token"]).status == status

    shown = portcullis_cli("audit", token["id"], "--json", **granted)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    decisions = [(line["method"], line["path"], line["rbac_decision"], line["reason"]) for line in lines]
    assert decisions == [("GET", path, "allow", None), ("POST", path, "deny", "permission_missing")]
    assert {line["api_token_id"] for line in lines} == {token["id"]}

    table = portcullis_cli("audit", token["id"], **granted).stdout
    assert [row.split()[1:4] for row in table.splitlines()[1:]] == [["allow", "GET", path], ["deny", "POST", path]]
    later = portcullis_cli("audit", token["id"], "--since", "9999-01-01T00:00:00Z", **granted)
    assert (later.returncode, later.stdout) == (0, "")


def test_audit_names_the_missing_iam_permission(portcullis_cli, keys) -> None:
    refused = portcullis_cli("audit", "0123456789abcdef", **keys("cloudformation:DescribeStacks"))
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "your AWS credentials need logs:FilterLogEvents" in refused.stderr
