"""The OIDC issuer of a CI system."""

import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519

AUDIENCE = "https://tokens.example.com"
# The grant of a job that manages tokens.
MANAGER = {"permissions": ["tokens:read", "tokens:write"], "resources": ["tokens"]}


class Issuer:
    """An issuer on loopback, which signs any claims."""

    def __init__(self) -> None:
        self.key = ed25519.Ed25519PrivateKey.generate()
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key()))
        keys = {"keys": [public | {"kid": "one", "alg": "EdDSA"}]}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = {"issuer": issuer.url, "jwks_uri": issuer.url + "/keys"}
                body = json.dumps(keys if self.path == "/keys" else found).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        issuer = self
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def identity(self, **claims: object) -> str:
        now = int(time.time())
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "repo:acme/billing:ref:refs/heads/main",
            "repository": "acme/billing",
            "ref": "refs/heads/main",
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + 300,
        }
        return jwt.encode(good | claims, self.key, "EdDSA", headers={"kid": "one"})

    def rules(self) -> list[dict]:
        """Trust rules: for a job that deploys, and for one that manages tokens."""
        managing = {"name": "manage-tokens", "claims": {"repository": "acme/manager"}, "grants": [MANAGER]}
        return [self.rule(), self.rule() | managing]

    def rule(self) -> dict:
        return {
            "name": "deploy-billing",
            "issuer": self.url,
            "audience": AUDIENCE,
            "claims": {"repository": "acme/billing", "ref": ["refs/heads/main", "refs/tags/v*"]},
            "grants": [{"permissions": ["apps:read", "apps:write"], "resources": ["apps/billing"]}],
            "lifetime": "10m",
        }
