"""The running service that the generated clients call."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(1, str(Path(__file__).parents[1]))

import programs
from service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    programs.build()
    service = Service(tmp_path_factory.mktemp("service"))
    service.start()
    yield service
    service.stop()
