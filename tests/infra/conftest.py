"""The templates, expanded by SAM offline."""

import logging
import os
from pathlib import Path

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
# SAM warns that its metrics have no publisher, and that it has no configuration of its features.
for name in ("samtranslator.metrics", "samtranslator.feature_toggle.feature_toggle"):
    logging.getLogger(name).setLevel(logging.ERROR)

EXAMPLES = ["rest-api", "rest-api-cached", "http-api", "websocket"]


class NoManagedPolicies:
    """Stands for IAM's list of managed policies, which no template here uses."""

    def load(self) -> dict:
        return {}


class Template:
    """One expanded template, with the parameters' defaults or other values, and optionally another text."""

    def __init__(self, path: Path, values: dict[str, str] | None = None, replaced: tuple[str, str] = ("", "")) -> None:
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
        text = path.read_text()
        assert replaced[0] in text
        source = yaml_parse(text.replace(*replaced))
        self.parameters: dict = source.get("Parameters", {})
        self.document: dict = source
        for resource in source["Resources"].values():
            if "CodeUri" in resource.get("Properties", {}):
                resource["Properties"]["CodeUri"] = "s3://built/zip"  # As `sam package` does.
        expanded = transform(source, values or {}, NoManagedPolicies())
        self.resources: dict = expanded["Resources"]
        self.outputs: dict = expanded.get("Outputs", {})

    def of_type(self, kind: str) -> dict[str, dict]:
        """Logical ID -> properties of every resource of a type."""
        found = {name: it for name, it in self.resources.items() if it["Type"] == kind}
        return {name: resource.get("Properties", {}) for name, resource in found.items()}

    def properties(self, name: str) -> dict:
        """The properties of one resource."""
        return self.resources[name]["Properties"]

    def api_bodies(self) -> list[dict]:
        """The OpenAPI documents of all REST and HTTP APIs."""
        apis = self.of_type("AWS::ApiGateway::RestApi") | self.of_type("AWS::ApiGatewayV2::Api")
        return [api["Body"] for api in apis.values() if "Body" in api]


@pytest.fixture(scope="session")
def template() -> Template:
    return Template(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def log_role() -> Template:
    return Template(ROOT / "infra/api-gateway-log-role.yaml")


@pytest.fixture(scope="session")
def cross_account() -> Template:
    return Template(ROOT / "examples/cross-account/permission.yaml")


@pytest.fixture(scope="session")
def examples() -> dict[str, Template]:
    return {name: Template(ROOT / "examples" / name / "template.yaml") for name in EXAMPLES}
