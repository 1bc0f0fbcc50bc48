"""Validation repeats every page and compares every output."""

import pytest

from course_lib.book import sync
from course_lib.book.cache import entry_of
from course_lib.book.pages import read_pages
from course_lib.book.run import run
from course_lib.book.validate import validate
from course_lib.common.errors import CourseError

FIGURE = """\
import matplotlib.pyplot as plt
plt.plot([1, {value}])
plt.show()"""


def executed(checkout):
    sync.sync(checkout.project)
    pages = read_pages(checkout.project)
    report = run(checkout.project, pages)
    assert not report.failed
    return pages


def test_equal_outputs_pass_and_different_ones_are_named(checkout):
    same = checkout.add_page("same", "import numpy as np\nprint(np.random.default_rng(0).normal(size=3))")
    chance = checkout.add_page("chance", "import os\nprint(os.urandom(4).hex())")
    pages = executed(checkout)
    good, bad = validate(checkout.project, pages)
    assert good == [same]
    assert list(bad) == [chance]
    assert "mismatch" in bad[chance]
    result = checkout.course("validate", check=False)
    assert result.returncode == 1
    assert f"error: {chance}.ipynb: outputs differ" in result.stderr


def test_images_are_compared(checkout):
    page = checkout.add_page("figure", FIGURE.format(value=2))
    noisy = checkout.add_page("noisy", "import random\n" + FIGURE.format(value="random.SystemRandom().random()"))
    good, bad = validate(checkout.project, executed(checkout))
    assert good == [page]
    assert list(bad) == [noisy]
    assert "image/png" in bad[noisy]


def test_a_cell_may_ask_not_to_be_compared_and_addresses_may_differ(checkout):
    checkout.add_page("address", "print(object())")
    timed = checkout.add_page("timed", "import time\nprint(time.perf_counter())")
    checkout.replace(f"{timed}.md", "ipython3\nimport time", "ipython3\n:tags: [nbval-ignore-output]\n\nimport time")
    good, bad = validate(checkout.project, executed(checkout))
    assert (len(good), bad) == (2, {})


def test_the_verdict_is_kept_but_not_taken_from_another_machine(checkout, monkeypatch):
    checkout.add_page("page")
    pages = executed(checkout)
    runs = []
    assert len(validate(checkout.project, pages, progress=runs.append)[0]) == 1
    assert len(validate(checkout.project, pages, progress=runs.append)[0]) == 1
    assert len(runs) == 1  # the second time, the stored verdict was enough
    monkeypatch.setattr("course_lib.book.validate.this_machine", lambda: "another one")
    assert len(validate(checkout.project, pages, progress=runs.append)[0]) == 1
    assert len(runs) == 2


def test_a_verdict_ends_with_the_notebook_it_was_reached_for(checkout):
    page = checkout.add_page("page")
    pages = executed(checkout)
    validate(checkout.project, pages)
    entry = entry_of(checkout.project, page)
    key = entry.data["key"]
    entry.store(
        key, entry.path.read_text().replace("seen 3", "seen 4"), seconds=1.0, threads=1
    )  # an output that is not true
    good, bad = validate(checkout.project, pages)
    assert (good, list(bad)) == ([], [page])


def test_a_page_not_executed_as_it_stands_is_refused(checkout):
    page = checkout.add_page("page")
    sync.sync(checkout.project)
    with pytest.raises(CourseError, match=f"{page}.ipynb: not executed as it stands; run: course run"):
        validate(checkout.project, read_pages(checkout.project))
