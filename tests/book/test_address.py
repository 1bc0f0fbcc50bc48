"""Where a copy of the course lives, and that what is tracked does not depend on it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from course_lib.book import sync
from course_lib.book.address import NOTEBOOKS, Address, on_github, present_address, staged_config, tracked_address
from course_lib.book.project import Project
from course_lib.common.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://kyiv.github.io/nets/"
OURS = {"GITHUB_REPOSITORY": "kyiv/nets"}


@pytest.fixture
def page(checkout) -> str:
    name = checkout.add_page("page", prose="See [the first page](../../index.md#tiny), [here](#page) and `[x](y.md)`.")
    sync.sync(checkout.project)
    return name


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/kyiv/nets",
        "https://github.com/kyiv/nets.git/",
        "https://someone:secret@github.com/kyiv/nets.git",
        "git@github.com:kyiv/nets.git",
        "ssh://git@github.com/kyiv/nets.git",
        "ssh://git@ssh.github.com:443/kyiv/nets.git",
        "git://github.com/kyiv/nets\n",
    ],
)
def test_a_repository_on_github_is_known_in_every_form(url):
    assert on_github(url) == "kyiv/nets"


@pytest.mark.parametrize(
    "url",
    ["", "https://gitlab.com/kyiv/nets", "/srv/git/nets.git", "https://github.com/kyiv", "git@github.com.evil.org:a/b",
     "https://notgithub.com/kyiv/nets", "https://github.com/kyiv/nets/tree/main", "https://github.com/"],
)  # fmt: skip
def test_other_addresses_are_not_on_github(url):
    assert on_github(url) is None


def test_the_settings_go_before_the_environment_and_this_before_the_remote(checkout, page):
    assert tracked_address(checkout.project) is None and present_address(checkout.project) is None
    checkout.commit()
    assert present_address(checkout.project) is None
    checkout.git("remote", "add", "origin", "git@github.com:kyiv/remote.git")
    assert present_address(checkout.project).repository == "kyiv/remote"
    assert present_address(checkout.project, OURS) == Address("kyiv/nets", SITE)
    assert present_address(checkout.project, {**OURS, "GITHUB_SERVER_URL": "https://git.example.org"}).repository == (
        "kyiv/remote"
    )
    assert tracked_address(checkout.project) is None
    checkout.replace("_config.yml", "OWNER/REPOSITORY", "kyiv/settings")
    assert tracked_address(checkout.project) == present_address(checkout.project, OURS)
    assert present_address(checkout.project, OURS).repository == "kyiv/settings"


def test_a_checkout_inside_somebody_elses_repository_does_not_take_its_remote(checkout, page):
    checkout.commit()
    checkout.git("remote", "add", "origin", "https://github.com/kyiv/other")
    inside = checkout.root / "inside"
    inside.mkdir()
    shutil.copy(checkout.root / "_config.yml", inside)
    assert present_address(Project(checkout.root)).repository == "kyiv/other"
    assert present_address(Project(inside)) is None


def test_the_site_is_where_github_pages_puts_it_or_where_the_settings_say(checkout):
    def site(repository: str) -> str:
        return present_address(checkout.project, {"GITHUB_REPOSITORY": repository}).site

    assert site("Kyiv/Nets") == "https://kyiv.github.io/Nets/"
    assert site("kyiv/kyiv.github.io") == "https://kyiv.github.io/"
    checkout.write("_config.yml", checkout.read("_config.yml") + "html: {baseurl: https://nets.example.org/course}\n")
    assert site("kyiv/nets") == "https://nets.example.org/course/"


@pytest.mark.parametrize("url", ["kyiv/nets", "https://gitlab.com/kyiv/nets", "https://github.com/kyiv"])
def test_settings_with_another_address_are_one_line(checkout, page, url):
    checkout.replace("_config.yml", "https://github.com/OWNER/REPOSITORY", url)
    with pytest.raises(CourseError, match=f"_config.yml: repository.url is not a GitHub address: {url}; write"):
        sync.check(checkout.project)


REMOTES = {
    "none": None,
    "https": "https://someone:secret@github.com/kyiv/nets.git",
    "ssh": "git@github.com:kyiv/nets.git",
    "another host": "https://gitlab.com/kyiv/nets.git",
}


@pytest.mark.parametrize("remote", REMOTES.values(), ids=REMOTES)
@pytest.mark.parametrize("environment", [{}, OURS], ids=["here", "on GitHub"])
def test_tracked_files_are_equal_in_every_clone_and_fork(checkout, tmp_path_factory, remote, environment):
    checkout.add_page("page", prose="See [the first page](../../index.md).")
    checkout.add_lab()
    checkout.course("sync")
    checkout.commit()
    folder = tmp_path_factory.mktemp("clone") / "fork"
    checkout.git("clone", "-q", str(checkout.root), str(folder))
    fork = type(checkout)(folder)
    fork.git("remote", "remove", "origin")
    if remote:
        fork.git("remote", "add", "origin", remote)
    fork.course("sync", "--check", environment=environment)
    assert fork.course("sync", environment=environment).stdout == ""
    assert fork.git("status", "--porcelain") == ""
    for path in fork.git("ls-files", "*.md", "*.ipynb").splitlines():
        assert not re.search("kyiv|OWNER|colab|pip install", fork.read(path)), path


def test_without_an_address_the_install_cell_says_in_a_sentence_what_is_missing(checkout, page):
    for path in (f"{page}.md", f"{page}.ipynb"):
        text = checkout.read(path)
        assert "this notebook has no address to install course_lib from; open it in a checkout" in text
        assert "%pip" not in text and "../../index.md#tiny" in text
    setup = json.loads(checkout.read(f"{page}.ipynb"))["cells"][1]["source"]
    with pytest.raises(ModuleNotFoundError, match="no address to install course_lib from; open it in a checkout"):
        exec("".join(setup).replace("import course_lib", "import course_lib_that_is_not_there"))


def test_an_address_in_the_settings_goes_into_the_notebooks_and_not_into_the_sources(checkout, page):
    source = checkout.read(f"{page}.md")
    checkout.replace("_config.yml", "OWNER/REPOSITORY", "kyiv/nets")
    assert sync.sync(checkout.project) == [f"{page}.ipynb"]
    assert checkout.read(f"{page}.md") == source
    text = checkout.read(f"{page}.ipynb")
    assert (
        f"[Open in Colab](https://colab.research.google.com/github/kyiv/nets/blob/{NOTEBOOKS}/{page}.ipynb) · A" in text
    )
    assert "git+https://github.com/kyiv/nets" in text and "no address" not in text
    assert f"[the first page]({SITE}index.html#tiny), [here]({SITE}{page}.html#page) and `[x](y.md)`" in text
    sync.check(checkout.project)
    checkout.replace("_config.yml", "kyiv/nets", "OWNER/REPOSITORY")
    assert sync.sync(checkout.project) == [f"{page}.ipynb"]


def test_sphinx_gets_the_address_or_no_button_that_needs_one():
    project = Project(ROOT)
    with_one = staged_config(project, Address("kyiv/nets", SITE))
    assert with_one["repository"] == {"url": "https://github.com/kyiv/nets", "branch": NOTEBOOKS}
    assert with_one["html"]["baseurl"] == SITE and "colab_url" in with_one["launch_buttons"]
    without = staged_config(project, None)
    assert "repository" not in without and "launch_buttons" not in without and "baseurl" not in without["html"]
    assert not without["html"]["use_issues_button"] and not without["html"]["use_repository_button"]
    for config in (with_one, without):
        assert "unexecuted" not in json.dumps(config)
        assert config["sphinx"]["config"]["extensions"][0] == "jupyter_book"
    assert project.config["html"]["use_issues_button"]  # the settings themselves are as they were
    assert "unexecuted" in project.config["sphinx"]["config"]["extensions"]
