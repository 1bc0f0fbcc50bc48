"""The site is whole or not there, whatever happens on the way."""

import errno
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import yaml

from course_lib.book import sync
from course_lib.book.address import staged_config
from course_lib.book.pages import read_pages
from course_lib.book.publish import SPHINX, build, switch
from course_lib.book.run import run
from course_lib.common.errors import CourseError
from course_lib.common.files import digest_json, manifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built_once(new_checkout):
    """A checkout with one page, executed and published."""
    checkout = new_checkout()
    checkout.page = checkout.add_page("page", prose="Some prose and [a link](../../index.md).")
    checkout.course("sync")
    checkout.course("book")
    return checkout


@pytest.fixture
def built(built_once, tmp_path):
    """A copy of it, to spoil."""
    shutil.copytree(built_once.root, tmp_path / "copy", symlinks=True)
    copy = type(built_once)(tmp_path / "copy")
    copy.page = built_once.page
    return copy


def html(checkout, name: str | None = None) -> str:
    return checkout.read(f"_build/site/{name or checkout.page}.html")


def rebuild(checkout) -> bool:
    sync.sync(checkout.project)
    run(checkout.project, read_pages(checkout.project))
    return build(checkout.project)


def test_the_page_shows_its_output_and_its_stamp(built):
    text = html(built)
    assert "seen 3" in text
    assert re.search(r'<p class="page-stamp">Executed in [^<]+ · 1 claim checked · Python [\d.]+</p>', text)
    assert not re.search(r'page-stamp">[^<]*20\d\d', text)  # no date


def test_a_second_book_changes_nothing_and_runs_nothing(built):
    before = {path: path.stat().st_mtime_ns for path in built.root.joinpath("_build").rglob("*") if path.is_file()}
    said = built.course("book").stdout
    assert "0 executed, 1 unchanged" in said
    assert "the site is unchanged" in said
    after = {path: path.stat().st_mtime_ns for path in built.root.joinpath("_build").rglob("*") if path.is_file()}
    assert after == before


def test_prose_is_new_and_outputs_are_kept(built):
    executed = (built.root / f"_build/executed/{built.page}.ipynb").read_bytes()
    built.replace(f"{built.page}.md", "Some prose", "Sharper prose")
    assert rebuild(built)
    assert "Sharper prose" in html(built)
    assert "seen 3" in html(built)
    assert (built.root / f"_build/executed/{built.page}.ipynb").read_bytes() == executed


def test_with_an_address_colab_opens_the_branch_of_notebooks_and_a_download_has_links_that_work(built):
    built.course("book", environment={"GITHUB_REPOSITORY": "kyiv/nets"})
    text = html(built)
    link = f"https://colab.research.google.com/github/kyiv/nets/blob/notebooks/{built.page}.ipynb"
    assert f'href="{link}">Open in Colab</a> · A minute' in text.replace('class="reference external" ', "")
    assert f'<link rel="canonical" href="https://kyiv.github.io/nets/{built.page}.html"' in text
    assert "git+https://github.com/kyiv/nets" in built.read(f"_build/stage/{built.page}.ipynb")
    assert 'href="../../index.html"' in text  # links of the site itself stay relative
    download = nbformat.read(built.project.site / f"_sources/{built.page}.ipynb", as_version=4)
    assert "[a link](https://kyiv.github.io/nets/index.html)" in download.cells[0].source
    assert "seen 3" in str(download.cells[3].outputs)
    assert (built.project.site / ".nojekyll").is_file()
    built.course("book")  # the remote is gone: nothing of it stays
    assert "kyiv" not in html(built) + built.read(f"_build/site/_sources/{built.page}.ipynb")


def test_without_an_address_no_link_to_colab_is_drawn_and_the_page_says_how_to_get_one(built):
    assert "No link to Colab? · A minute" in html(built) and "colab.research" not in html(built)
    built.write("about/setup_trouble.md", "# Trouble\n\n## A page has no link to Colab\n\nPush it.\n")
    built.write("_toc.yml", built.read("_toc.yml") + "- file: about/setup_trouble\n")
    rebuild(built)
    assert 'href="../../about/setup_trouble.html#a-page-has-no-link-to-colab"' in html(built)


