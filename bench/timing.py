#!/usr/bin/env python3
"""Measures whether response times show if a token exists: to a caller with a wrong secret, or of another owner.

    cargo build --release --package portcullis-local
    bench/timing.py URL ADMIN_TOKEN [REQUESTS]

URL is a running service without a limit of tokens per owner, such as `target/release/portcullis-local
--max-tokens-per-owner 0`. The kinds of requests to a route alternate in random order on one connection, so that other
load on the machine affects all of them. `missing` and `missing again` are the same kind: the difference between them is
noise. The first tenth of the requests does not count.

`slower` is the effect size: the probability that a request takes longer than one of `missing`. 50 % is no difference.
`p` is the probability of an effect of at least this size by chance (two-sided Mann-Whitney U test).
"""

import http.client
import json
import math
import random
import statistics
import string
import sys
import time
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
# Alphabet of the IDs of approvals (ULID).
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Tokens and approvals of the other owner, and as many missing IDs. A token has at most 10 pending requests.
POOL = 50
PENDING = 10
# Requests to a token, which a caller of another owner is refused.
TOKEN_ROUTES = [
    *[("GET", ""), ("GET", "/events"), ("GET", "/usage"), ("PATCH", ""), ("DELETE", "")],
    *[("POST", f"/{word}") for word in ("tighten", "rotate", "disable", "enable", "revoke")],
]
# The same to an approval.
APPROVAL_ROUTES = [("GET", ""), ("DELETE", ""), ("POST", "/approve"), ("POST", "/reject")]

Answer = tuple[int, bytes]
Call = Callable[[], Answer]


def checksum(text: str) -> str:
    """CRC-32 in six characters of base62: the checksum of a token."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def drawn(length: int, alphabet: str = BASE62) -> str:
    return "".join(random.choices(alphabet, k=length))


def token(prefix: str, token_id: str) -> str:
    body = f"{prefix}_{token_id}{drawn(43)}"
    return body + checksum(body)


class Client:
    """Calls of the service on one connection."""

    def __init__(self, url: str) -> None:
        self.base = urlsplit(url).path.rstrip("/")
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def call(self, method: str, path: str, credential: str, body: dict | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {credential}", "If-Match": "*"}
        sent = json.dumps(body) if body else "{}" if method == "PATCH" else None
        self.connection.request(method, self.base + path, sent, headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def create(self, admin: str, owner: str, *permissions: str) -> dict:
        wanted = {"name": "timing", "owner": owner, "permissions": permissions, "resources": ["*"], "expires_in": "1d"}
        return self.post("/tokens", admin, wanted)

    def ask(self, credential: str, number: int) -> str:
        """Requests an approval, and returns its ID."""
        wanted = {"permission": "releases:write", "resource": f"releases/{number}", "reason": "timing"}
        return self.post("/approvals", credential, wanted)["id"]

    def post(self, path: str, credential: str, wanted: dict) -> dict:
        status, created = self.call("POST", path, credential, wanted)
        if status != 201:
            sys.exit(f"POST {path} was answered {status}: {created.decode()}")
        return json.loads(created)


def measure(kinds: dict[str, Call], expected: int, requests: int) -> dict[str, list[float]]:
    """The times of each kind, in microseconds."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(requests):
        for kind in random.sample(list(kinds), len(kinds)):
            began = time.perf_counter()
            status, _ = kinds[kind]()
            taken = time.perf_counter() - began
            if status != expected:
                sys.exit(f"{kind} was answered {status} instead of {expected}")
            if number >= requests // 10:
                times[kind].append(taken * 1e6)
    return times


def mann_whitney(one: list[float], other: list[float]) -> tuple[float, float]:
    """The probability that one of the first is larger, and the p-value."""
    order = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(rank for rank, (_, is_first) in enumerate(order, 1) if is_first)
    pairs = len(one) * len(other)
    larger = (ranks - len(one) * (len(one) + 1) / 2) / pairs
    deviation = math.sqrt((len(one) + len(other) + 1) / (12 * pairs))
    return larger, math.erfc(abs(larger - 0.5) / deviation / math.sqrt(2))


