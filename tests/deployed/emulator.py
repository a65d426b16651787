"""A local AWS: ministack in a separate process, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3

REGION = "eu-central-1"
# The emulator's root user. Requests of all other principals are checked against their policies.
ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
STARTS_WITHIN_SECONDS = 120


class Emulator:
    """Runs from `start` to `stop`, with all its data in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "ministack.log"
        self.port = free_port()
        # AWS is at "localhost"; "127.0.0.1" is the custom domain (gateway.py).
        self.endpoint = f"http://localhost:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Returns when it responds."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment = {
            **kept,
            **ROOT,
            "AUTH": "true",  # enforces the policies of every role
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,  # handed on to the functions
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "S3_DATA_DIR": str(self.directory / "s3"),
            "STATE_DIR": str(self.directory / "state"),
            "TMPDIR": str(self.directory),
        }
        program = Path(__file__).with_name("patched_ministack.py")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, program],
                cwd=self.directory,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that `stop` reaches the functions' processes too
            )
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"ministack did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stops the emulator and every function that it has started."""
        if self.process is None:
            return
        for ending in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, ending)
                self.process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.process = None

    def client(self, service: str):
        """A client with the emulator's root user."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ROOT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ROOT["AWS_SECRET_ACCESS_KEY"],
        )

    def environment(self) -> dict[str, str]:
        """Environment for programs that use the emulator as AWS, with its root user."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **ROOT,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "SAM_CLI_TELEMETRY": "0",
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_ministack/health", timeout=1):
                return True
        except OSError:
            return False


def free_port() -> int:
    """A free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