def test_jupyter_book_in_the_folder_of_sources_says_that_pages_are_unexecuted(built):
    """What people who know the tool type. The real build has the same settings, and is not harmed."""
    shutil.copytree(ROOT / "_templates", built.root / "_templates", ignore=shutil.ignore_patterns("__pycache__"))
    guard = "  local_extensions: {unexecuted: _templates}\n  config:\n    extensions: [unexecuted]\n"
    built.replace("_config.yml", "sphinx:\n  config:\n", f"sphinx:\n{guard}")
    for options in ([], ["-W"]):
        command = [*SPHINX, "build", ".", "--path-output", str(built.root / "_build/other"), *options]
        result = subprocess.run(command, cwd=built.root, capture_output=True, text=True, check=False)
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1] == (
            "error: the pages in this folder are unexecuted; run: make book (or: python -m course_lib book), "
            "which executes them and builds the site in _build/site"
        )
        assert "Traceback" not in result.stderr
    assert "unexecuted" not in yaml.safe_dump(staged_config(built.project, None))
    built.course("book")
    assert (
        yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["sphinx"]["config"]["extensions"][0] == "unexecuted"
    )


def test_only_what_changed_is_staged_again(built):
    other = built.add_page("other")
    rebuild(built)
    staged = built.root / "_build/stage"
    times = {path: path.stat().st_mtime_ns for path in staged.rglob("*") if path.is_file()}
    built.replace(f"{other}.md", "Some prose", "Other prose")
    rebuild(built)
    changed = {path.name for path in times if path.stat().st_mtime_ns != times[path]}
    assert changed == {"other.ipynb"}


def test_a_removed_page_leaves_the_site(built):
    other = built.add_page("other")
    rebuild(built)
    assert built.root.joinpath(f"_build/site/{other}.html").is_file()
    built.replace("_toc.yml", f"- file: {other}\n", "")
    for suffix in (".md", ".ipynb"):
        built.root.joinpath(f"{other}{suffix}").unlink()
    rebuild(built)
    assert not built.root.joinpath(f"_build/site/{other}.html").exists()


def test_a_broken_link_fails_every_time_and_leaves_the_old_site(built):
    before = manifest(built.project.site)
    built.replace(f"{built.page}.md", "index.md", "nowhere.md")
    built.course("sync")
    for _ in range(2):  # Sphinx alone would turn green at the second try
        result = built.course("book", check=False)
        assert result.returncode == 1
        assert "nowhere.md" in result.stderr
        assert "\x1b" not in result.stderr  # plain words, no colour codes
        assert "error: the site was not built" in result.stderr
        assert manifest(built.project.site) == before
    built.replace(f"{built.page}.md", "nowhere.md", "index.md")
    rebuild(built)
    assert manifest(built.project.site) == before  # built from nothing, and the same


@pytest.mark.parametrize("where", ["site", "work/*/_build/html"])
def test_a_truncated_page_is_repaired(built, where):
    before = manifest(built.project.site)
    (page,) = built.root.glob(f"_build/{where}/{built.page}.html")
    page.write_bytes(page.read_bytes()[:500])
    if where == "site":
        assert manifest(built.project.site) != before
    built.course("book")
    assert manifest(built.project.site) == before
    (work,) = built.root.glob("_build/work/*/_build/html")
    assert manifest(work) == before


def test_a_page_not_executed_as_it_stands_is_never_published(built):
    built.replace(f"{built.page}.md", "'seen'", "'read'")
    sync.sync(built.project)
    with pytest.raises(CourseError, match=f"{built.page}.ipynb: not executed as it stands; run: course run"):
        build(built.project)


def test_a_disk_that_fills_up_under_sphinx_is_named(built, monkeypatch):
    built.replace(f"{built.page}.md", "Some prose", "More prose")
    sync.sync(built.project)
    full = "import sys; sys.exit('OSError: [Errno 28] No space left on device')"
    monkeypatch.setattr("course_lib.book.publish.SPHINX", [sys.executable, "-c", full])
    with pytest.raises(OSError) as caught:
        build(built.project)
    assert caught.value.errno == errno.ENOSPC


