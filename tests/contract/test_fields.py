"""What the description allows in a field is what the service accepts there, to the character.

Random data seldom meets the edges of a form. For each of these values the description is
asked, and then the service, and they have to agree.
"""

from typing import Any

import pytest

import spec
from calls import Call
from service import Service

GOOD = {"name": "x", "permissions": ["apps:read"]}
NEW_TOKEN = {"$ref": "#/components/schemas/NewToken"}

TEXTS = ["", " ", "x", "\u00a0", "\u2003x", "\ufeff", "a\tb", "a\nb", "a\r", "\u0085", "\u2028", "\u202e", "🚀", "\x7f"]
LONG = {"name": [100, 101], "description": [500, 501], "owner": [128, 129]}
LIKE_TOKENS = [
    "a_" + "b" * 31,
    "a_" + "b" * 32,
    "%5f" + "b" * 32,
    "_%5F" + "b" * 32,
    "b" * 70,
    "eyJ" + "a-" * 5 + "." + "b_" * 5,
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
NAMES = ["*", "a", "a/b/*", "a/*", "...", ".a", "..a/.b", "a b", "ü/🚀", "a:b@c", "*/a", "/a", "a/", "a//b", "a/../b"]
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
LONGEST = {"s": 3_153_600_000, "m": 52_560_000, "h": 876_000, "d": 36_500}
DAY = "2099-12-31"
TIMES = [
    *[
        f"{DAY}T23:59:59{end}"
        for end in ["Z", "z", ".000Z", ".001Z", ".Z", "+00:00", "-00:00", "+02:00", "", "ZZ", "\n"]
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
        *[{"expires_in": f"{most + more}{unit}"} for unit, most in LONGEST.items() for more in [-1, 0, 1]],
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
        {"permissions": ..., "grants": [{"permissions": ["a:b"]}], "resources": ["a"]},
        {"permissions": ..., "grants": [{"permissions": ["a:b"]}], "role": None},
        {"role": None},
        {"role": "cicd"},
        {"grants": [{"permissions": ["a:b"]}]},
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
