"""The console's files are served by the deployed function, to anybody, with the headers that guard the page."""

import re

import requests


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=120, allow_redirects=False)


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
    answer = get(f"{url}/console")
    assert (answer.status_code, answer.headers["Location"].endswith("/console/index.html")) == (307, True)


def test_an_unknown_file_of_the_console_is_not_found(url: str) -> None:
    assert get(f"{url}/console/assets/none.js").status_code == 404
