"""A share of the pages, and validation's turn: by recorded seconds, the commit and what it touches."""

import json
import subprocess

import pytest
import yaml

from course_lib.book import parts
from course_lib.book.cache import cache_key, entry_of
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import pages_to_run
from course_lib.common.errors import CourseError

NAMES = [f"page_{number}" for number in range(10)]


def ran(checkout, seconds: dict[str, float]) -> None:
    """Write records as a run would, without running: parts reads seconds and keys, no outputs."""
    graph = ImportGraph(checkout.root)
    for page in pages_to_run(checkout.project):
        entry = entry_of(checkout.project, page.name)
        entry.path.parent.mkdir(parents=True, exist_ok=True)
        entry.path.write_text("{}", encoding="utf-8")
        record = {"key": cache_key(checkout.project, page, graph), "digest": parts.digest("{}")}
        record["seconds"] = seconds[page.name.rsplit("/")[-1]]
        entry.record.write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture
def book(checkout):
    """Ten pages of 10 to 100 seconds in two commits; the second one changes the code of page 3 and the prose of page 4."""
    for name in NAMES:
        checkout.add_page(name)
    checkout.write(".gitignore", "_build\n__pycache__\n")
    git(checkout, "init", "-q")
    commit(checkout)
    checkout.replace("lectures/01_tiny/page_3.md", "n_steps = 3", "n_steps = 4")
    checkout.replace("lectures/01_tiny/page_4.md", "Some prose", "Other prose")
    commit(checkout)
    ran(checkout, {name: 10.0 * (number + 1) for number, name in enumerate(NAMES)})
    return checkout


def git(checkout, *arguments: str) -> None:
    settings = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=checkout.root, check=True, capture_output=True)


def commit(checkout) -> None:
    git(checkout, "add", "--all")
    git(checkout, "commit", "-q", "-m", "x", "--date", "2026-01-01T00:00:00Z")


def short(pages) -> list[str]:
    return [page.name.rsplit("/")[-1] for page in pages]


def test_shares_are_equal_in_seconds_and_whole_together(book):
    pages = pages_to_run(book.project)
    shares = [short(parts.share(book.project, pages, f"{number}/3")) for number in (1, 2, 3)]
    assert sorted(name for share in shares for name in share) == NAMES
    loads = [sum(10 * (NAMES.index(name) + 1) + parts.START for name in share) for share in shares]
    assert max(loads) - min(loads) <= 20  # of 650 seconds
    assert short(parts.share(book.project, pages, "1/3"))[0] == "page_9"


@pytest.mark.parametrize("which", ["0/3", "4/3", "x", "1", "1/11"])
def test_a_share_that_does_not_exist_is_refused(book, which):
    with pytest.raises(CourseError, match=which):
        parts.share(book.project, pages_to_run(book.project), which)


def test_the_expected_time_is_that_of_the_pages_side_by_side_and_alone(book):
    pages = pages_to_run(book.project)
    total = 550 + 10 * parts.START
    assert parts.expected_seconds(book.project, pages, 1) == total
    assert parts.expected_seconds(book.project, pages, 2) == total / 2
    assert parts.expected_seconds(book.project, pages, 100) == 100 + parts.START


def test_all_pages_are_validated_where_there_is_time(book):
    pages = pages_to_run(book.project)
    assert parts.turn(book.project, pages, minutes=11, jobs=1) == (pages, [])


def test_else_what_the_commit_touches_and_a_third_of_the_others(book):
    pages = pages_to_run(book.project)
    chosen, lines = parts.turn(book.project, pages, minutes=5, jobs=1)
    assert (
        lines[0] == "validating all pages would take about 11 min, and 5 are left: this commit's turn has 4 of 10 pages"
    )
    assert lines[1] == "touched   lectures/01_tiny/page_3"  # its code; the prose of page 4 changes no output
    assert len(lines) == 5 and all(line.startswith("its turn  ") for line in lines[2:])
    assert {line.split()[-1] for line in lines[1:]} == {page.name for page in chosen}
    assert parts.turn(book.project, pages, minutes=5, jobs=1)[0] == chosen  # the same for the same commit
    assert parts.turn(book.project, pages, minutes=-3, jobs=1)[0] == chosen


def test_every_page_has_its_turn_within_some_commits(book, monkeypatch):
    pages = pages_to_run(book.project)
    monkeypatch.setattr(parts, "touched", lambda *anything: set())
    turns = []
    for number in range(12):
        monkeypatch.setattr(parts, "git", lambda *anything, hash=f"{number:040x}\n": hash.encode())
        turns.append({page.name for page in parts.turn(book.project, pages, minutes=1, jobs=1)[0]})
    assert {len(turn) for turn in turns} == {4}  # a third of ten, rounded up
    assert set.union(*turns) == {page.name for page in pages}
    assert len(set(map(frozenset, turns))) > 6


def test_a_change_of_the_library_touches_its_users(book):
    book.add_page("user", "from course_lib.common import files")
    commit(book)
    path = book.root / "course_lib/common/files.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nX = 1\n", encoding="utf-8")
    commit(book)
    assert parts.touched(book.project, pages_to_run(book.project)) == {"lectures/01_tiny/user"}


def test_without_a_commit_before_it_everything_is_validated(checkout):
    checkout.add_page("one")
    ran(checkout, {"one": 600.0})
    pages = pages_to_run(checkout.project)
    chosen, (line,) = parts.turn(checkout.project, pages, minutes=1, jobs=1)
    assert chosen == pages and line.endswith(
        "without git and the commit before this one, all are validated all the same"
    )


def test_the_commands(book):
    assert book.course("share", "2/10").stdout.split() == ["lectures/01_tiny/page_8"]
    toc = yaml.safe_load(book.read("_toc.yml"))
    assert len(toc["chapters"]) == 10
