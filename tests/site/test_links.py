"""Links, anchors, pictures and scripts of the built site point at something; no browser needed."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from course_lib.book.address import PLACEHOLDER, Address, tracked_address
from course_lib.book.pages import read_pages
from course_lib.book.project import Project
from course_lib.book.published import LINK, with_address

ROOT = Path(__file__).resolve().parents[2]
HERE = Address("kyiv/nets", "https://kyiv.github.io/nets/")
KINDS = ("md", "ipynb")
ADDRESSES = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def broken_links(site: Path, names: list[str]) -> list[str]:
    """'page: address' for every internal address without its file, or without the element it names."""
    soups = {name: read(site / name) for name in names}
    anchors = {name: {e["id"] for e in soup.find_all(id=True)} for name, soup in soups.items()}
    broken = []
    for name, soup in soups.items():
        for element in soup.find_all(list(ADDRESSES)):
            address = element.get(ADDRESSES[element.name])
            if not address or urlsplit(address).scheme:
                continue
            place, fragment = urldefrag(urljoin(f"http://site/{name}", address))
            target = unquote(urlsplit(place).path).lstrip("/")
            exists = urlsplit(place).netloc == "site" and (site / target).is_file()
            if not exists or (fragment and target in anchors and unquote(fragment) not in anchors[target]):
                broken.append(f"{name}: {address}")
    return broken


def test_internal_links_resolve(site, page_names):
    assert not broken_links(site, page_names)


def test_broken_links_are_found_out(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.html").write_text('<p id="here"><a href="#here"></a><a href="sub/b.html#there"></a>')
    (tmp_path / "sub/b.html").write_text(
        '<p id="there"></p><a href="../a.html#gone"></a><a href="c.html"></a>'
        '<img src="../x.png"><script src="//host/x.js">'
    )
    assert broken_links(tmp_path, ["a.html", "sub/b.html"]) == [
        "sub/b.html: ../a.html#gone",
        "sub/b.html: c.html",
        "sub/b.html: ../x.png",
        "sub/b.html: //host/x.js",
    ]


def notebooks(site: Path, names: list[str]) -> list[str]:
    """Pages made from a notebook, by the source that the site offers for download."""
    return [name for name in names if (site / "_sources" / name).with_suffix(".ipynb").is_file()]


def test_every_notebook_page_opens_in_colab_or_says_why_not_and_can_be_downloaded(site, page_names, published):
    names = notebooks(site, page_names)
    assert names
    for name in names:
        soup, source = read(site / name), name.removesuffix(".html") + ".ipynb"
        assert (ROOT / source).is_file(), f"{name}: the branch of notebooks would lack {source}"
        links = soup.select("article a[href]")
        buttons = [a["href"] for a in soup.select(".dropdown-launch-buttons a[href]")]
        in_text = [a["href"] for a in links if a.get_text() == "Open in Colab"]
        why = [a["href"] for a in links if a.get_text() == "No link to Colab?"]
        if published:
            assert buttons == in_text == [published.colab(name.removesuffix(".html"))] and not why, name
        else:
            assert len(why) == 1 and not buttons and not in_text, name
            assert "colab.research" not in (site / name).read_text(encoding="utf-8"), name
        downloads = [a["href"] for a in soup.select(".dropdown-download-buttons a[href]")]
        assert any(href.endswith(f"_sources/{source}") for href in downloads), name


@pytest.fixture(scope="module")
def handed_out() -> dict[str, str]:
    """The prose of every notebook as the branch for Colab has it, at an address made up for this test."""
    project = Project(ROOT)
    made = {page.name: with_address(project, page, HERE) for page in read_pages(project)}
    return {
        name: "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        for name, notebook in made.items()
    }


def test_links_of_handed_out_notebooks_are_absolute_and_lead_to_a_place_on_the_site(site, handed_out):
    anchors: dict[str, set[str]] = {}
    n_links = 0
    for name, prose in handed_out.items():
        for found in LINK.finditer(prose):
            if found["code"]:
                continue
            place, fragment = urldefrag(found["target"])
            assert place.startswith("http"), f"{name}: {found['target']}"
            if place.startswith(HERE.site):
                n_links += 1
                page = unquote(place.removeprefix(HERE.site))
                assert (site / page).is_file(), f"{name}: {found['target']}"
                if page not in anchors:
                    anchors[page] = {element["id"] for element in read(site / page).find_all(id=True)}
                assert not fragment or unquote(fragment) in anchors[page], f"{name}: {found['target']}"
            elif place.startswith(HERE.file("")):
                assert (ROOT / unquote(place.removeprefix(HERE.file("")))).is_file(), f"{name}: {found['target']}"
    assert n_links > 200


def test_every_page_has_an_issue_link_where_there_is_an_address(site, page_names, published):
    for name in page_names:
        links = [a["href"] for a in read(site / name).select("a[href]")]
        wanted = f"{published.url}/issues/new?" if published else "/issues/new?"
        assert any(wanted in link and name in link for link in links) == bool(published), name


def test_only_the_settings_name_the_repository():
    """A fork edits nothing: no tracked page, notebook or template knows where it lives."""
    project = Project(ROOT)
    files = [
        *ROOT.glob("_templates/*"),
        *(ROOT / f"{page.name}.{kind}" for page in read_pages(project) for kind in KINDS),
    ]
    tracked = tracked_address(project)
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert PLACEHOLDER not in text and (tracked or "colab.research" not in text), path


def test_github_is_told_to_serve_the_site_as_it_is(site):
    assert (site / ".nojekyll").is_file()


def test_map_links_the_chapters_that_exist(site):
    there = {Path(file).parts[1][:2] for file in Project(ROOT).toc if file.startswith("lectures/")}
    cards = read(site / "index.html").select(".chapters .sd-card")
    by_number = {card.select_one(".sd-card-title").get_text().split()[0]: card for card in cards}
    assert list(by_number) == [f"{number:02}" for number in range(1, 15)]
    assert {number for number, card in by_number.items() if card.select_one("a[href]")} == there
    assert {n for n, card in by_number.items() if "in preparation" not in card.get_text()} == there


def test_glossary_is_sorted_and_bilingual():
    lines = (ROOT / "glossary.md").read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines) if line.startswith("### ")]
    terms = [lines[number][4:] for number in places]
    assert len(terms) >= 60
    assert terms == sorted(set(terms), key=str.lower)
    for number in places:
        ukrainian, meaning = lines[number + 2 : number + 4]
        assert ukrainian.startswith('<span lang="uk">') and meaning.endswith("."), lines[number]
