"""What docs/products.md names: tests, and sections of other pages."""

import re

from conftest import ROOT

PAGE = ROOT / "docs" / "products.md"
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
# How a test begins, by the kind of its file.
TESTS = {
    ".rs": r"#\[(?:tokio::)?test\]\n(?: *#\[.*\]\n)* *(?:async )?fn {}\(",
    ".py": r"^def {}\(",
    ".mjs": r'^test\("{}", ',
}


def links() -> list[tuple[str, str]]:
    """The text and the target of each link within this repository."""
    return [(text, target) for text, target in LINK.findall(PAGE.read_text()) if not target.startswith("https://")]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub derives them."""
    outside_code = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_test_that_the_products_page_names_exists() -> None:
    named = [(text.strip("`"), PAGE.parent / target) for text, target in links() if target.endswith(tuple(TESTS))]
    assert len(named) > 150
    for name, file in named:
        begins = TESTS[file.suffix].format(re.escape(name))
        assert file.is_file() and re.search(begins, file.read_text(), re.MULTILINE), f"{file}: {name}"


def test_every_section_that_the_products_page_links_exists() -> None:
    for _, target in links():
        page, _, anchor = target.partition("#")
        text = (PAGE.parent / page).read_text()
        assert not anchor or anchor in anchors(text), target
