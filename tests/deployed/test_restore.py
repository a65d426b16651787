"""`portcullis restore-check`: the logs of the deployed stack, and a restored table."""

import json
from datetime import UTC, datetime

import gateway

READS = (
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "logs:DescribeLogGroups",
    "logs:FilterLogEvents",
    "dynamodb:GetItem",
)
INDEX_READS = ("dynamodb:Query", "dynamodb:BatchGetItem")
WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem")


def test_a_restored_table_gets_the_revocation_in_the_deployed_log(
    portcullis_cli, keys, emulator, portcullis, url: str, admin_token: str
) -> None:
    def create(name: str) -> str:
        asked = {"name": name, "permissions": ["apps:read"], "resources": ["apps/billing"]}
        return gateway.call("POST", f"{url}/tokens", admin_token, asked).body["id"]

    revoked, kept = create("revoked"), create("kept")
    # The emulator restores the current state, whatever the time.
    since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    emulator.client("dynamodb").restore_table_to_point_in_time(
        SourceTableName=portcullis.outputs["TableName"], TargetTableName="restored", UseLatestRestorableTime=True
    )
    assert gateway.call("POST", f"{url}/tokens/{revoked}/revoke", admin_token).status == 200
    command = ("restore-check", "--table", "restored", "--since", since, "--json")

    def found(*more: str, exit_code: int, **granted: str) -> list[tuple[str, str, str]]:
        done = portcullis_cli(*command, *more, **granted)
        assert done.returncode == exit_code, done.stderr
        return [(one["token_id"], one["change"], one["action"]) for one in json.loads(done.stdout)["tokens"]]

    assert found(exit_code=1, **keys(*READS, *INDEX_READS)) == [(revoked, "revoked", "revoke")]
    assert found("--apply", exit_code=0, **keys(*READS, *INDEX_READS, *WRITES)) == [(revoked, "revoked", "revoked")]
    assert found(exit_code=0, **keys(*READS, *INDEX_READS)) == []

    def item(token: str) -> dict:
        key = {"pk": {"S": f"TOKEN#{token}"}, "sk": {"S": "TOKEN"}}
        return emulator.client("dynamodb").get_item(TableName="restored", Key=key)["Item"]

    assert item(revoked)["revoked"]["M"]["by"] == {"S": "restore"}
    assert "revoked" not in item(kept)


def test_restore_check_names_a_missing_iam_permission(portcullis_cli, keys) -> None:
    for lacking in READS[:-1]:
        granted = keys(*({*READS} - {lacking}))
        refused = portcullis_cli("restore-check", "--table", "restored", "--since", "1s", **granted)
        assert (refused.returncode, refused.stdout) == (4, ""), refused.stderr
        assert f"your AWS credentials need {lacking}" in refused.stderr
    granted = keys(*READS[:-1])
    refused = portcullis_cli("restore-check", "--table", "restored", "--since", "1s", **granted)
    assert (refused.returncode, refused.stdout) == (4, ""), refused.stderr
    assert "dynamodb:GetItem" in refused.stderr
