"""The service under test: the whole stack on this machine, with temporary data."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import IO

import requests

from programs import PORTCULLIS_LOCAL

LAST_LINE_OF_WELCOME = "Press Ctrl-C to stop"


class Service:
    """Runs from `start` to `stop`, with data that is removed at the end unless there is a directory for it."""

    def __init__(
        self,
        directory: Path,
        max_tokens_per_owner: int = 0,
        flags: Sequence[str] = (),
        data_dir: Path | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.max_tokens_per_owner = max_tokens_per_owner
        self.flags = [*flags, *(["--data-dir", str(data_dir)] if data_dir else ["--ephemeral"])]
        self.admin_token = ""
        # The audit log, and the access log while it runs; one JSON object per line.
        self.logs = [directory / "audit.log"]
        # All other output, complete after `stop`.
        self.messages = directory / "messages.log"
        self.process: subprocess.Popen[str] | None = None
        self.keeper: Thread | None = None

    def start(self) -> None:
        """Returns when it responds."""
        command = [PORTCULLIS_LOCAL, "--listen", self.url.removeprefix("http://"), "--log", "json"]
        command += ["--max-tokens-per-owner", str(self.max_tokens_per_owner), *self.flags]
        with self.logs[0].open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, text=True)
        welcome = read_welcome(self.process.stderr)
        token_file = re.search(r"^  admin token +(\S+)", welcome, re.MULTILINE)
        access_log = re.search(r"^  access log +(\S+)", welcome, re.MULTILINE)
        if token_file is None or access_log is None:
            self.stop()
            raise RuntimeError(f"{PORTCULLIS_LOCAL.name} did not start:\n{welcome}")
        self.admin_token = Path(token_file[1]).read_text().strip()
        self.logs[1:] = [Path(access_log[1])]
        self.keeper = Thread(target=self.keep_messages, args=(welcome,), daemon=True)
        self.keeper.start()

    def stop(self, signal: signal.Signals = signal.SIGTERM) -> None:
        """Stops it with a signal."""
        if self.process is not None:
            self.process.send_signal(signal)
            self.process.wait(timeout=60)
        if self.keeper is not None:
            self.keeper.join(timeout=60)

    def audit_line(self, response: requests.Response) -> dict:
        """The audit line of a response's request."""
        request_id = response.headers["x-amzn-requestid"]
        [line] = [line for line in self.logs[0].read_text().splitlines() if request_id in line]
        return json.loads(line)

    def keep_messages(self, welcome: str) -> None:
        with self.messages.open("w") as kept:
            kept.write(welcome)
            kept.writelines(self.process.stderr)


def read_welcome(lines: IO[str]) -> str:
    """The output up to the end of the start-up; all of it if the program ends before."""
    welcome = ""
    for line in lines:
        welcome += line
        if LAST_LINE_OF_WELCOME in line:
            break
    return welcome


def free_port() -> int:
    """A free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
