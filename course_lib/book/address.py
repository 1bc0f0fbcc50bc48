"""Where this copy of the course lives: its repository on GitHub, its site, and its notebooks on Colab.

What is tracked may depend on `_config.yml` only, so that it is equal in every clone and fork. The environment and the
remote of git count for what is built from it: the site, and the branch of notebooks.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from course_lib.book.project import Project
from course_lib.common.errors import CourseError

PLACEHOLDER = "OWNER/REPOSITORY"  # as in _config.yml, where nobody has written an address
NOTEBOOKS = "notebooks"  # the branch which the publish workflow writes, and which Colab opens
COLAB = "https://colab.research.google.com/github"
GITHUB = "https://github.com"
GUARD = "unexecuted"  # _templates/unexecuted.py, which stops builds that do not come this way
ON_GITHUB = re.compile(
    r"(?:(?:https?|ssh|git)://)?(?:[^@/\s]+@)?(?:www\.|ssh\.)?github\.com(?::\d+/|[:/])"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Address:
    """A repository on GitHub with its site. `repository` is OWNER/NAME, `site` ends with a slash."""

    repository: str
    site: str
    branch: str = "main"  # of the sources

    @property
    def url(self) -> str:
        return f"{GITHUB}/{self.repository}"

    def colab(self, name: str) -> str:
        """The page's notebook in Colab."""
        return f"{COLAB}/{self.repository}/blob/{NOTEBOOKS}/{quote(name)}.ipynb"

    def file(self, path: str) -> str:
        """A file of the repository which is not on the site."""
        return f"{self.url}/blob/{self.branch}/{quote(path)}"


def tracked_address(project: Project) -> Address | None:
    """What `_config.yml` says; None while it holds the placeholder, or nothing."""
    url = (project.config.get("repository") or {}).get("url")
    if not url or PLACEHOLDER in str(url):
        return None
    repository = on_github(str(url)) if str(url).startswith(GITHUB) else None
    if repository is None:
        raise CourseError(
            f"_config.yml: repository.url is not a GitHub address: {url}; write https://github.com/ and the names of "
            f"owner and repository, or leave {GITHUB}/{PLACEHOLDER}"
        )
    return at(project, repository)


def present_address(project: Project, environment: Mapping[str, str] = os.environ) -> Address | None:
    """`_config.yml`, else GITHUB_REPOSITORY (GitHub's own machines set it), else the remote `origin` of git."""
    tracked = tracked_address(project)
    if tracked:
        return tracked
    repository = None
    if environment.get("GITHUB_SERVER_URL", GITHUB) == GITHUB:
        repository = on_github(f"{GITHUB}/{environment.get('GITHUB_REPOSITORY', '')}")
    repository = repository or on_github(origin(project.root))
    return at(project, repository) if repository else None


def needed_address(project: Project) -> Address:
    """The present address, or one line that says how to give one."""
    address = present_address(project)
    if address is None:
        raise CourseError(
            "this copy of the course has no address on GitHub; push it to GitHub (git remote add origin …), or write "
            "repository.url into _config.yml, or set GITHUB_REPOSITORY=OWNER/NAME"
        )
    return address


def at(project: Project, repository: str) -> Address:
    """The site is `html.baseurl` of `_config.yml`, or where GitHub Pages puts it."""
    owner, name = repository.split("/")
    host = f"{owner.lower()}.github.io"
    site = f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"
    chosen = (project.config.get("html") or {}).get("baseurl")
    return Address(repository, f"{str(chosen).rstrip('/')}/" if chosen else site, project.branch)


def on_github(url: str) -> str | None:
    """OWNER/NAME of an address on GitHub, in any form that git takes; None for every other host."""
    found = ON_GITHUB.fullmatch(url.strip())
    return f"{found['owner']}/{found['name']}" if found else None


def origin(root: Path) -> str:
    """The address of the remote `origin`, or nothing: no git, no remote, or a folder in somebody else's repository."""
    if git(root, "rev-parse", "--show-prefix") != "\n":  # `root` is not the top of a checkout
        return ""
    return git(root, "remote", "get-url", "origin") or ""


def git(root: Path, *arguments: str) -> str | None:
    """What git says; None where there is no git, or where it refuses."""
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except OSError:
        return None
    return result.stdout.decode("utf-8", errors="replace") if result.returncode == 0 else None


def staged_config(project: Project, address: Address | None) -> dict:
    """`_config.yml` as Sphinx gets it: with the address, or without the buttons that need one."""
    config = {key: dict(value) if isinstance(value, dict) else value for key, value in project.config.items()}
    html = config.setdefault("html", {})
    sphinx = config.get("sphinx") or {}
    if GUARD in (sphinx.get("local_extensions") or {}):
        sphinx = config["sphinx"] = {**sphinx, "config": dict(sphinx.get("config") or {})}
        del sphinx["local_extensions"]
        extensions = [name for name in sphinx["config"].pop("extensions", None) or [] if name != GUARD]
        if extensions:  # an empty list would take Jupyter Book's own away
            sphinx["config"]["extensions"] = extensions
    if address:
        config["repository"] = {"url": address.url, "branch": NOTEBOOKS}
        html["baseurl"] = address.site
    else:
        config.pop("repository", None)
        config.pop("launch_buttons", None)
        html.update({f"use_{button}_button": False for button in ("repository", "issues", "edit_page")})
    return config
