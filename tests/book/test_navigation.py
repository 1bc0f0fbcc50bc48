"""The map of the course, the schedule and redirects follow from the contents."""

import re
from pathlib import Path

import pytest

from course_lib.book import sync
from course_lib.book.navigation import chapters, redirects, schedule
from course_lib.book.pages import read_pages
from course_lib.book.project import Project, is_lab
from course_lib.common.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
TOC = """\
format: jb-book
root: index
parts:
  - caption: 01 Tiny
    chapters:
      - file: lectures/01_tiny/one
      - file: lectures/01_tiny/two
      - file: labs/01_tiny
      - file: labs/solutions/01_tiny
  - caption: About
    chapters:
      - file: about/teaching
"""
COURSE = """\
chapters:
  01 Tiny: Small things.
  02 Large: "Large things: later."
"""
MAP = """\
<!-- BEGIN map: derived -->

::::{grid} 1 1 2 2
:gutter: 2
:class-container: chapters

:::{grid-item-card} 01 Tiny
:link: lectures/01_tiny/one
:link-type: doc
Small things.
:::

:::{grid-item-card} 02 Large
Large things: later. {bdg-light}`in preparation`
:::
::::

<!-- END map -->
"""
SCHEDULE = """\
<!-- BEGIN schedule -->

| week | page | lab |
|---:|---|---|
| 1 | [One](../lectures/01_tiny/one.ipynb) | |
| 2 | [Two](../lectures/01_tiny/two.ipynb) | [Count](../labs/01_tiny.ipynb) |

<!-- END schedule -->
"""


@pytest.fixture
def course(checkout):
    for name in ("one", "two"):
        checkout.add_page(name)
    checkout.add_lab()
    checkout.write("_toc.yml", TOC)
    checkout.write("lectures/chapters.yml", COURSE)
    checkout.write("index.md", "# Tiny\n\n<!-- BEGIN map: derived -->\nold\n<!-- END map -->\n\nThe end.\n")
    checkout.write("about/teaching.md", "# Teach\n\n<!-- BEGIN schedule -->\n<!-- END schedule -->\n\nThe end.\n")
    sync.sync(checkout.project)
    return checkout


def problems(checkout) -> list[str]:
    with pytest.raises(CourseError) as caught:
        sync.check(checkout.project)
    return list(caught.value.lines)


def test_map_and_schedule_are_drawn_and_what_stands_around_them_is_kept(course):
    assert course.read("index.md") == f"# Tiny\n\n{MAP}\nThe end.\n"
    assert course.read("about/teaching.md") == f"# Teach\n\n{SCHEDULE}\nThe end.\n"
    assert sync.sync(course.project) == []
    sync.check(course.project)


def test_a_new_page_is_missed_by_check_and_drawn_by_sync(course):
    page = course.add_page("zero")
    course.write("_toc.yml", TOC.replace("tiny/one\n", f"tiny/one\n      - file: {page}\n"))
    course.course("sync")
    course.replace(f"{page}.md", "# Zero", "# Nought")
    assert problems(course) == [
        f"{name}: stale, it is not what its source says; run: course sync"
        for name in (f"{page}.ipynb", "about/teaching.md")
    ]
    course.course("sync")
    assert f"| 2 | [Nought](../{page}.ipynb) | |" in course.read("about/teaching.md")
    course.replace("lectures/chapters.yml", "Small things.", "Very small things.")
    assert problems(course) == ["index.md: stale, it is not what its source says; run: course sync"]


def test_a_lab_stands_beside_the_last_page_that_it_needs(course):
    course.replace("labs/solutions/01_tiny.md", "[the page](../../index.md)", "[one](../../lectures/01_tiny/one.ipynb)")
    course.course("sync")
    assert "one.ipynb) | [Count](../labs/01_tiny.ipynb) |" in course.read("about/teaching.md")


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("lectures/chapters.yml", "  01 Tiny: Small things.\n", "", "lectures/chapters.yml: no line about the chapter 01 Tiny; write `01 Tiny: …` under chapters"),
        ("lectures/chapters.yml", "chapters:", "chapter:", "lectures/chapters.yml: the key chapter is unknown; known are chapters and redirects"),
        ("lectures/chapters.yml", "chapters:", "redirects: {a/old: a/new}\nchapters:", "lectures/chapters.yml: redirects a/old to a/new, but there is no such page in _toc.yml; name one"),
        ("lectures/chapters.yml", "chapters:", "redirects: {labs/01_tiny.html: index}\nchapters:", "lectures/chapters.yml: redirects labs/01_tiny, but the page is there; delete the line"),
        ("lectures/chapters.yml", "chapters:", "redirects: {a: b, b: index}\nchapters:", "lectures/chapters.yml: redirects a to b, which is redirected itself; write a: index"),
        ("lectures/chapters.yml", "chapters:", "redirects: {../a: index}\nchapters:", "lectures/chapters.yml: redirects ../a, which is no address below the site; write it like lectures/…/page"),
        ("index.md", "<!-- END map -->", "", "index.md: the block map has no end; write <!-- END map --> under it"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(course, path, old, new, said):
    course.replace(path, old, new)
    assert problems(course) == [said]


def test_an_old_address_sends_the_reader_on(course):
    course.write(
        "lectures/chapters.yml",
        f"redirects: {{lectures/00_old/first: lectures/01_tiny/one, start.html: index}}\n{COURSE}",
    )
    course.course("sync")
    course.course("book", environment={"GITHUB_REPOSITORY": "kyiv/nets"})
    page = course.read("_build/site/lectures/00_old/first.html")
    assert '<meta http-equiv="refresh" content="0; url=../01_tiny/one.html">' in page
    assert '<link rel="canonical" href="https://kyiv.github.io/nets/lectures/01_tiny/one.html">' in page
    assert 'location.replace("../01_tiny/one.html" + location.hash)' in page
    assert 'url=index.html"' in course.read("_build/site/start.html")
    for target in re.findall(r'href="(\.\./[^"]+)"', page):
        assert (course.root / "_build/site/lectures/00_old" / target).is_file()
    course.write("lectures/chapters.yml", COURSE)
    course.course("book", environment={"GITHUB_REPOSITORY": "kyiv/nets"})
    assert not (course.root / "_build/site/start.html").exists()


# ---- The course itself -----------------------------------------------------------------------------------------------


def test_labs_stand_under_their_chapter_with_the_solution_behind():
    project = Project(ROOT)
    seen = []
    for part in chapters(project):
        number = part.caption.split()[0]
        labs = [name for name in part.documents if name.startswith("labs/")]
        assert list(part.documents[-len(labs) :]) == labs or not labs, "labs stand behind the pages"
        for lab, solution in zip(labs[::2], labs[1::2], strict=True):
            assert is_lab(lab) and solution == lab.replace("labs/", "labs/solutions/")
            assert lab.removeprefix("labs/").startswith(f"{number}_")
        seen += labs
    assert sorted(seen) == sorted(page.name for page in read_pages(project, ["labs"]))


def test_every_lab_is_in_the_schedule_once_and_every_lecture():
    project = Project(ROOT)
    pages = {f"{page.name}.md": page.text for page in read_pages(project)}
    table = schedule(project, pages, "about/teaching.md")
    for name in pages:
        name = name.removesuffix(".md")
        wanted = name.startswith("lectures/") or is_lab(name)
        assert table.count(f"](../{name}.ipynb)") == wanted, name


def test_redirects_of_the_course_are_well_formed():
    """Their pages exist, as sync checks; every address that a page ever had stays in the table."""
    project = Project(ROOT)
    sync.check(project)
    assert not set(redirects(project)) & set(project.toc)
