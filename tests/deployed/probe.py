"""A function that tries what a role of the stack allows.

It is deployed with one of the stack's roles and makes real calls.
"""

import io
import json
import zipfile
from dataclasses import dataclass

from emulator import Emulator
from stack import Stack

SOURCE = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        answer = getattr(boto3.client(event["service"]), event["operation"])(**event["parameters"])
    except ClientError as error:
        return {"code": error.response["Error"]["Code"]}
    return {"code": None, "attributes": sorted({*answer.get("Item", {})}.union(*answer.get("Items", [])))}
"""


@dataclass(frozen=True)
class Probe:
    """A function with one of the stack's roles."""

    emulator: Emulator
    function: str

    def attempt(self, operation: str, service: str = "dynamodb", **parameters) -> dict:
        """`{"code": error or None, "attributes": names}` of a call that the role makes."""
        event = {"service": service, "operation": operation, "parameters": parameters}
        invoked = self.emulator.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(event))
        answer = json.load(invoked["Payload"])
        assert "code" in answer, answer
        return answer

    def may(self, operation: str, **parameters) -> bool:
        """Whether the role's policy allows a call, even if the call fails."""
        return self.attempt(operation, **parameters)["code"] not in {"AccessDeniedException", "AccessDenied"}


def deploy(emulator: Emulator, stack: Stack, role: str) -> Probe:
    """A probe with one of the stack's roles, named by its logical id."""
    arn = emulator.client("iam").get_role(RoleName=stack.resources[role])["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", SOURCE)
    name = f"probe-{role}"
    functions = emulator.client("lambda")
    functions.create_function(
        FunctionName=name,
        Role=arn,
        Runtime="python3.13",
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": code.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return Probe(emulator, name)
