"""The OpenID Connect provider, and the service that trusts it."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(2, str(Path(__file__).parents[1]))

import programs
from client import Start
from provider import CLIENT, Provider
from service import Service

Program = TypeVar("Program", Provider, Service)


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """The trusted provider. Its keys do not change."""
    with running(Provider()) as provider:
        yield provider


@pytest.fixture(scope="session")
def other_provider() -> Iterator[Provider]:
    """An untrusted provider."""
    with running(Provider()) as provider:
        yield provider


@pytest.fixture
def own_provider() -> Iterator[Provider]:
    """A provider for a single test, which may rotate its keys or stop it."""
    with running(Provider()) as provider:
        yield provider


@pytest.fixture(scope="session")
def built() -> None:
    programs.build()


@pytest.fixture(scope="module")
def service(built: None, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for the audience `CLIENT`."""
    with running(Service(tmp_path_factory.mktemp("service"), flags=flags(provider.issuer, CLIENT))) as service:
        yield service


@pytest.fixture
def start(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with ExitStack() as started:

        def start(issuer: str | None, audience: str = CLIENT, *more: str) -> Service:
            service = Service(tmp_path_factory.mktemp("service"), flags=[*flags(issuer, audience), *more])
            return started.enter_context(running(service))

        yield start


@contextmanager
def running(program: Program) -> Iterator[Program]:
    program.start()
    try:
        yield program
    finally:
        program.stop()


def flags(issuer: str | None, audience: str) -> list[str]:
    return ["--oidc-issuer", issuer, "--oidc-audience", audience] if issuer else []
