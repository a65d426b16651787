"""What docs/authorizer-crates.md says of the crates that the authorizer links, or that run when it is built."""

import re
from pathlib import Path

from authorizer_crates import ROOT, Crate, crates
from crate_powers import library_files, powers

PAGE = ROOT / "docs" / "authorizer-crates.md"
FEATURES_OFF = re.compile(r"[Ff]eatures? ((?:`[\w-]+`(?:, | and )?)+) (?:is|are) off")


def listed() -> list[tuple[str, str, str]]:
    """Section, crate and purpose of each row."""
    found = []
    for section in PAGE.read_text().split("\n## ")[1:]:
        title, *lines = section.splitlines()
        rows = [line.strip("|").split("|") for line in lines if line.startswith("| `")]
        found += [(title, row[0].strip(" `"), row[-1].strip()) for row in rows]
    return found


def row_start(name: str, crate: Crate) -> str:
    """The row of a crate as far as the purpose."""
    script = crate.build_script
    scripts_powers = "" if script is None else ", ".join(script) or "no powers"
    cells = (f"`{name}`", crate.owner, ", ".join(crate.powers), scripts_powers)
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def test_each_crate_is_in_its_section_of_the_list_with_a_purpose() -> None:
    expected = {(crate.section, name) for name, crate in crates().items()}
    rows = [(section, name) for section, name, _ in listed()]
    missing = [f"{section}:\n{row_start(name, crates()[name])} PURPOSE |" for section, name in expected - set(rows)]
    superfluous = sorted(set(rows) - expected)
    assert not missing, f"{PAGE.name} (Updates) says how to add rows:\n" + "\n".join(sorted(missing))
    assert not superfluous, f"remove these rows from {PAGE.name}: {superfluous}"
    assert len(rows) == len(expected)
    assert all(purpose for _, _, purpose in listed())


def test_the_list_has_the_owner_and_the_powers_of_each_crate() -> None:
    text = PAGE.read_text()
    wrong = []
    for name, crate in crates().items():
        row = row_start(name, crate)
        if f"\n{row} " not in text:
            scripts = crate.build_script or {}
            wrong += [row, *(f"    {power}: {place}" for of in (crate.powers, scripts) for power, place in of.items())]
    assert not wrong, f"{PAGE.name} (Updates) says how to change rows:\n" + "\n".join(wrong)


def test_features_that_the_list_calls_off_are_off() -> None:
    named = [
        (name, set(re.findall(r"`([\w-]+)`", off)))
        for _, name, purpose in listed()
        for off in FEATURES_OFF.findall(purpose)
    ]
    assert len(named) > 5
    on = [(name, wrong) for name, features in named if (wrong := features - crates()[name].features_off)]
    assert not on


def test_a_power_is_found_in_code_and_not_in_tests_comments_or_strings() -> None:
    used = """
        // std::fs::read(path)
        const TEXT: &str = "TcpStream::connect";
        fn main() { let mut command = Command::new(TEXT); }
        #[cfg(test)]
        mod tests { fn variable() { std::env::var("HOME").unwrap(); } }
    """
    assert powers(used) == {"processes": "fn main() { let mut command = Command::new"}


def test_modules_that_only_tests_have_are_not_searched(tmp_path: Path) -> None:
    for file, text in {
        "build.rs": "",
        "tests/it.rs": "",
        "src/lib.rs": "mod used; #[cfg(test)] mod checks;",
        "src/used.rs": "#[cfg(all(test, unix))] mod tests;",
        "src/used/tests.rs": "",
        "src/checks/mod.rs": "",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert library_files(tmp_path) == {tmp_path / "src/lib.rs", tmp_path / "src/used.rs"}
