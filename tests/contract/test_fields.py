"""The service accepts exactly the field values that the description allows.

Random data rarely contains boundary values. For each of these values, the description and the
service have to agree.
"""

from typing import Any

import pytest

import calls
import spec
from calls import Call
from service import Service

GOOD = {"name": "x", "permissions": ["apps:read"], "resources": ["*"]}
NEW_TOKEN = {"$ref": "#/components/schemas/NewToken"}

TEXTS = [
    "",
    " ",
    "x",
    "\u00a0",
    "\u2003x",
    "\ufeff",
    "a\tb",
    "a\nb",
    "a\r",
    "\u0085",
    "\u2028",
    "\u202e",
    "🚀",
    "\x7f",
    "\ufffd",
    *[
        "\u3164",
        "\u2800",
        "\U0001d159",
        "\u200d",
        "\u206a",
        "\u180e",
        "\U000e0041",
        "\ufe0f",
        "\ufff9",
        "\u0600",
        " \u3164",
    ],
    *["x\u3164", "x\u2003", "❤\ufe0f", "👩\u200d💻"],
]
LONG = {"name": [100, 101], "description": [500, 501], "owner": [255, 256]}
TOKEN = "ab_" + "a1" * 29 + "b"
TOKEN += spec.checksum(TOKEN)
JWT_HEADERS = ["eyJhbGciOiJIUzI1NiJ9", "eyJ0eXAiOiJKV1QiLCJhbGciOjF9", "eyJ0eXAiOiJKV1QifQ"]
LIKE_TOKENS = [
    TOKEN,
    TOKEN.replace("_", "%5F"),
    f"x{TOKEN}x",
    TOKEN[:-1],
    TOKEN.replace("_", "-"),
    "a_" + "b" * 32,
    "_" + "aB" * 20,
    "%5f" + "b" * 32,
    "aB" * 35,
    *[
        f"{header}.{payload}.{signature}"
        for header in JWT_HEADERS
        for payload in ["e30", ""]
        for signature in ["x", ""]
    ],
    f"{JWT_HEADERS[0]}.e30",
]
HALVES = [
    "a:b",
    "A.b_c-d:0",
    "*:a",
    "a:*",
    "*",
    "*:*",
    ":",
    "a:",
    ":b",
    "a",
    "a:b:c",
    "-a:b",
    "a:_b",
    "a b:c",
    "**",
    "ä:b",
]
NAMES = [
    "*",
    "a",
    "a/b/*",
    "a/*",
    "...",
    ".a",
    "..a/.b",
    "a b",
    "ü/🚀",
    "a:b@c",
    "*/a",
    "/a",
    "a/",
    "a//b",
    "a/../b",
    " a",
    "a ",
    " ",
    "a /*",
    "\u3000a",
    "a\u2028",
    "a\u3164",
]
NO_NAMES = [".", "..", "./a", "a/.", "/*", "a*", "a/*/b", "a;b", "a?b", "a%20b", "a\\b", "a\nb", "", "a/\u0085"]
LIFETIMES = [
    "1s",
    "0s",
    "007d",
    "000m",
    "1",
    "d",
    "-1d",
    "+1d",
    "1.5h",
    "1D",
    "1w",
    "1d1h",
    " 1d",
    "1d ",
    "٣d",
    "1e3s",
    "",
]
# From 1 minute to 24 hours.
DURATIONS = [
    *["60s", "1m", "1h", "86400s", "1440m", "24h", "00090s", "15m"],
    *["59s", "0m", "86401s", "1441m", "25h", "1d", "9" * 30 + "s", "1m\n"],
    *[text for text in LIFETIMES if text != "1s"],
]
MAX_LENGTH = {"s": 3_153_600_000, "m": 52_560_000, "h": 876_000, "d": 36_500}
DAY = "2099-12-31"
TIMES = [
    *[
        f"{DAY}T23:59:59{end}"
        for end in [
            "Z",
            "z",
            ".000Z",
            ".001Z",
            ".Z",
            "+00:00",
            "-00:00",
            "+02:00",
            ".041999+05:30",
            "+2:00",
            "+24:00",
            "+0200",
            " 00:00",
            "",
            "ZZ",
            "\n",
        ]
    ],
    *[f"{DAY}t00:00:00z", f"{DAY}T24:00:00Z", f"{DAY}T23:60:00Z", f"{DAY}T23:59:60Z", f"{DAY}T23:59Z", f"{DAY}"],
    *["2099-02-29T00:00:00Z", "2096-02-29T00:00:00Z", "2099-2-1T00:00:00Z", "12099-12-31T00:00:00Z", "tomorrow", ""],
]
TIMES_WITH_ANYTHING = [f"{DAY}{divider}00:00:00Z" for divider in " _x"]
GRANTS = [
    *[[], [{}], [None], ["a:b"], None, {}],
    [{"permissions": ["a:b"]}],
    [{"permissions": ["a:b"], "resources": ["a"]}, {"permissions": ["*"]}],
    *[[{"permissions": ["a:b"]}] * count for count in (20, 21)],
    *[[{"permissions": ["a:b"] * count, "resources": ["a"] * count}] for count in (0, 50, 51)],
    *[[{"permissions": [text]}] for text in ("a b", "**", "a:*")],
    *[[{"permissions": ["a:b"], "resources": wrong}] for wrong in (["/a"], None, "a")],
    [{"permissions": ["a:b"], "colour": "red"}],
    [{"resources": ["a"]}],
]
ROLES = ["cicd", "", "Cicd", "1", "a_b", "a" * 33, 7, [], {}]
MANY = [[], ["apps:read"] * 50, ["apps:read"] * 51, "apps:read", None, [None], [["a:b"]], {}]