def report(route: str, times: dict[str, list[float]]) -> None:
    missing = times["missing"]
    print(f"{route}\n  missing        median {statistics.median(missing):8.1f}")
    for kind, taken in times.items():
        if kind != "missing":
            larger, p = mann_whitney(taken, missing)
            print(f"  {kind:14} median {statistics.median(taken):8.1f}  slower {larger:6.2%}  p {p:.3f}")


def session(url: str) -> str:
    """A session of the caller's owner, from the local development sign-in."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/dev/sign-in", "name=timing-caller", headers)
    return json.loads(connection.getresponse().read())["session"]


def main() -> None:
    client, admin = Client(sys.argv[1]), sys.argv[2]
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    prefix = admin.split("_")[0]
    if checksum(admin[:-6]) != admin[-6:]:
        sys.exit("the checksum of the admin token is not what this script computes")
    tokens = [client.create(admin, "timing-foreign", "apps:read", "releases:write") for _ in range(POOL)]
    foreign, missing = [made["id"] for made in tokens], [drawn(16) for _ in range(POOL)]
    asked = [client.ask(tokens[number % (POOL // PENDING)]["token"], number) for number in range(POOL)]
    unasked = [asked[0][:10] + drawn(16, CROCKFORD) for _ in range(POOL)]
    caller = client.create(admin, "timing-caller", "tokens:read", "tokens:write")["token"]
    print(f"{requests - requests // 10} requests of each kind, in microseconds")

    def compare(
        route: str, name: str, expected: int, pools: tuple[list[str], list[str]], send: Callable[[str], Answer]
    ) -> None:
        present, absent = [lambda ids=ids: send(random.choice(ids)) for ids in pools]
        kinds = {"missing": absent, name: present, "missing again": absent}
        report(route, measure(kinds, expected, requests))

    def of_caller(method: str, prefix: str, suffix: str, credential: str = caller) -> Callable[[str], Answer]:
        return lambda target: client.call(method, f"{prefix}/{target}{suffix}", credential)

    def explained(target: str) -> Answer:
        return client.call("POST", "/explain", caller, {"token_id": target, "method": "GET", "path": "/apps"})

    of_tokens, of_approvals = (foreign, missing), (asked, unasked)
    compare("GET /me", "wrong secret", 401, of_tokens, lambda target: client.call("GET", "/me", token(prefix, target)))
    compare("POST /explain", "foreign", 404, of_tokens, explained)
    for method, suffix in TOKEN_ROUTES:
        compare(f"{method} /tokens/{{id}}{suffix}", "foreign", 404, of_tokens, of_caller(method, "/tokens", suffix))
    for method, suffix in APPROVAL_ROUTES:
        compare(
            f"{method} /approvals/{{id}}{suffix}", "foreign", 404, of_approvals, of_caller(method, "/approvals", suffix)
        )
    names = [f"a{number}" for number in range(40)]
    grants = [{"permissions": [f"{name}:read" for name in names], "resources": names} for _ in range(19)]
    grants.append({"permissions": ["tokens:read"], "resources": ["*"]})
    large = client.post(
        "/tokens", admin, {"name": "timing", "owner": "timing-caller", "grants": grants, "expires_in": "1d"}
    )["token"]
    compare("GET /tokens/{id} with a large token", "foreign", 404, of_tokens, of_caller("GET", "/tokens", "", large))
    in_session = of_caller("GET", "/tokens", "", session(sys.argv[1]))
    compare("GET /tokens/{id} in a session", "foreign", 404, of_tokens, in_session)
    for owner in ("timing-foreign", "timing-caller"):
        client.call("POST", f"/owners/{owner}/revoke-tokens", admin)


if __name__ == "__main__":
    main()
