"""Links, anchors, pictures and scripts of the built site point at something; no browser needed."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
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


def test_every_lecture_opens_in_colab_and_can_be_downloaded(site, page_names, repository_url):
    colab = repository_url.replace("github.com", "colab.research.google.com/github")
    names = notebooks(site, page_names)
    assert names
    for name in names:
        soup, source = read(site / name), name.removesuffix(".html") + ".ipynb"
        assert (ROOT / source).is_file(), f"{name}: Colab would not find {source} in the repository"
        button = [a["href"] for a in soup.select(".dropdown-launch-buttons a[href]")]
        in_text = [a["href"] for a in soup.select("article a[href]") if a.get_text() == "Open in Colab"]
        assert button == in_text == [f"{colab}/blob/main/{source}"], name
        downloads = [a["href"] for a in soup.select(".dropdown-download-buttons a[href]")]
        assert any(href.endswith(f"_sources/{source}") for href in downloads), name


def test_every_page_has_an_issue_link(site, page_names, repository_url):
    for name in page_names:
        links = [a["href"] for a in read(site / name).select("a[href]")]
        assert any(link.startswith(f"{repository_url}/issues/new?") and name in link for link in links), name


def test_repository_is_named_in_one_place(repository_url):
    """A fork edits one line: no plain page or setting names the repository a second time; sync fills notebook pages."""
    files = [*ROOT.glob("*.yml"), *ROOT.glob("*.md"), *ROOT.glob("about/*.md"), *ROOT.glob("_templates/*")]
    texts = [text for text in (file.read_text("utf-8") for file in files) if "\nkernelspec:" not in text]
    assert len(texts) > 10
    assert sum(text.count(repository_url) for text in texts) == 1


def test_map_links_the_chapters_that_exist(site):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    there = {Path(file).parts[1][:2] for file in files if file.startswith("lectures/")}
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
