"""The powers that the sources of a crate mention: `unsafe`, sockets, files and so on.

This is a search for names, so it finds a new power of an honest crate. It does not find code that hides.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from rust_imports import STRINGS_AND_COMMENTS, TEST_ITEM, without_tests

LIBC = r"\b(?:libc|c)::"
# Words, and a pattern for text without strings and comments. A file with none of the words does not match the pattern,
# and need not be parsed.
POWERS = {
    "unsafe": (("unsafe",), r"\bunsafe\b"),
    "native code": (
        ("extern", "asm!", "c::"),
        rf"\bextern\s+(?:fn|\{{)|\b(?:global_)?asm!|{LIBC}dl(?:open|sym)\b",
    ),
    "sockets": (
        ("Stream", "Listener", "Socket", "UnixDatagram", "socket", "lookup_host", "rustix::net", "c::"),
        r"\b(?:Tcp|Unix)(?:Stream|Listener|Socket)\b|\b(?:UdpSocket|UnixDatagram)\b"
        r"|\b(?:ToSocketAddrs|to_socket_addrs|lookup_host)\b"
        rf"|\bsocket2::|\bnix::sys::socket\b|\brustix::net\b|{LIBC}(?:socket|socketpair|connect|bind|getaddrinfo)\b",
    ),
    "files": (
        ("fs::", "File::", "OpenOptions", ".exists()", ".is_dir()", ".read_dir()", "c::"),
        r"\bfs::|\bFile::|\bOpenOptions\b|\.(?:exists|is_dir|read_dir)\(\)"
        rf"|{LIBC}(?:open|open64|openat|openat2|creat|unlink|rename)\b",
    ),
    "processes": (
        ("Command", "c::"),
        r"\bCommand::new\b|\bprocess::(?:Command\b|\{[^}]*\bCommand\b)"
        rf"|{LIBC}(?:fork|vfork|exec\w+|posix_spawnp?|system|popen)\b",
    ),
    "environment": (
        ("env::", "c::"),
        r"\benv::(?:\{|\*|args|vars?\b|vars?_os|(?:set|remove)_var|current_|home_dir|split_paths)"
        rf"|{LIBC}(?:getenv|setenv|environ)\b",
    ),
}
TEST_MODULE = re.compile(TEST_ITEM.pattern + r"(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;")


def powers(source: str, of: Iterable[str] = POWERS) -> dict[str, str]:
    """The powers that a file mentions outside tests, each with the first line that does."""
    likely = [power for power in of if any(word in source for word in POWERS[power][0])]
    text = without_tests(STRINGS_AND_COMMENTS.sub(" ", source)) if likely else ""
    found = {power: re.search(POWERS[power][1], text) for power in likely}
    return {power: text[: at.end()].splitlines()[-1].strip() for power, at in found.items() if at is not None}


def powers_of_files(files: Iterable[Path]) -> dict[str, str]:
    """The powers that files mention, each with the first file and line that does."""
    found: dict[str, str] = {}
    for file in sorted(files):
        missing = [power for power in POWERS if power not in found]
        found |= {power: f"{file}: {line}" for power, line in powers(file.read_text(), missing).items()}
    return {power: found[power] for power in POWERS if power in found}


def build_script_files(root: Path) -> set[Path]:
    return {*root.glob("*.rs"), *(root / "build").rglob("*.rs")}


def library_files(root: Path) -> set[Path]:
    """The Rust files of a package, without tests, benchmarks, examples and build scripts."""
    files = set(root.rglob("*.rs")) - build_script_files(root)
    for folder in ("tests", "benches", "examples"):
        files -= set((root / folder).rglob("*.rs"))
    for file in tuple(files):
        if "(test" not in (text := file.read_text()):
            continue
        parent = file.parent if file.name in ("lib.rs", "mod.rs") else file.with_suffix("")
        for name in TEST_MODULE.findall(STRINGS_AND_COMMENTS.sub(" ", text)):
            files -= {parent / f"{name}.rs", *(parent / name).rglob("*.rs")}
    return files
