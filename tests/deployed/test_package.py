"""`sam package` makes a template that needs neither Rust nor this repository."""

from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

import stack as stacks
from emulator import Emulator
from stack import ROOT, Stack


def test_a_packaged_template_names_uploaded_files_only(emulator: Emulator, portcullis: Stack, tmp_path: Path) -> None:
    packaged = tmp_path / "packaged.yaml"
    options = ("--resolve-s3", "--output-template-file", str(packaged))
    stacks.run("sam", "package", *options, cwd=ROOT, emulator=emulator)
    template = yaml_parse(packaged.read_text())
    functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == len([name for name in portcullis.resources if name.endswith("LogGroup")]) - 1
    metadata = template["Metadata"]["AWS::ServerlessRepo::Application"]
    files = [one["Properties"]["CodeUri"] for one in functions] + [metadata["LicenseUrl"], metadata["ReadmeUrl"]]
    assert all(file.startswith("s3://") for file in files), files
    # CloudFormation supports no YAML aliases.
    assert "*TableArn" not in packaged.read_text() and "&TableArn" not in packaged.read_text()
