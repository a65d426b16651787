"""The authorizer's alias over deployments."""

from collections.abc import Iterator

import pytest

import stack as stacks
from emulator import Emulator
from stack import ROOT, Stack


@pytest.fixture
def deploy(emulator: Emulator, portcullis: Stack) -> Iterator:
    """Deploys the stack with another value of MaxIdleDays."""

    def with_days(days: str) -> Stack:
        return stacks.deploy(emulator, portcullis.name, ROOT, "--config-file", "infra/samconfig.toml", MaxIdleDays=days)

    yield with_days
    with_days("0")


def test_a_changed_parameter_reaches_the_authorizer_and_its_arn_stays(
    emulator: Emulator, portcullis: Stack, deploy
) -> None:
    changed = deploy("7")
    arn = portcullis.outputs["AuthorizerFunctionArn"]
    assert changed.outputs["AuthorizerFunctionArn"] == arn
    # Of the version that the alias points to.
    live = emulator.client("lambda").get_function_configuration(FunctionName=arn)
    assert live["Environment"]["Variables"]["PORTCULLIS_MAX_IDLE_DAYS"] == "7"
