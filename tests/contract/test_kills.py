"""The service is killed (SIGKILL) in the middle of concurrent writes and started again on the same data.

Every acknowledged change is there afterwards, and no change is half written: the version of a token is the number of its
events, except those of approvals, and a token is a live one exactly if it takes a slot of its owner. An approval's item,
its token's record and its events agree.

| variable | default |
| --- | --- |
| `PORTCULLIS_TEST_KILLS` | 10; `make kills` makes 300 |
| `PORTCULLIS_TEST_SEED` | 1; decides what the clients do, but not what a kill interrupts |
"""

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore

import requests

from acknowledged_approvals import AcknowledgedApprovals, all_pages
from calls import sign_in
from service import Service

KILLS = int(os.environ.get("PORTCULLIS_TEST_KILLS", "10"))
SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))
CLIENTS = 8
LIMIT = 4
# A kill comes after so many responses.
MAX_RESPONSES = 60
STATUS_AFTER = {"disable": "disabled", "enable": "active", "revoke": "revoked"}
# They do not change the version.
EVENTS_OF_USES = ("first_used", "secret_reuse")


@dataclass
class Token:
    """A token as the last acknowledged change left it."""

    id: str
    secret: str
    version: int
    status: str


class Client:
    """Changes the tokens of one owner, one after the other."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(f"{SEED}-{number}")
        self.owner = f"owner-{number}"
        self.tokens: dict[str, Token] = {}
        # The change without a response: what, and of which token.
        self.pending: tuple[str, str | None] | None = None
        self.acknowledged = 0
        self.approvals = AcknowledgedApprovals(self.random)

    def write(self, service: Service, approver: str, responses: Semaphore) -> None:
        """Makes changes until the service is killed."""
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {service.admin_token}"
            while True:
                try:
                    self.change(service, approver, session)
                except requests.RequestException:
                    return
                self.pending = self.approvals.pending = None
                responses.release()

    def change(self, service: Service, approver: str, session: requests.Session) -> None:
        open_tokens = [token for token in self.tokens.values() if token.status != "revoked"]
        if not open_tokens or self.random.random() < 0.3:
            self.pending = ("create", None)
            response = session.post(f"{service.url}/tokens", json=self.new_token(), timeout=60)
            assert response.status_code in (201, 409), response.text
            if response.status_code == 201:
                view = response.json()
                self.tokens[view["id"]] = Token(view["id"], view["token"], 1, "active")
                self.acknowledged += 1
            return
        token = self.random.choice(open_tokens)
        if token.status == "active" and self.approvals.can_change(token.id) and self.random.random() < 0.5:
            self.approvals.change(service, approver, token.id, token.secret)
            self.acknowledged += 1
            return
        what = self.random.choice(["update", "rotate", "disable", "enable", "revoke", "delete"])
        self.pending = (what, token.id)
        url = f"{service.url}/tokens/{token.id}"
        if what == "delete":
            response = session.delete(url, timeout=60)
        elif what == "update":
            description = {"description": str(self.random.random())}
            response = session.patch(url, json=description, headers={"If-Match": "*"}, timeout=60)
        else:
            response = session.post(f"{url}/{what}", timeout=60)
        assert response.status_code in (200, 204), response.text
        self.acknowledged += 1
        if what in ("disable", "revoke", "delete"):
            self.approvals.end_with_token(token.id)
        if what == "delete":
            del self.tokens[token.id]
            return
        view = response.json()
        token.version = int(response.headers["ETag"].strip('"'))
        token.status = view["status"]
        token.secret = view.get("token", token.secret)

    def check(self, service: Service) -> None:
        """Compares the table with what was acknowledged, and continues from there."""
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {service.admin_token}"
            pages = session.get(f"{service.url}/tokens", params={"owner": self.owner, "limit": 100}, timeout=60)
            found = {view["id"]: view for view in pages.json()["tokens"]}
            what, pending = self.pending or (None, None)
            unknown = found.keys() - self.tokens.keys()
            assert not unknown or (what == "create" and len(unknown) == 1), f"{unknown} after {self.pending}"
            missing = self.tokens.keys() - found.keys()
            assert not missing or (what == "delete" and missing == {pending}), f"{missing} after {self.pending}"
            for id, view in found.items():
                self.check_token(service, session, id, view, what if id == pending else None)
            self.approvals.check_deleted(service, session, found.keys())
            for id in [id for id, view in found.items() if view["status"] == "revoked"] + list(unknown):
                assert session.delete(f"{service.url}/tokens/{id}", timeout=60).status_code == 204
                found.pop(id)
            assert len(found) <= LIMIT, found
            self.tokens = {id: token for id, token in self.tokens.items() if id in found}
            self.pending = self.approvals.pending = None

    def check_token(
        self, service: Service, session: requests.Session, id: str, view: dict, pending: str | None
    ) -> None:
        url = f"{service.url}/tokens/{id}"
        version = int(session.get(url, timeout=60).headers["ETag"].strip('"'))
        events = all_pages(session, f"{url}/events", "events")
        of_approvals = [event for event in events if event["kind"].startswith("approval_")]
        kinds = [event["kind"] for event in events if event["kind"] not in EVENTS_OF_USES and event not in of_approvals]
        assert len(kinds) == version, f"{id}: version {version}, events {kinds}"
        token = self.tokens.get(id)
        if token is None:
            # The response to its creation was lost, and the secret with it.
            assert (version, view["status"], kinds) == (1, "active", ["created"])
            return
        if version == token.version:
            assert view["status"] == token.status, f"{id}: {view['status']}, acknowledged {token}"
        else:
            assert pending and version == token.version + 1, f"{id}: version {version}, acknowledged {token}"
            assert view["status"] == STATUS_AFTER.get(pending, token.status), f"{id}: {view['status']} after {pending}"
        me = requests.get(f"{service.url}/me", headers={"x-api-token": token.secret}, timeout=60)
        was_rotated = pending == "rotate" and version != token.version
        expected = 200 if view["status"] == "active" and not was_rotated else 401
        assert me.status_code == expected, f"{id}: {me.status_code}, {view['status']}, rotated: {was_rotated}"
        if was_rotated:
            token.secret = session.post(f"{url}/rotate", timeout=60).json()["token"]
            version += 1
        token.version, token.status = version, view["status"]
        is_active = token.status == "active"
        self.approvals.check(service, session, id, token.secret if is_active else None, of_approvals)

    def new_token(self) -> dict:
        """The body that creates a token. It needs an approval for `releases:write`."""
        permissions = ["apps:read", "releases:write"]
        return {"name": "x", "owner": self.owner, "permissions": permissions, "resources": ["*"]}

    def check_slots(self, service: Service) -> None:
        """Creates tokens up to the limit, which has to be reached with exactly as many as are not live."""
        headers = {"Authorization": f"Bearer {service.admin_token}"}
        live = sum(token.status != "revoked" for token in self.tokens.values())
        for expected in [201] * (LIMIT - live) + [409]:
            created = requests.post(f"{service.url}/tokens", headers=headers, json=self.new_token(), timeout=60)
            assert created.status_code == expected, f"{self.owner}: {live} live tokens, {created.text}"


def test_a_killed_service_keeps_what_it_acknowledged_and_writes_nothing_by_half(built: None, tmp_path: Path) -> None:
    service = Service(tmp_path, LIMIT, data_dir=tmp_path / "data")
    clients = [Client(number) for number in range(CLIENTS)]
    try:
        run(service, clients)
    finally:
        service.stop()
    print(f"{KILLS} kills, {sum(client.acknowledged for client in clients)} acknowledged changes")


def run(service: Service, clients: list[Client]) -> None:
    kill_after = random.Random(SEED)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(KILLS):
            service.start()
            list(pool.map(lambda client: client.check(service), clients))
            responses, approver = Semaphore(0), sign_in(service, "approver", "portcullis-admin")
            writing = [pool.submit(client.write, service, approver, responses) for client in clients]
            for _ in range(kill_after.randint(1, MAX_RESPONSES)):
                assert responses.acquire(timeout=60)
            service.stop(signal.SIGKILL)
            for client in writing:
                client.result(timeout=60)
        service.start()
        list(pool.map(lambda client: client.check(service), clients))
        list(pool.map(lambda client: client.check_slots(service), clients))
