"""Approvals of tokens, as the last acknowledged changes left them."""

from collections.abc import Container
from dataclasses import dataclass
from random import Random

import requests

from service import Service

MAX_OPEN = 3
# A token makes at most 100 requests a day.
MAX_PER_TOKEN = 50
OPEN = ("pending", "approved")
STATUS_AFTER = {"approve": "approved", "reject": "rejected", "end": "ended"}


@dataclass
class Approval:
    """An approval as the last acknowledged change left it."""

    id: str
    token_id: str
    resource: str
    status: str


class AcknowledgedApprovals:
    """Changes the approvals of one owner's tokens, and compares them with the service's."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.approvals: dict[str, Approval] = {}
        # The change without a response: what, and of which approval; of which token for a request.
        self.pending: tuple[str, str] | None = None
        self.requests = 0

    def can_change(self, token_id: str) -> bool:
        return len(self.of_token(token_id)) < MAX_PER_TOKEN

    def of_token(self, token_id: str) -> list[Approval]:
        return [approval for approval in self.approvals.values() if approval.token_id == token_id]

    def change(self, service: Service, approver: str, token_id: str, secret: str) -> None:
        """Requests an approval for an active token, or decides or ends one. `approver` is a session."""
        choices = [approval for approval in self.of_token(token_id) if approval.status in OPEN]
        if not choices or (len(choices) < MAX_OPEN and self.random.random() < 0.5):
            self.requests += 1
            self.pending = ("request", token_id)
            response = request(service, secret, f"releases/{self.requests}")
            assert response.status_code == 201, response.text
            view = response.json()
            self.approvals[view["id"]] = Approval(view["id"], token_id, view["resource"], "pending")
            return
        approval = self.random.choice(choices)
        what = self.random.choice(["approve", "reject", "end"] if approval.status == "pending" else ["end"])
        self.pending = (what, approval.id)
        url, headers = f"{service.url}/approvals/{approval.id}", bearer(approver)
        if what == "end":
            response = requests.delete(url, headers=headers, timeout=60)
        else:
            response = requests.post(f"{url}/{what}", headers=headers, timeout=60)
        assert response.status_code == 200, response.text
        approval.status = response.json()["status"]
        assert approval.status == STATUS_AFTER[what]

    def end_with_token(self, token_id: str) -> None:
        """Notes that the token was disabled, revoked or deleted."""
        for approval in self.of_token(token_id):
            if approval.status in OPEN:
                approval.status = "ended"

    def check(
        self, service: Service, session: requests.Session, token_id: str, secret: str | None, events: list[dict]
    ) -> None:
        """Compares the approvals of a token, which has a secret if it is active, with what was acknowledged."""
        if secret is None:
            self.end_with_token(token_id)
        views = all_pages(session, f"{service.url}/approvals", "approvals", {"token": token_id})
        found = {view["id"]: view for view in views}
        known = {approval.id for approval in self.of_token(token_id)}
        assert known <= found.keys(), f"{known - found.keys()} after {self.pending}"
        unknown = found.keys() - known
        assert not unknown or (self.pending == ("request", token_id) and len(unknown) == 1), f"{unknown} are unknown"
        of_unknown = {event["detail"]["approval_id"] for event in events} - found.keys()
        assert not of_unknown, f"{of_unknown} have events, but no item"
        for id, view in found.items():
            approval = self.approvals.setdefault(id, Approval(id, token_id, view["resource"], "pending"))
            self.check_status(approval, view)
            kinds = [event["kind"] for event in events if event["detail"]["approval_id"] == id]
            assert sorted(kinds) == sorted(steps(view)), f"{view} with the events {kinds}"
            shown = session.get(f"{service.url}/approvals/{id}", timeout=60).json()
            assert shown == view, f"{shown} is listed as {view}"
            if secret:
                check_record(service, secret, approval)

    def check_deleted(self, service: Service, session: requests.Session, tokens: Container[str]) -> None:
        """Compares the approvals of all other tokens than these, which were deleted."""
        for approval in [approval for approval in self.approvals.values() if approval.token_id not in tokens]:
            view = session.get(f"{service.url}/approvals/{approval.id}", timeout=60).json()
            self.end_with_token(approval.token_id)
            self.check_status(approval, view)
            del self.approvals[approval.id]

    def check_status(self, approval: Approval, view: dict) -> None:
        """Compares the status, and continues from there."""
        what, pending = self.pending or (None, None)
        possible = {approval.status} | ({STATUS_AFTER[what]} if pending == approval.id else set())
        assert view["status"] in possible, f"{view['status']}, acknowledged {approval}, after {self.pending}"
        approval.status = view["status"]


def all_pages(session: requests.Session, url: str, member: str, params: dict | None = None) -> list[dict]:
    """A whole list, newest first. A page of approvals that has read many of other tokens ends early."""
    found, asked = [], {"limit": 100} | (params or {})
    while True:
        page = session.get(url, params=asked, timeout=60).json()
        found += page[member]
        if page["next_cursor"] is None:
            return found
        asked["cursor"] = page["next_cursor"]


def check_record(service: Service, secret: str, approval: Approval) -> None:
    """Compares the record of an active token with an approval's item: a request needs what the record lists."""
    used = requests.post(f"{service.url}/demo/{approval.resource}", headers=bearer(secret), timeout=60)
    assert used.status_code == (200 if approval.status == "approved" else 403), f"{approval}: {used.text}"
    if approval.status == "pending":
        repeated = request(service, secret, approval.resource)
        assert (repeated.status_code, repeated.json()["id"]) == (200, approval.id), f"{approval}: {repeated.text}"


def request(service: Service, secret: str, resource: str) -> requests.Response:
    body = {"permission": "releases:write", "resource": resource, "reason": "Deploy 1.4.2"}
    return requests.post(f"{service.url}/approvals", headers=bearer(secret), json=body, timeout=60)


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def steps(view: dict) -> list[str]:
    """The kinds of the events that an approval must have."""
    decision = "approval_approved" if view["expires_at"] else "approval_rejected"
    ended = ["approval_ended"] if view["ended_at"] else []
    return ["approval_requested", *([decision] if view["decided_at"] else []), *ended]
