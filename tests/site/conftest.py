"""The built site behind a local web server, a headless browser, and one visit to every page.

The site is `_build/site`; the environment variable COURSE_SITE names another folder.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_lib.book.address import Address, present_address
from course_lib.book.navigation import redirects
from course_lib.book.project import Project
from tests import tools
from tests.tools import ROOT, missing

FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def site() -> Path:
    folder = Path(os.environ.get("COURSE_SITE") or ROOT / "_build" / "site")
    if not (folder / "index.html").is_file():
        missing(f"there is no site in {folder.name}; run: make book")
    return folder


@pytest.fixture(scope="session")
def page_names(site: Path) -> list[str]:
    """Every HTML page, as its path below the site. A redirect is none."""
    moved = {f"{old}.html" for old in redirects(Project(ROOT))}
    names = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    return sorted(name for name in names - moved if not name.startswith("_"))


@pytest.fixture(scope="session")
def browser() -> Iterator:
    path = tools.browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


class GitHubPages(SimpleHTTPRequestHandler):
    """Serves `directory` below `prefix`, and 404.html for everything else, as GitHub Pages does."""

    def __init__(self, *args, prefix: str = "/", **kwargs):
        self.prefix = prefix
        super().__init__(*args, **kwargs)

    def translate_path(self, path: str) -> str:
        inside = path.startswith(self.prefix)
        path = path.removeprefix(self.prefix.rstrip("/")) if inside else "/no/such/file"
        return super().translate_path(path)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        pass


@contextmanager
def serving(folder: Path, prefix: str = "/") -> Iterator[str]:
    """Serve a folder on a free port; yields the address of its root, with a slash at the end."""
    handler = partial(GitHubPages, directory=str(folder), prefix=prefix)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def serve() -> Callable:
    return serving


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with serving(site) as url:
        yield url


@dataclass
class Visit:
    """What one opening of a page brought to light. Each list holds one line per problem."""

    errors: list[str] = field(default_factory=list)  # console errors, exceptions, failed requests
    foreign: list[str] = field(default_factory=list)  # requests to any other host
    overflow: int = 0  # pixels by which the page is wider than a phone
    scrolling: list[str] = field(default_factory=list)  # first line of code or output that is wider than its box
    unnamed_images: list[str] = field(default_factory=list)
    raw_mathematics: list[str] = field(default_factory=list)
    n_formulas: int = 0  # in the HTML
    n_typeset: int = 0  # by MathJax
    structure: list[str] = field(default_factory=list)  # serious and critical findings of axe
    light: list[str] = field(default_factory=list)  # the same, of colours, in each mode
    dark: list[str] = field(default_factory=list)


INSPECT = r"""
async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  const unnamed = [...document.images].filter(image => {
    const alt = (image.getAttribute("alt") ?? "").trim();
    const stem = decodeURI(image.src).split("/").pop().split("?")[0].replace(/\.\w+$/, "");
    const named = alt !== "" && !alt.includes(stem) && !/\.(png|svg|jpe?g|webp)$|^<|^image$/i.test(alt);
    const besideItsText = image.getAttribute("alt") === "" && image.closest("a")?.innerText.trim();
    return !named && !besideItsText;
  });
  const raw = [];
  const article = document.querySelector("article") ?? document.body;
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (text.parentElement.closest("pre, code, kbd, script, style, mjx-container")) continue;
    if (/\\\(|\\\[|\$[^$]+\$/.test(text.data)) raw.push(text.data.trim().slice(0, 80));
  }
  const folds = [...document.querySelectorAll("details:not([open])")];
  folds.forEach(fold => { fold.open = true });
  const scrolling = [...document.querySelectorAll(".highlight pre")].filter(
    pre => pre.scrollWidth > pre.clientWidth && !pre.closest(".tag_setup"));  // a fork's address may be long
  folds.forEach(fold => { fold.open = false });
  // Code is thousands of elements in a few colours: to check each colour once, mark what brings no new one.
  const seen = new Set();
  for (const code of document.querySelectorAll(".highlight pre")) {
    const place = code.closest(".cell_output") ? "output" : code.closest(".cell_input") ? "input" : "text";
    const tokens = [...code.querySelectorAll("span")].filter(token => token.innerText.trim().length > 1);
    const colours = tokens.map(token => `${place} ${token.className}`);  // axe passes over single letters
    if (colours.every(colour => seen.has(colour))) code.dataset.nothingNew = "";
    colours.forEach(colour => seen.add(colour));
  }
  return {
    unnamed: unnamed.map(image => image.outerHTML.slice(0, 200)),
    raw,
    scrolling: scrolling.map(pre => pre.textContent.trim().slice(0, 80)),
    formulas: document.querySelectorAll(".math").length,
    typeset: document.querySelectorAll(".math mjx-container:not(:has([data-mjx-error]))").length,
  };
}
"""


@pytest.fixture(scope="session")
def visit(browser) -> Iterator[Callable[[str], Visit]]:
    """A function that opens an address once and looks at it wide, dark and narrow."""
    from axe_playwright_python.sync_playwright import Axe

    axe, page = Axe(), browser.new_page(reduced_motion="reduce")
    seen, origin = Visit(), ""

    def requested(request) -> None:
        if not request.url.startswith((f"{origin}/", "data:", "blob:")):
            seen.foreign.append(request.url)

    def answered(response) -> None:
        if response.status >= 400:
            seen.errors.append(f"{response.status} {response.url}")

    page.on("request", requested)
    page.on("response", answered)
    page.on("console", lambda message: message.type == "error" and seen.errors.append(message.text))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))

    def findings(exclude: str = "nothing", **rules) -> list[str]:
        options = {"resultTypes": ["violations"], "preload": False, **rules}
        result = axe.run(page, context={"exclude": [[exclude]]}, options=options).response
        serious = (v for v in result["violations"] if v["impact"] in ("serious", "critical"))
        return [f"{v['id']}: {node['html'][:150]}" for v in serious for node in v["nodes"]]

    def open_page(url: str) -> Visit:
        nonlocal seen, origin
        seen, origin = Visit(), url[: url.index("/", len("http://"))]
        page.set_viewport_size(WIDE)
        page.goto(url, wait_until="load")
        page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
        found = page.evaluate(INSPECT)
        seen.unnamed_images, seen.raw_mathematics = found["unnamed"], found["raw"]
        seen.n_formulas, seen.n_typeset = found["formulas"], found["typeset"]
        seen.scrolling = found["scrolling"]
        seen.structure = findings(rules={rule: {"enabled": False} for rule in COLOUR_RULES})
        for mode, colours in (("light", seen.light), ("dark", seen.dark)):
            page.evaluate("mode => { document.documentElement.dataset.theme = mode }", mode)
            colours += findings(exclude="[data-nothing-new]", runOnly=COLOUR_RULES)
        page.set_viewport_size(PHONE)
        seen.overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return seen

    yield open_page
    page.close()


@pytest.fixture(scope="session")
def visits(address: str, page_names: list[str], visit) -> dict[str, Visit]:
    """One visit to every page of the site."""
    return {name: visit(address + name) for name in page_names}


@pytest.fixture(scope="session")
def published() -> Address | None:
    """Where this copy of the course lives, as the build of the site has seen it."""
    return present_address(Project(ROOT))
