"""The principals of docs/access-matrix.md."""

import calls
import spec
from calls import Call
from issuer import MANAGER, Issuer
from service import Service

# The owner of every token that a request of the matrix is about.
OWNER = "matrix"
FOREVER = {"expires_at": None}


def principals(service: Service, issuer: Issuer) -> dict[str, str | None]:
    """The credential of each principal."""
    admin = service.admin_token

    def token(**wanted) -> str:
        return calls.create(service, admin, **{**FOREVER, **wanted})["token"]

    # These were allowed everything.
    expired, revoked, disabled = (
        calls.create(service, admin, permissions=["*"], **lifetime)
        for lifetime in ({"expires_in": "1s"}, FOREVER, FOREVER)
    )
    for word, made in [("revoke", revoked), ("disable", disabled)]:
        assert Call(f"POST /tokens/{{id}}/{word}", admin, made["id"]).send(service).status_code == 200
    made = {
        "none": None,
        "malformed": admin[:-1] + ("0" if admin[-1] != "0" else "1"),
        "unknown": with_other_secret(admin),
        "expired": expired["token"],
        "revoked": revoked["token"],
        "disabled": disabled["token"],
        "least": token(owner=OWNER),
        "other owner": token(owner="matrix-other", **MANAGER),
        "owner": token(owner=OWNER, **MANAGER),
        "admin": admin,
        "session": calls.sign_in(service, OWNER),
        "admin session": calls.sign_in(service, "matrix-admin", "portcullis-admin"),
        "exchanged": exchange(service, issuer)["access_token"],
    }
    calls.wait_until(lambda: Call("GET /tokens/{id}", admin, expired["id"]).send(service).json()["status"] == "expired")
    return made


def with_other_secret(token: str) -> str:
    """A well-formed token with the ID of another."""
    prefix, _, rest = token.rpartition("_")
    body = f"{prefix}_{rest[:16]}{'0' * 43}"
    return body + spec.checksum(body)


def exchange(service: Service, issuer: Issuer, repository: str = "acme/manager") -> dict:
    """The response to the exchange of an identity."""
    identity = issuer.identity(repository=repository)
    response = Call("POST /exchange", None, form=calls.EXCHANGE | {"subject_token": identity}).send(service)
    assert response.status_code == 200, response.text
    return response.json()
