"""`make smoke` exercises the deployed roles, and names what they deny."""

import json
import subprocess
import sys
from subprocess import CompletedProcess

from emulator import Emulator
from stack import ROOT, Stack


def smoke(emulator: Emulator, stack: Stack, url: str) -> CompletedProcess[str]:
    command = (sys.executable, ROOT / "tests" / "smoke.py", stack.name, "--url", url)
    return subprocess.run(command, env=emulator.environment(), capture_output=True, text=True)


def test_every_write_is_allowed_under_the_deployed_roles(emulator: Emulator, portcullis: Stack, url: str) -> None:
    done = smoke(emulator, portcullis, url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Calls that AWS denied:\n  none\n\n0 steps failed.\n" in done.stdout
    # The emulator routes /tokens/a%2Fb like /tokens/a/b, which is no route.
    assert done.stdout.count("deny malformed_path") == 2, done.stdout


def test_a_denied_call_is_named_with_the_statements_for_it(emulator: Emulator, portcullis: Stack, url: str) -> None:
    iam, role = emulator.client("iam"), portcullis.resources["UpdateRole"]
    policy = {"RoleName": role, "PolicyName": "table"}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    kept = [statement for statement in document["Statement"] if statement["Action"] != "dynamodb:UpdateItem"]
    assert kept != document["Statement"]
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(document | {"Statement": kept}))
    try:
        done = smoke(emulator, portcullis, url)
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "UpdateFunction: dynamodb:UpdateItem was denied; statements of UpdateRole for it: none" in done.stdout
    assert "FAILED  disable" in done.stdout
