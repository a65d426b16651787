"""The deployed function serves the console's files without a credential, with its security headers."""

import re

import pytest
import requests


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=120, allow_redirects=False)


def test_the_console_needs_no_credential_and_has_no_inline_code(url: str) -> None:
    page = get(f"{url}/console/index.html")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-cache"
    names = re.findall(r'(?:src|href)="\./([^"]+)"', page.text)
    assert len(names) >= 3
    for name in names:
        file = get(f"{url}/console/{name}")
        assert file.status_code == 200, name
        assert ("immutable" in file.headers["Cache-Control"]) == name.startswith("assets/")


def test_the_console_is_found_without_a_file_name(url: str) -> None:
    response = get(f"{url}/console")
    assert (response.status_code, response.headers["Location"].endswith("/console/index.html")) == (307, True)


def test_an_unknown_file_of_the_console_is_not_found(url: str) -> None:
    assert get(f"{url}/console/assets/none.js").status_code == 404


@pytest.mark.parametrize("path", ["/console", "/console/index.html", "/console/assets/none.js"])
def test_the_console_ignores_a_credential(url: str, path: str, admin_token: str) -> None:
    without = get(url + path)
    for credential in (admin_token, f"{admin_token[:-1]}!"):
        response = get(url + path, Authorization=f"Bearer {credential}")
        assert (response.status_code, response.content) == (without.status_code, without.content)
