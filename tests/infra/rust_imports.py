"""The imports between the files of a Rust crate, from its `use` lines and paths.

A re-exported name (`pub use part::Name`) counts as an import from the file that defines it; the re-export itself is
no import. Test code does not count.
"""

import re
from pathlib import Path

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
USE = re.compile(r"^\s*((?:pub(?:\([^)]*\))?\s+)?)use\s+([^;]+);", re.MULTILINE)
PATH = re.compile(rf"\b({IDENTIFIER}(?:::{IDENTIFIER})+)")
STRINGS_AND_COMMENTS = re.compile(
    r"""r(?P<hashes>\#*)".*?"(?P=hashes) | "(?:\\.|[^"\\])*" | '(?:\\.[^']*|[^'\\])' | //[^\n]* | /\*.*?\*/""",
    re.VERBOSE | re.DOTALL,
)
TEST_ITEM = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*")


class Crate:
    def __init__(self, root: Path):
        """Reads the crate whose first file is `root` (`src/lib.rs` or `src/main.rs`)."""
        self.files: dict[tuple[str, ...], Path] = {}
        self.exports: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        self.uses: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self._read((), root)

    def imports(self) -> dict[Path, set[Path]]:
        found: dict[Path, set[Path]] = {file: set() for file in self.files.values()}
        for module, paths in self.uses.items():
            for path in paths:
                target = self._module_of(self._resolve(module, path))
                if target is not None and target != module:
                    found[self.files[module]].add(self.files[target])
        return found

    def _read(self, module: tuple[str, ...], file: Path) -> None:
        text = without_tests(STRINGS_AND_COMMENTS.sub(" ", file.read_text()))
        self.files[module] = file
        self.exports[module], self.uses[module] = {}, []
        for use in USE.finditer(text):
            for path, name in leaves(use[2]):
                target = self._from(module, path)
                if use[1]:
                    self.exports[module][name] = target
                else:
                    self.exports[module].setdefault(f"({name}", target)
                    self.uses[module].append(path)
        rest = USE.sub("", text)
        self.uses[module] += [tuple(path.split("::")) for path in PATH.findall(rest)]
        folder = file.parent if file.name in ("lib.rs", "main.rs", "mod.rs") else file.with_suffix("")
        for name in re.findall(rf"^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+({IDENTIFIER})\s*;", text, re.MULTILINE):
            child = next((f for f in (folder / f"{name}.rs", folder / name / "mod.rs") if f.exists()), None)
            if child is not None:
                self._read((*module, name), child)

    def _from(self, module: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...]:
        """A path in a module, relative to the crate's root; starts with "" if it may be another crate's."""
        if path[0] == "crate":
            return path[1:]
        if path[0] == "self":
            return (*module, *path[1:])
        if path[0] == "super":
            up = module
            while path and path[0] == "super":
                up, path = up[:-1], path[1:]
            return (*up, *path)
        return ("", *module, *path)

    def _resolve(self, module: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...]:
        full = self._from(module, path)
        if full[:1] == ("",):
            full = full[1:]
            first = full[len(module)]
            # A child module or an imported name; otherwise a path of another crate.
            imported = self.exports[module].get(f"({first}") or self.exports[module].get(first)
            if (*module, first) not in self.files:
                if imported is None:
                    return ()
                full = absolute(imported) + full[len(module) + 1 :]
        for _ in range(10):
            for at in range(len(full), 0, -1):
                names = self.exports.get(full[: at - 1], {})
                # Child modules see the private imports of their parents.
                target = names.get(full[at - 1]) or names.get(f"({full[at - 1]}")
                if target is not None and full[:at] not in self.files:
                    full = absolute(target) + full[at:]
                    break
            else:
                break
        return full

    def _module_of(self, path: tuple[str, ...]) -> tuple[str, ...] | None:
        for at in range(len(path), 0, -1):
            if path[:at] in self.files:
                return path[:at]
        return () if path else None


def absolute(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[1:] if path[:1] == ("",) else path


def without_tests(text: str) -> str:
    """The text without its `#[cfg(test)]` items."""
    while found := TEST_ITEM.search(text):
        end = found.end()
        stop = re.compile(r"[;{]").search(text, end)
        if stop is None:
            return text[: found.start()]
        end = stop.end()
        depth = 1 if stop[0] == "{" else 0
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        text = text[: found.start()] + text[end:]
    return text


def leaves(tree: str) -> list[tuple[tuple[str, ...], str]]:
    """Each path of a `use` tree, and its local name."""
    tree = tree.strip()
    if tree.startswith("{"):
        return [leaf for part in split(tree[1:-1]) for leaf in leaves(part)]
    head, *rest = re.split(r"::", tree, maxsplit=1)
    head = head.strip()
    if rest:
        below = leaves(rest[0])
        return [((head, *path), name) if path != ("self",) else ((head,), head) for path, name in below]
    name = head.split(" as ")[-1].strip()
    first = head.split(" as ")[0].strip()
    return [((first,), name)]


def split(inner: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(inner):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append(inner[start:at])
            start = at + 1
    return [part for part in [*parts, inner[start:]] if part.strip()]


def circles(imports: dict[Path, set[Path]]) -> list[list[Path]]:
    """The groups of files that import each other, directly or through others (Tarjan's algorithm)."""
    index: dict[Path, int] = {}
    low: dict[Path, int] = {}
    stack: list[Path] = []
    found: list[list[Path]] = []

    def visit(file: Path) -> None:
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in sorted(imports[file]):
            if other not in index:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], index[other])
        if low[file] == index[file]:
            group = []
            while not group or group[-1] != file:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for file in sorted(imports):
        if file not in index:
            visit(file)
    return found
