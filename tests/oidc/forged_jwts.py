"""Forged and malformed JWTs."""

import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provider import base64url

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PUBLIC_PARTS = {"RSA": ["kty", "n", "e"], "EC": ["kty", "crv", "x", "y"], "OKP": ["kty", "crv", "x"]}


def claims(token: str) -> dict:
    """The claims of a token; its signature is not checked."""
    return jwt.decode(token, options={"verify_signature": False})


def header(token: str) -> dict:
    return jwt.get_unverified_header(token)


def signed(said: dict, key: Any, algorithm: str, **headers: Any) -> str:
    """A token signed with this key."""
    return jwt.encode(said, key, algorithm, headers=headers)


def signed_by_provider(said: dict, jwk: dict) -> str:
    """These claims, signed with the provider's key."""
    return signed(said, key_of(jwk), jwk["alg"], kid=jwk["kid"])


def key_of(jwk: dict) -> Any:
    return jwt.PyJWK.from_dict(jwk).key


def own_key(algorithm: str) -> Any:
    """A new, untrusted private key."""
    return {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }[algorithm]()


def public_jwk(jwk: dict) -> dict:
    return {name: jwk[name] for name in PUBLIC_PARTS[jwk["kty"]]}


def public_forms(jwk: dict) -> dict[str, bytes]:
    """A provider's public key in the encodings that a program may use."""
    key = key_of(jwk).public_key()
    pem, der = (key.public_bytes(form, PublicFormat.SubjectPublicKeyInfo) for form in (Encoding.PEM, Encoding.DER))
    return {
        "PEM": pem,
        "PEM in one line": pem.replace(b"\n", b""),
        "PEM without its last line end": pem.rstrip(),
        "DER": der,
        "JWK": json.dumps(public_jwk(jwk), separators=(",", ":")).encode(),
        "nothing": b"",
    }


def with_secret(said: dict, secret: bytes, algorithm: str, **headers: Any) -> str:
    """A token with an HMAC of any secret; a library would refuse a public key."""
    body = unsigned(said, algorithm, **headers)
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{body}.{base64url(hmac.digest(secret, body.encode(), digest))}"


def unsigned(said: dict, algorithm: str, **headers: Any) -> str:
    """A token without its signature and the dot before it."""
    parts = [{"alg": algorithm, "typ": "JWT", **headers}, said]
    return ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)


def with_claims(token: str, **said: Any) -> str:
    """Changes claims and keeps the signature."""
    head, _, signature = token.split(".")
    changed = json.dumps(claims(token) | said, separators=(",", ":"))
    return f"{head}.{base64url(changed.encode())}.{signature}"


def twin(token: str) -> str:
    """With the equivalent ES256 signature: `n - s` instead of `s`."""
    body, _, signature = token.rpartition(".")
    raw = jwt.utils.base64url_decode(signature)
    other = P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{body}.{base64url(raw[:32] + other.to_bytes(32, 'big'))}"


def with_other_signature(token: str) -> str:
    """Flips one bit of the signature."""
    body, _, signature = token.rpartition(".")
    raw = bytearray(jwt.utils.base64url_decode(signature))
    raw[len(raw) // 2] ^= 1
    return f"{body}.{base64url(bytes(raw))}"
