"""The table of contents: every mistake is one line with the entry and the mend, and what Jupyter Book takes is taken."""

import pytest

from course_lib.book import sync
from course_lib.book.contents import Part, read_contents
from course_lib.common.errors import CourseError

TOC = """\
format: jb-book
root: index
parts:
  - caption: 01 Tiny
    chapters:
      - file: lectures/01_tiny/one
      - file: lectures/01_tiny/two
  - caption: Reference
    chapters:
      - file: glossary
      - file: notation
"""


@pytest.fixture
def course(checkout):
    for name in ("one", "two"):
        checkout.add_page(name)
    for name in ("glossary", "notation"):
        checkout.write(f"{name}.md", f"# {name.capitalize()}\n\nWords.\n")
    checkout.write("_toc.yml", TOC)
    sync.sync(checkout.project)
    return checkout


MISTAKES = {
    "backslash": (
        "- file: lectures/01_tiny/two", r"- file: lectures\01_tiny\two",
        r"line 7: in the part 01 Tiny stands `file: lectures\01_tiny\two`; write it with slashes: `file: lectures/01_tiny/two`",
    ),
    "no_format": ("format: jb-book\n", "", "no format; write `format: jb-book` into the first line"),
    "no_root": ("root: index\n", "", "no root; write `root: index`, with the first page, under the format"),
    "tab": ("      - file: notation", "\t- file: notation", "line 11: indented with a tab; write spaces"),
    "title_only": (
        "- file: notation", "- title: Notation",
        "line 11: in the part Reference stands the entry `title: Notation`; give it one of `file:`, `url:` and `glob:`",
    ),
    "twice": ("- file: notation\n", "- file: notation\n      - file: notation\n",
              "lists notation more than once; delete all lines but one"),
    "twice_with_suffix": ("- file: notation\n", "- file: notation\n      - file: notation.md\n",
                          "lists notation more than once; delete all lines but one"),
    "typo": (
        "Reference\n    chapters:", "Reference\n    chapter:",
        "line 8: in the part Reference stands the key chapter; write one of chapters",
    ),
    "typo_in_an_entry": (
        "- file: notation", "- fil: notation",
        "line 11: in the part Reference stands the entry `fil: notation`; give it one of `file:`, `url:` and `glob:`",
    ),
    "two_targets": (
        "- file: notation", "- file: notation\n        url: https://example.org",
        "line 11: in the part Reference stands the entry `file: notation, url: https://example.org`; give it one of `file:`, `url:` and `glob:`",
    ),
    "a_word": ("- file: notation", "- notation", "in the part Reference stands the entry notation; write `- file: notation`"),
    "no_list": (
        "    chapters:\n      - file: glossary\n      - file: notation\n", "    chapters: glossary\n",
        "line 8: chapters is no list; begin each entry under it with `- `",
    ),
    "no_chapters": ("    chapters:\n      - file: glossary\n      - file: notation\n", "",
                    "line 8: the part Reference has no chapters; add one or delete the part"),
    "ghost": ("- file: notation", "- file: notatoin",
              "lists notatoin, but there is no notatoin.md; write the page or delete the line"),
    "bracket": ("root: index", "root: [", "line 4: not valid YAML; "),
    "parts_and_chapters": ("parts:", "chapters:\n  - file: notation\nparts:",
                           "both parts and chapters at the top level; put the chapters into a part"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_with_the_file_the_entry_and_the_mend(course, name):
    old, new, said = MISTAKES[name]
    assert old in TOC
    course.write("_toc.yml", TOC.replace(old, new))
    result = course.course("book", check=False)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: _toc.yml: {said}")


def test_entries_with_a_suffix_an_address_and_a_glob_build(course):
    text = TOC.replace("tiny/one", "tiny/one.ipynb").replace("glossary", "glossary.md")
    text = text.replace("- file: notation", "- glob: nota*\n      - url: https://example.org\n        title: A link")
    course.write("_toc.yml", text)
    assert read_contents(course.root).parts[1] == Part("Reference", ("glossary", "notation"))
    course.course("book")
    for name in ("lectures/01_tiny/one", "lectures/01_tiny/two", "glossary", "notation"):
        assert (course.root / f"_build/site/{name}.html").is_file()
    assert 'href="https://example.org"' in course.read("_build/site/index.html")


def test_sections_and_globs_are_read_in_order(course):
    course.write("_toc.yml", "format: jb-book\nroot: index.md\nchapters:\n- file: glossary\n  sections:\n"
                             "  - glob: /lectures/**/*\n  - url: https://example.org\n- file: notation\n")  # fmt: skip
    (course.root / "_build/lectures").mkdir(parents=True)
    assert read_contents(course.root).documents == [
        "index", "glossary", "lectures/01_tiny/one", "lectures/01_tiny/two", "notation"
    ]  # fmt: skip
    sync.check(course.project)


def test_contents_that_are_missing_or_no_contents_are_one_line(course):
    course.write("_toc.yml", "- file: a\n")
    with pytest.raises(CourseError, match="_toc.yml: expected keys and values; restore it"):
        read_contents(course.root)
    (course.root / "_toc.yml").unlink()
    with pytest.raises(CourseError, match="_toc.yml: not found; restore it"):
        read_contents(course.root)