def edges() -> list:
    cases = [
        *[{field: text} for field in ["name", "description", "owner"] for text in TEXTS],
        *[{field: character * size} for field, sizes in LONG.items() for size in sizes for character in "xü🚀"],
        *[{field: text} for field in ["name", "description", "owner"] for text in LIKE_TOKENS],
        *[{"owner": text} for text in ["a@b.c", "auth0|5f7c", 'a"b', "a\\b", "~", "!"]],
        *[{"permissions": [text]} for text in [*HALVES, "a:" + "b" * 98, "a:" + "b" * 99]],
        *[{"resources": [text]} for text in [*NAMES, *NO_NAMES, "ü" * 256, "ü" * 257, *LIKE_TOKENS]],
        *[{field: many} for field in ["permissions", "resources"] for many in MANY],
        *[{"expires_in": text} for text in LIFETIMES],
        *[{"expires_in": f"{most + more}{unit}"} for unit, most in MAX_LENGTH.items() for more in [-1, 0, 1]],
        *[{"expires_at": text} for text in TIMES],
        *[{"expires_at": text} for text in TIMES_WITH_ANYTHING],
        *[
            {field: value}
            for field in ["name", "description", "owner", "expires_in"]
            for value in [None, 1, True, [], {}]
        ],
        *[{"permissions": ..., "grants": grants} for grants in GRANTS],
        *[{"permissions": ..., "role": role} for role in ROLES],
        {"permissions": ..., "role": "cicd", "resources": ["a"]},
        {"permissions": ..., "grants": [{"permissions": ["a:b"], "resources": ["a"]}], "resources": ["a"]},
        {"permissions": ..., "grants": [{"permissions": ["a:b"], "resources": ["a"]}], "role": None},
        {"role": None},
        {"role": "cicd"},
        {"grants": [{"permissions": ["a:b"], "resources": ["a"]}]},
        {"permissions": ...},
        {"expires_in": "1d", "expires_at": None},
        {"expires_in": None, "expires_at": f"{DAY}T00:00:00Z"},
        {"expires_in": "1d", "expires_at": f"{DAY}T00:00:00Z"},
        {"colour": "red"},
        {"": None},
        {"Name": "x"},
    ]
    return cases