def test_output_on_stderr_fails_the_build_except_where_it_is_tagged(built):
    noisy = "import sys\nprint('fine')\nprint('oh', file=sys.stderr)"
    built.replace(f"{built.page}.md", "print('seen', n_steps)", noisy)
    sync.sync(built.project)
    report = run(built.project, read_pages(built.project))
    assert "wrote to stderr: “oh”" in report.failed[built.page]
    with pytest.raises(CourseError, match="not executed as it stands"):
        build(built.project)
    built.replace(f"{built.page}.md", "ipython3\nimport sys", "ipython3\n:tags: [remove-stderr]\n\nimport sys")
    rebuild(built)
    assert "fine" in html(built)


def test_a_new_setting_builds_everything_again(built):
    built.replace("_config.yml", "title: Tiny", "title: Tiniest")
    rebuild(built)
    assert "Tiniest" in html(built)


def test_the_status_page_tables_all_pages(built):
    built.write("about/status.md", "# Status\n\n<!-- status table -->\n")
    built.write("_toc.yml", built.read("_toc.yml") + "- file: about/status\n")
    rebuild(built)
    text = re.sub(r"<[^>]+>", " ", html(built, "about/status"))
    page = read_pages(built.project)[0]
    assert re.search(rf"Page\s+\d+\.\d\s+1\s+1\s+{page.n_words}\b", text)
    assert f'href="../{built.page}.html"' in html(built, "about/status")


def test_the_switch_replaces_a_plain_folder_and_a_link(tmp_path):
    first, second = tmp_path / "sites/a", tmp_path / "sites/b"
    for folder in (first, second):
        folder.mkdir(parents=True)
        (folder / "name").write_text(folder.name)
    site = tmp_path / "site"
    site.mkdir()
    for folder in (first, second, second):
        switch(site, folder)
        assert (site / "name").read_text() == folder.name


def normalised(checkout) -> dict[str, str]:
    """The site without what may differ between two runs: stamps and what is derived from file bytes."""
    site = checkout.project.site
    texts = {}
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        # Sphinx adds a checksum to the address of a style sheet that was there before it started.
        text = re.sub(r'<p class="page-stamp">.*?</p>|\?v=\w+', "", text)
        texts[path.relative_to(site).as_posix()] = digest_json(text)
    return texts


@pytest.mark.slow
def test_killed_at_ten_random_moments_the_next_run_gives_the_same_site(checkout, tmp_path_factory):
    names = [checkout.add_page(name, f"print('{name}', n_steps)") for name in ("one", "two", "three")]
    checkout.course("sync")
    start = time.monotonic()
    checkout.course("book")
    longest = time.monotonic() - start
    for path in names:  # from here on every moment of a run has something to lose
        checkout.replace(f"{path}.md", "Some prose.", "The last prose.")
        checkout.replace(f"{path}.md", "n_steps = 3", "n_steps = 4")
    checkout.course("sync")
    moments = random.Random(20261121)
    killed = 0
    while killed < 10:
        start = time.monotonic()
        process = subprocess.Popen(
            checkout.command("book"), cwd=checkout.root, env=checkout.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(moments.uniform(0.1, longest))
            longest = time.monotonic() - start  # it ended before its moment: this is how long a run takes by now
        except subprocess.TimeoutExpired:
            killed += 1
        process.send_signal(signal.SIGKILL)
        process.wait()
        page = checkout.project.site / f"{names[0]}.html"
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")  # the old site or the new one, whole
        # A finished run would leave nothing for the next kill to hit.
        checkout.replace(f"{names[0]}.md", "n_steps = 4", "n_steps = 5")
        checkout.replace(f"{names[0]}.md", "n_steps = 5", "n_steps = 4")
        record = checkout.root / f"_build/executed/{names[moments.randrange(3)]}.json"
        record.unlink(missing_ok=True)
    checkout.course("book")
    survived = normalised(checkout)

    fresh = type(checkout)(tmp_path_factory.mktemp("fresh"))
    subprocess.run(["cp", "-r", *map(str, checkout.root.iterdir()), str(fresh.root)], check=True)
    subprocess.run(["rm", "-rf", str(fresh.root / "_build")], check=True)
    fresh.course("book")
    assert survived == normalised(fresh)
    for name in names:
        assert json.loads(checkout.read(f"_build/executed/{name}.json"))["key"]
        assert f"{name.rsplit('/')[-1]} 4" in html(checkout, name)
