"""Stacks, built and deployed with the commands that the README gives."""

import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
# The functions run on this machine, so they are built for it.
ARCHITECTURE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]


@dataclass(frozen=True)
class Stack:
    """What a deployed stack tells about itself."""

    name: str
    outputs: dict[str, str]
    resources: dict[str, str]


def build(emulator: Emulator) -> None:
    """Builds every function's zip from `template.yaml`."""
    run("sam", "build", "--parameter-overrides", f"Architecture={ARCHITECTURE}", cwd=ROOT, emulator=emulator)


def deploy(emulator: Emulator, name: str, directory: Path, *options: str, **parameters: str) -> Stack:
    """Deploys the template of a directory, or what `sam build` has made of it."""
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


def run(*command: str, cwd: Path, emulator: Emulator) -> str:
    """What a command said, if it worked."""
    done = subprocess.run(
        command, cwd=cwd, env=emulator.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
