"""The table of contents, `_toc.yml`: parts with their documents, and one line for every mistake in it.

Sphinx reads the same file, but what it says about a mistake is a traceback.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from course_lib.common.errors import CourseError
from course_lib.common.files import read_text

NAME = "_toc.yml"
LINE = "__line__"
STYLE = {"caption", "hidden", "maxdepth", "numbered", "restart_numbering", "reversed", "style", "titlesonly"}
TOP_KEYS = {"format", "root", "title", "defaults", "options", "parts", "chapters", "meta"}
PART_KEYS = {"chapters", *STYLE}
ENTRY_KEYS = {"file", "url", "glob", "title", "sections", "options"}
TARGETS = ("file", "url", "glob")


@dataclass(frozen=True)
class Part:
    """One part of the contents: its caption ("" where it has none) and its documents, without suffix."""

    caption: str
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """The whole of `_toc.yml`."""

    root: str
    parts: tuple[Part, ...]

    @property
    def documents(self) -> list[str]:
        """Every document in reading order."""
        return [self.root, *(name for part in self.parts for name in part.documents)]


class Lines(yaml.SafeLoader):
    """Keeps with every mapping the line on which it begins."""

    def construct_mapping(self, node, deep=False):
        return {**super().construct_mapping(node, deep=True), LINE: node.start_mark.line + 1}


def read_contents(root: Path) -> Contents:
    """The contents of the checkout at `root`, or a CourseError with a line for each mistake."""
    try:
        toc = yaml.load(read_text(root / NAME), Lines)
    except FileNotFoundError:
        raise CourseError(f"{NAME}: not found; restore it from the repository") from None
    except yaml.YAMLError as error:
        raise CourseError(f"{NAME}: {yaml_fault(error)}") from None
    if not isinstance(toc, dict):
        raise CourseError(f"{NAME}: expected keys and values; restore it from the repository")
    problems = []
    if toc.get("format") != "jb-book":
        problems.append("no format; write `format: jb-book` into the first line")
    if not isinstance(toc.get("root"), str):
        problems.append("no root; write `root: index`, with the first page, under the format")
    problems += unknown_keys(toc, TOP_KEYS, "at the top level")
    parts = []
    for place, part in enumerate(listed(toc, "parts", problems), start=1):
        if not isinstance(part, dict):
            problems.append(f"part {place} is no part; write `- caption: …` with `chapters:` under it")
            continue
        caption = str(part.get("caption") or "")
        problems += unknown_keys(part, PART_KEYS, f"in the part {caption or place}")
        if not part.get("chapters") and not set(part) - PART_KEYS - {LINE}:
            problems.append(
                f"line {part[LINE]}: the part {caption or place} has no chapters; add one or delete the part"
            )
        documents = entries(listed(part, "chapters", problems), caption, root, problems)
        parts.append(Part(caption, tuple(documents)))
    if "chapters" in toc and "parts" in toc:
        problems.append("both parts and chapters at the top level; put the chapters into a part")
    if "chapters" in toc:
        parts.append(Part("", tuple(entries(listed(toc, "chapters", problems), "", root, problems))))
    if problems:
        raise CourseError(*(f"{NAME}: {problem}" for problem in problems))
    return Contents(without_suffix(toc["root"]), tuple(parts))


def yaml_fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    if "'\\t'" in str(error):
        return f"{where}indented with a tab; write spaces"
    return f"{where}not valid YAML; {' '.join(str(getattr(error, 'problem', None) or error).split())}"


def unknown_keys(mapping: dict, known: set[str], where: str) -> list[str]:
    unknown = [str(key) for key in mapping if key not in known and key != LINE]
    meant = ", ".join(sorted(known - STYLE))
    return [f"line {mapping[LINE]}: {where} stands the key {key}; write one of {meant}" for key in unknown]


def listed(mapping: dict, key: str, problems: list[str]) -> list:
    value = mapping.get(key)
    if value is not None and not isinstance(value, list):
        problems.append(f"line {mapping[LINE]}: {key} is no list; begin each entry under it with `- `")
        return []
    return value or []


def entries(items: list, caption: str, root: Path, problems: list[str]) -> list[str]:
    """The documents of a list of entries, those of its sections among them."""
    where, found = f"in the part {caption}" if caption else "in the contents", []
    for item in items:
        if not isinstance(item, dict):
            problems.append(f"{where} stands the entry {item}; write `- file: {item}`")
            continue
        line = f"line {item[LINE]}: {where}"
        targets = [key for key in TARGETS if item.get(key)]
        if len(targets) != 1:
            shown = ", ".join(f"{key}: {value}" for key, value in item.items() if key != LINE)
            problems.append(f"{line} stands the entry `{shown}`; give it one of `file:`, `url:` and `glob:`")
            continue
        problems += unknown_keys(item, ENTRY_KEYS, where)
        if targets == ["glob"]:
            found += matching(root, str(item["glob"]))
        elif targets == ["file"]:
            name = str(item["file"])
            if "\\" in name:
                right = name.replace("\\", "/")
                problems.append(f"{line} stands `file: {name}`; write it with slashes: `file: {right}`")
            found.append(without_suffix(name.replace("\\", "/")))
        found += entries(listed(item, "sections", problems), caption, root, problems)
    return found


def matching(root: Path, pattern: str) -> list[str]:
    """The documents of a glob, sorted. A page is a pair of files and one document."""
    pattern = pattern.lstrip("/") + ("" if Path(pattern).suffix else ".*")
    paths = [path.relative_to(root) for path in root.glob(pattern) if path.suffix in (".md", ".ipynb")]
    return sorted({without_suffix(path.as_posix()) for path in paths if not hidden(path)})


def hidden(path: Path) -> bool:
    """What is built, and what an editor keeps for itself, is no document."""
    return any(part.startswith((".", "_")) for part in path.parts)


def without_suffix(name: str) -> str:
    return name.removesuffix(".ipynb").removesuffix(".md")
