"""API Gateway caches a REST API's authorizer for 300 seconds by default, also for revoked tokens: the docs
warn of it beside the authorizer's ARN, and every example sets the TTL."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(ROOT.glob("examples/*/template.yaml"))
# A WebSocket API's authorizer has no cache.
CACHED = [path for path in EXAMPLES if path.parent.name != "websocket"]


def test_the_output_with_the_arn_names_the_default_and_the_setting(template) -> None:
    said = template.outputs["AuthorizerFunctionArn"]["Description"]
    assert re.search(r"AuthorizerResultTtlInSeconds to 0.*300 seconds", said)


@pytest.mark.parametrize("page", ["README.md", "docs/security.md", "docs/caching.md"])
def test_the_pages_name_the_default_and_the_setting(page: str) -> None:
    text = " ".join((ROOT / page).read_text().split())
    assert "300 seconds unless you set `AuthorizerResultTtlInSeconds` to 0" in text


@pytest.mark.parametrize("path", CACHED, ids=lambda path: path.parent.name)
def test_every_example_sets_the_ttl_of_its_authorizer(path: Path) -> None:
    text = path.read_text()
    authorizers = len(re.findall(r"^\s+FunctionArn: !Ref AuthorizerFunctionArn", text, re.MULTILINE))
    ttls = len(re.findall(r"^\s+ReauthorizeEvery: (?:0|!Ref AuthorizerCacheSeconds)$", text, re.MULTILINE))
    assert authorizers == ttls > 0
