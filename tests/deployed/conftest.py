"""The deployed product: built zips, the unchanged template, IAM enforced.

Everything here is created once for all tests: one emulator, one Portcullis stack, one stack
per example, and the first token, created with the command in the stack's outputs.
"""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1]))

import cargo_suites
import gateway
import programs
import stack as stacks
from emulator import Emulator
from stack import ROOT, Stack

# Authorizer TTL of the example with a cache.
CACHE_SECONDS = 300


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    # SIGTERM also stops the programs that the tests have started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    emulator = Emulator(tmp_path_factory.mktemp("ministack"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def portcullis(emulator: Emulator) -> Stack:
    stacks.build(emulator)
    settings = ("--config-file", "infra/samconfig.toml")
    return stacks.deploy(emulator, "portcullis", ROOT, *settings, Architecture=stacks.ARCHITECTURE)


@pytest.fixture(scope="session")
def rest_example(emulator: Emulator, portcullis: Stack) -> Stack:
    return example(emulator, portcullis, "rest-api")


@pytest.fixture(scope="session")
def cached_example(emulator: Emulator, portcullis: Stack) -> Stack:
    return example(emulator, portcullis, "rest-api-cached", AuthorizerCacheSeconds=str(CACHE_SECONDS))


@pytest.fixture(scope="session")
def http_example(emulator: Emulator, portcullis: Stack) -> Stack:
    return example(emulator, portcullis, "http-api")


@pytest.fixture(scope="session")
def websocket_example(emulator: Emulator, portcullis: Stack) -> Stack:
    return example(emulator, portcullis, "websocket")


def example(emulator: Emulator, portcullis: Stack, name: str, **parameters: str) -> Stack:
    authorizer = portcullis.outputs["AuthorizerFunctionArn"]
    settings = ("--resolve-s3", "--capabilities", "CAPABILITY_IAM")
    given = {"AuthorizerFunctionArn": authorizer} | parameters
    return stacks.deploy(emulator, name, ROOT / "examples" / name, *settings, **given)


@pytest.fixture(scope="session")
def url(emulator: Emulator, portcullis: Stack, rest_example: Stack) -> str:
    """The base URL; the protected REST API is at /demo below it."""
    return gateway.join(emulator, portcullis, rest_example)


@pytest.fixture(scope="session")
def admin_token(emulator: Emulator, portcullis: Stack) -> str:
    """The first token, created with the command in the stack's outputs."""
    command = portcullis.outputs["BootstrapCommand"]
    said = stacks.run("bash", "-c", command, cwd=ROOT, emulator=emulator)
    # The function's response, followed by the AWS CLI's description of the call.
    created, _ = json.JSONDecoder().raw_decode(said)
    return created["token"]


@pytest.fixture(scope="session")
def e2e_run(emulator: Emulator, url: str, admin_token: str) -> CompletedProcess[str]:
    """Runs the e2e suite once, with a base URL and an admin token."""
    given = {"PORTCULLIS_E2E_URL": url, "PORTCULLIS_E2E_TOKEN": admin_token}
    return cargo_suites.run("routes", emulator.environment() | given)


@pytest.fixture(scope="session")
def command() -> Path:
    """The command with the features of a release."""
    programs.build()
    return programs.PORTCULLIS


@pytest.fixture
def portcullis_cli(command: Path, emulator: Emulator, portcullis: Stack, tmp_path: Path):
    """Runs it with the emulator's root user or other keys, and without this machine's settings."""

    def run(*arguments: str, **keys: str) -> CompletedProcess[str]:
        environment = emulator.environment() | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)} | keys
        return subprocess.run((command, *arguments), env=environment, cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.fixture
def keys(emulator: Emulator):
    """Creates a user with only these actions; returns its keys."""
    iam, users = emulator.client("iam"), []

    def make(*actions: str) -> dict[str, str]:
        user = f"cli-{uuid.uuid4().hex}"
        iam.create_user(UserName=user)
        users.append(user)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=user, PolicyName="some", PolicyDocument=policy)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    yield make
    for user in users:
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=user, PolicyName="some")
        iam.delete_user(UserName=user)