@pytest.mark.parametrize("field", edges(), ids=lambda field: ascii(field)[:60])
def test_a_value_is_accepted_if_and_only_if_the_description_allows_it(field: dict[str, Any], service: Service) -> None:
    body = {name: value for name, value in (GOOD | field).items() if value is not ...}
    allowed = spec.complaints(NEW_TOKEN, body) == []
    response = Call("POST /tokens", service.admin_token, body=body).send(service)
    assert response.status_code == (201 if allowed else 400), response.text


NETWORKS = [
    *["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "192.0.2.7/32", "192.0.2.7/24", "192.0.2.0/33", "192.0.2.0/024"],
    *[
        "::1",
        "::/0",
        "2001:DB8::/32",
        "2001:db8::1/32",
        "::/129",
        "::ffff:192.0.2.0/120",
        "::ffff:0:0/96",
        "::ffff:0:0/95",
    ],
    *["1:2:3:4:5:6:192.0.2.7", "::192.0.2.7/128", "fe80::1%eth0", "[::1]", "010.0.0.1", "192.0.2", "192.0.2.0/"],
    *["192.0.2.0/255.255.255.0", "192.0.2.0/-1", "192.0.2.7 ", " ::1", "x", "", "*", "10.0.0.0/8,::1", "\u0661.0.0.0"],
]
LISTS_OF_NETWORKS = [[], ["::1"] * 50, ["::1"] * 51, "::1", [None], [1], [["::1"]], {}]
ADDRESSES = [{"allowed_ips": value} for value in [*[[text] for text in NETWORKS], *LISTS_OF_NETWORKS, None]]


@pytest.mark.parametrize("field", ADDRESSES, ids=lambda field: ascii(field)[:60])
def test_an_address_is_accepted_if_and_only_if_the_description_allows_it(field: dict, service: Service) -> None:
    body = GOOD | field
    allowed = spec.complaints(NEW_TOKEN, body) == []
    response = Call("POST /tokens", service.admin_token, body=body).send(service)
    assert response.status_code == (201 if allowed else 400), response.text


PATCHES: list[Any] = [
    *[{field: text} for field in ["name", "description"] for text in [*TEXTS, *LIKE_TOKENS, None, 1, True, [], {}]],
    *[{"grants": value} for value in GRANTS],
    *[{"expires_at": value} for value in [*TIMES, *TIMES_WITH_ANYTHING, None, 1, True, [], {}]],
    *ADDRESSES,
    *[{field: value} for field in ["expires_in", "owner", "role", "permissions", "id"] for value in ["1d", None, 1]],
    *[{}, [], None, "x", 1],
]


@pytest.fixture(scope="module")
def admins(service: Service) -> Any:
    """The ID of a token that the tests keep changing."""
    return calls.create(service, service.admin_token)["id"]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: ascii(patch)[:60])
def test_a_patch_is_accepted_if_and_only_if_the_description_allows_it(
    patch: Any, admins: str, service: Service
) -> None:
    allowed = spec.complaints({"$ref": "#/components/schemas/TokenPatch"}, patch) == []
    tag = Call("GET /tokens/{id}", service.admin_token, admins).send(service).headers["etag"]
    body = b"null" if patch is None else patch
    call = Call("PATCH /tokens/{id}", service.admin_token, admins, body=body, headers={"If-Match": tag})
    response = call.send(service)
    assert response.status_code == (200 if allowed else 400), response.text
    if isinstance(patch, dict) and len(patch) == 1 and not allowed:
        assert len({error["field"] for error in response.json()["errors"]}) == len(response.json()["errors"])


MAX_OVERLAP = {"s": 604_800, "m": 10_080, "h": 168, "d": 7}
ROTATIONS: list[Any] = [
    *[{field: text} for field in ["overlap", "expires_in"] for text in [*LIFETIMES, None, 1, True, [], {}]],
    *[{"overlap": f"{most + more}{unit}"} for unit, most in MAX_OVERLAP.items() for more in [-1, 0, 1]],
    *[{"expires_in": f"{most + more}{unit}"} for unit, most in MAX_LENGTH.items() for more in [-1, 0, 1]],
    *[{"expires_at": value} for value in [*TIMES, None, 1]],
    *[{"expires_in": "1d", "expires_at": value} for value in [None, f"{DAY}T00:00:00Z"]],
    {"expires_in": None, "expires_at": f"{DAY}T00:00:00Z"},
    *[{"colour": "red"}, {}, [], "x"],
]


