"""Stacks, built and deployed with the README's commands."""

import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
# The functions run on this machine, so they are built for it.
ARCHITECTURE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]

# Instead of the release profile's fat LTO.
QUICK_TO_BUILD = {
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
}


@dataclass(frozen=True)
class Stack:
    """A deployed stack's outputs and resources."""

    name: str
    outputs: dict[str, str]
    resources: dict[str, str]


def build(emulator: Emulator) -> None:
    """Builds every function's zip from `template.yaml`, like users but with fewer optimizations, which
    take minutes."""
    build = ("sam", "build", "--parameter-overrides", f"Architecture={ARCHITECTURE}")
    run(*build, cwd=ROOT, emulator=emulator, **QUICK_TO_BUILD)


def deploy(emulator: Emulator, name: str, directory: Path, *options: str, **parameters: str) -> Stack:
    """Deploys the template of a directory, or its `sam build` output."""
    overrides = [f"{key}={value}" for key, value in parameters.items()]
    run(
        *("sam", "deploy", "--stack-name", name, *options, "--no-confirm-changeset", "--no-progressbar"),
        *("--parameter-overrides", *overrides),
        cwd=directory,
        emulator=emulator,
    )
    cloudformation = emulator.client("cloudformation")
    [described] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return Stack(
        name=name,
        outputs={output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
        resources={resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
    )


def set_authorizer_variables(emulator: Emulator, portcullis: Stack, variables: dict[str, str]) -> None:
    """Sets all environment variables of the authorizer in a new version, like a deployment with other parameters."""
    function = {"FunctionName": portcullis.resources["AuthorizerFunction"]}
    functions = emulator.client("lambda")
    functions.update_function_configuration(**function, Environment={"Variables": variables})
    published = functions.publish_version(**function)["Version"]
    functions.update_alias(**function, Name="live", FunctionVersion=published)


def authorizer_variables(emulator: Emulator, portcullis: Stack) -> dict[str, str]:
    """The environment variables of the authorizer."""
    function = portcullis.resources["AuthorizerFunction"]
    return emulator.client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]


def run(*command: str, cwd: Path, emulator: Emulator, **environment: str) -> str:
    """The output of a command. Raises if it failed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=emulator.environment() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