@pytest.mark.parametrize("rotation", ROTATIONS, ids=lambda rotation: ascii(rotation)[:60])
def test_a_rotation_is_accepted_if_and_only_if_the_description_allows_it(rotation: Any, service: Service) -> None:
    rotated = calls.create(service, service.admin_token)["id"]
    allowed = spec.complaints({"$ref": "#/components/schemas/Rotation"}, rotation) == []
    response = Call("POST /tokens/{id}/rotate", service.admin_token, rotated, body=rotation).send(service)
    assert response.status_code == (200 if allowed else 400), response.text


GROUNDS: list[Any] = [
    *[
        {"reason": text}
        for text in ["leaked", "superseded", "unused", "owner_left", "other", "Leaked", "", None, 1, []]
    ],
    *[{"comment": text} for text in [*TEXTS, *LIKE_TOKENS, "ü" * 500, "ü" * 501, None, 1]],
    *[{"colour": "red"}, {}, [], "x"],
]


@pytest.mark.parametrize("grounds", GROUNDS, ids=lambda grounds: ascii(grounds)[:60])
def test_a_reason_is_accepted_if_and_only_if_the_description_allows_it(grounds: Any, service: Service) -> None:
    allowed = spec.complaints({"$ref": "#/components/schemas/Grounds"}, grounds) == []
    revoked = calls.create(service, service.admin_token)["id"]
    for call in [
        Call("POST /tokens/{id}/revoke", service.admin_token, revoked, body=grounds),
        Call("POST /owners/{owner}/revoke-tokens", service.admin_token, owner="grounds", body=grounds),
    ]:
        response = call.send(service)
        assert response.status_code == (200 if allowed else 400), response.text


IPS = ["192.0.2.7", "::1", "::ffff:192.0.2.7", "192.0.2.0/24", "192.0.2", "010.0.0.1", "fe80::1%eth0", "", " ::1", "x"]
FORMS: list[dict[str, str]] = [
    *[{"method": text, "path": "/"} for text in ["GET", "get", "", "X" * 20, "X" * 21, "$connect", "$disconnect"]],
    *[
        {"method": "GET", "path": text}
        for text in ["/", "", "apps", "//", "/a/../b", "/ü\u202e", "/%zz", *LIKE_TOKENS[:2]]
    ],
    *[{"method": "GET", "path": "/" + "ü" * size} for size in (2047, 2048)],
    *[{"api": text} for text in ["protected", "tokens", "Tokens", ""]],
    *[{"source_ip": text} for text in IPS],
    *[{"token_type_hint": text} for text in ["access_token", "", "ü"]],
    *[{"method": "", "path": ""}, {"method": ""}, {"path": ""}, {"token": ""}, {"token": " "}, {"token": " x\n"}],
    *[{"method": "GET"}, {"path": "/"}, {"colour": "red"}, {}],
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: ascii(form)[:60])
def test_a_form_is_accepted_if_and_only_if_the_description_allows_it(form: dict, service: Service) -> None:
    form = {"token": "x"} | form
    allowed = spec.complaints({"$ref": "#/components/schemas/IntrospectionRequest"}, form) == []
    response = Call("POST /introspect", service.admin_token, form=form).send(service)
    assert response.status_code == (200 if allowed else 400), response.text


QUESTION = {"$ref": "#/components/schemas/Question"}
QUESTIONS: list[dict[str, Any]] = [
    *[{"method": text} for text in ["GET", "get", "", "G ET", "BREW", "X" * 20, "X" * 21, "$connect", "$disconnect"]],
    *[
        {"path": text}
        for text in ["/", "", "apps", "//", "/a/../b", "/a?b=c", "/ü\u202e", "http://x/", "/%zz", "/a\\b"]
    ],
    *[{"path": "/" + character * size} for size in (2047, 2048) for character in "xü"],
    *[{"path": "/" + "x" * size} for size in (94, 95, 96, 97, 100)],
    *[{"path": "/" + text} for text in LIKE_TOKENS],
    *[{"api": value} for value in ["protected", "tokens", "Tokens", "", None, 1]],
    *[{"source_ip": value} for value in ["192.0.2.7", "::1", "192.0.2.0/24", "x", "", None, 1]],
    *[{"token_id": text} for text in ["", "0" * 15, "0" * 17, "0" * 15 + "-"]],
    *[{field: wrong} for field in ["token_id", "method", "path"] for wrong in [..., None, 1, [], {}]],
    {"colour": "red"},
]


@pytest.fixture(scope="module")
def known(service: Service) -> str:
    return calls.create(service, service.admin_token)["id"]


@pytest.mark.parametrize("field", QUESTIONS, ids=lambda field: ascii(field)[:60])
def test_an_explain_request_is_valid_if_and_only_if_described(
    field: dict[str, Any], known: str, service: Service
) -> None:
    asked = {"token_id": known, "method": "GET", "path": "/apps"} | field
    question = {name: value for name, value in asked.items() if value is not ...}
    allowed = spec.complaints(QUESTION, question) == []
    response = Call("POST /explain", service.admin_token, body=question).send(service)
    assert response.status_code == (200 if allowed else 400), response.text


CATALOG = {"$ref": "#/components/schemas/Catalog"}
OWN = ["View your own tokens", "view your own tokens", ""]
SEGMENTS = [
    *NAMES,
    *NO_NAMES,
    "{a}",
    "{_1}",
    "{1}",
    "{}",
    "{a",
    "a}",
    "x{a}",
    "{a}x",
    "{a b}",
    "{ü}",
    "{a+}",
    "a/{b}/c",
]
PATHS = [*SEGMENTS, "{a+}/b", "a/{b+}", "a/{b+}/", "{a}/{b}/{c+}", "{+}", *LIKE_TOKENS, "{" + LIKE_TOKENS[1] + "}"]
RESOURCES = [text for text in [*SEGMENTS, *LIKE_TOKENS, "ü" * 500] if not text.startswith("{a+")]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "ANY", "get", "TRACE", "", "$connect"]


def with_role(**role: Any) -> dict:
    return {"roles": {"x": {"permissions": ["a:read"]} | role}}


def with_route(**route: Any) -> dict:
    """A service whose catalog has the parameters `a`, `b` and `_1`."""
    return {"routes": [{"match": "GET /{a}/{b}/{_1}", "permission": "a:read"} | route]}


def with_approval(**rule: Any) -> dict:
    rule = {"valid_for": "15m"} | rule
    return {"permissions": {"a:b": {"approval": {name: value for name, value in rule.items() if value is not ...}}}}


def with_groups(groups: Any) -> dict:
    return with_role() | {"sessions": {"groups": groups}}


CATALOGS: list[Any] = [
    *[{}, [], None, "x", 1],
    *[{"strict": value} for value in [True, False, None, "true", 0]],
    *[{part: value} for part in ["permissions", "roles", "sessions"] for value in [{}, [], None, "x"]],
    *[{"routes": value} for value in [[], {}, None, [None], [{}], [[]]]],
    *[{"permissions": {text: ""}} for text in [*HALVES, *["a:" + "b" * size for size in (98, 99)], *LIKE_TOKENS]],
    *[{"permissions": {"a:" + text: ""}} for text in LIKE_TOKENS],
    *[{"permissions": {name: text}} for name in ["tokens:read", "tokens:sell"] for text in OWN],
    *[{"permissions": {"a:b": text}} for text in [*TEXTS, *LIKE_TOKENS, "ü" * 200, "ü" * 201, None, 1, {}]],
    *[{"permissions": {f"a:b{n}": "" for n in range(count)}} for count in (500, 509)],
    *[{"permissions": {"approvals:read": value}} for value in ["View approvals", *TEXTS, None, 1, {}]],
    *[{"permissions": {name: {"description": "View your own tokens"}}} for name in ["tokens:read", "approvals:read"]],
    {"permissions": {"approvals:decide": {"approval": {"valid_for": "5m"}}}},
    *[
        {"permissions": {"a:b": value}}
        for value in [{"description": "x"}, {"approval": None}, {"colour": "red"}, [], True]
    ],
    *[
        {"permissions": {"a:b": {"description": text}}}
        for text in [*TEXTS, *LIKE_TOKENS, "ü" * 200, "ü" * 201, None, 1]
    ],
    *[with_approval(valid_for=value) for value in [*DURATIONS, ..., None, 5, [], {}]],
    *[with_approval(uses=value) for value in ["any", "once", "twice", "Any", "", None, 1]],
    *[with_approval(resources=value) for value in [[], ["*"], ["a", "a"], "*", None, [None], [1], {}]],
    *[with_approval(resources=[f"a{n}" for n in range(count)]) for count in (50, 51)],
    *[with_approval(resources=[text]) for text in [*NAMES, *NO_NAMES, "ü" * 256, "ü" * 257, *LIKE_TOKENS]],
    *[with_approval(token_approvers=value) for value in [True, False, "true", 1, None]],
    *[{"permissions": {"a:b": {"approval": value}}} for value in [{}, [], "5m", {"uses": "any"}]],
    with_approval(colour="red"),
    *[
        {"roles": {name: {"permissions": ["*"]}}}
        for name in ["a", "a" * 32, "a-1", *[it for it in ROLES if str(it) == it]]
    ],
    *[{"roles": {f"a{n}": {"permissions": ["*"]} for n in range(count)}} for count in (100, 101)],
    *[{"roles": {"x": value}} for value in [{}, [], None, {"description": "x"}]],
    *[with_role(permissions=value) for value in [[], ["*"], ["a:read"] * 50, ["a:read"] * 51, "*", None, [None], [1]]],
    *[with_role(permissions=[text]) for text in [text for text in HALVES if text not in ("a:b", "A.b_c-d:0", "*:a")]],
    *[with_role(permissions=[text + ":read"]) for text in LIKE_TOKENS],
    *[with_role(description=text) for text in [*TEXTS, *LIKE_TOKENS, "ü" * 200, "ü" * 201, None, 1]],
    with_role(colour="red"),
    *[with_route(match=f"{method} /x") for method in METHODS],
    *[with_route(match=f"GET /{path}") for path in PATHS],
    *[with_route(match=text) for text in ["$connect", "GET", "GET x", "GET  /x", " GET /x", "GET /x ", "", None, 1]],
    *[with_route(match="OPTIONS /" + "x" * size) for size in (400, 401)],
    *[with_route(permission=text) for text in ["a:read", "tokens:admin", "*", "a:*", "*:read", "a", "", None, 1]],
    *[with_route(permission=text + ":read") for text in ["a" * 95, "a" * 96, *LIKE_TOKENS]],
    *[with_route(resource=text) for text in [*RESOURCES, None, 1]],
    with_route(colour="red"),
    *[{"routes": [{"match": f"GET /{n}", "permission": "a:read"} for n in range(count)]} for count in (1000, 1001)],
    *[{"routes": [route]} for route in [{"match": "GET /"}, {"permission": "a:read"}]],
    *[with_groups({text: "x"}) for text in [*TEXTS, *LIKE_TOKENS, "ü" * 256, "ü" * 257, "*", "a/b", 'a"b']],
    *[with_groups({"group": value}) for value in ["x", "X", "", None, 1, ["x"]]],
    *[with_groups({f"group {n}": "x" for n in range(count)}) for count in (500, 501)],
    *[with_groups(value) for value in [{}, [], None]],
    {"sessions": {"colour": "red"}},
    {"colour": "red"},
]


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda catalog: ascii(catalog)[:80])
def test_a_catalog_is_accepted_if_and_only_if_the_description_allows_it(catalog: Any, catalog_service: Service) -> None:
    """Whether a generated catalog is consistent."""
    allowed = spec.complaints(CATALOG, catalog) == []
    response = calls.put_catalog(catalog_service, catalog)
    assert response.status_code == (200 if allowed else 400), response.text


LINKS = [
    *["https://ci.example.com/runs/42?a=b#c", "https://[2001:db8::1]:8443/", "https://a:/", "https://a/@b"],
    *["http://a/", "HTTPS://a/", "https:a", "https://", "https:///x", "https://?", "https://:80/", "https://a@b/"],
    *["https://a\\@b/", "https://a b/", "https://ü/", "https://a/\n", " https://a/", "javascript:alert(1)", ""],
    *["https://a/" + "x" * (size - 10) for size in (500, 501)],
    *["https://a/" + text for text in LIKE_TOKENS],
]
APPROVALS: list[Any] = [
    *[{"permission": text} for text in [*HALVES, "a:" + "b" * 98, "a:" + "b" * 99, *LIKE_TOKENS]],
    *[{"resource": text} for text in [*NAMES, *NO_NAMES, "ü" * 256, "ü" * 257, *LIKE_TOKENS]],
    *[{"reason": text} for text in [*TEXTS, *LIKE_TOKENS]],
    *[{"reason": character * size} for size in (500, 501) for character in "xü🚀"],
    *[{"link": text} for text in LINKS],
    *[{field: value} for field in calls.APPROVAL | {"link": ""} for value in [..., None, 1, True, [], {}]],
    *[{"colour": "red"}, {"": None}, {"Reason": "x"}],
]


@pytest.mark.parametrize("field", APPROVALS, ids=lambda field: ascii(field)[:60])
def test_a_request_for_approval_is_accepted_if_and_only_if_the_description_allows_it(
    field: dict[str, Any], service: Service
) -> None:
    body = {name: value for name, value in (calls.APPROVAL | field).items() if value is not ...}
    allowed = spec.complaints({"$ref": "#/components/schemas/ApprovalRequest"}, body) == []
    # The catalog requires approval for one permission only, and an admin needs none for it.
    if allowed and body["permission"] != calls.APPROVAL["permission"]:
        response = Call("POST /approvals", service.admin_token, body=body).send(service)
        [error] = response.json()["errors"]
        assert (response.status_code, error["field"]) == (400, "permission")
        assert "needs no approval" in error["message"]
        return
    asking = calls.create(service, service.admin_token, permissions=["releases:write"])["token"]
    response = Call("POST /approvals", asking, body=body).send(service)
    assert response.status_code == (201 if allowed else 400), response.text


DECISIONS: list[Any] = [
    *[{"valid_for": value} for value in [*DURATIONS, None, 5, True, [], {}]],
    *[{"comment": text} for text in [*TEXTS, *LIKE_TOKENS, "ü" * 500, "ü" * 501, None, 1]],
    *[{"valid_for": "5m", "comment": "x"}, {"colour": "red"}, {}, [], "x"],
]
# What the default catalog offers, in seconds.
OFFERED = 900


@pytest.mark.parametrize("word", ["approve", "reject"])
@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: ascii(decision)[:60])
def test_a_decision_is_accepted_if_and_only_if_the_description_allows_it(
    decision: Any, word: str, service: Service
) -> None:
    schema = "ApprovalDecision" if word == "approve" else "ApprovalRejection"
    allowed = spec.complaints({"$ref": f"#/components/schemas/{schema}"}, decision) == []
    if allowed and decision.get("valid_for"):
        allowed = spec.seconds(decision["valid_for"]) <= OFFERED
    approver = calls.sign_in(service, "approver", "portcullis-admin")
    asking = calls.create(service, service.admin_token, permissions=["releases:write"])["token"]
    id_ = calls.request_approval(service, asking)["id"]
    response = Call(f"POST /approvals/{{id}}/{word}", approver, id_, body=decision).send(service)
    assert response.status_code == (200 if allowed else 400), response.text
