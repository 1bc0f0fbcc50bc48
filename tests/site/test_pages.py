"""Every page in a browser: silent, self-contained, readable for everyone, and as narrow as a phone."""

import re
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser


def report(visits, problem) -> str:
    """One line per problem, with the page it is on; empty where there is none."""
    return "\n".join(f"{name}: {line}" for name, visit in visits.items() for line in problem(visit))


def test_pages_open_without_errors(visits):
    assert not report(visits, lambda visit: visit.errors)


def test_pages_ask_no_other_host(visits):
    assert not report(visits, lambda visit: visit.foreign)


def test_pages_fit_a_phone(visits):
    assert not report(visits, lambda visit: [f"{visit.overflow} px too wide"] if visit.overflow > 0 else [])


def test_code_and_outputs_need_no_sideways_scrolling(visits):
    assert not report(visits, lambda visit: visit.scrolling)


def test_images_have_alternative_text(visits):
    assert not report(visits, lambda visit: visit.unnamed_images)


def test_pages_are_accessible(visits):
    assert not report(visits, lambda visit: visit.structure)


def test_colours_are_readable_in_light(visits):
    assert not report(visits, lambda visit: visit.light)


def test_colours_are_readable_in_dark(visits):
    assert not report(visits, lambda visit: visit.dark)


def test_mathematics_is_typeset(visits):
    assert not report(visits, lambda visit: visit.raw_mathematics)
    for name, visit in visits.items():
        assert visit.n_typeset == visit.n_formulas, name
    assert visits["notation.html"].n_typeset > 20


BROKEN = """<!doctype html>
<html lang="en"><head><title>Broken on purpose</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="http://fonts.example.invalid/font.css"></head><body><main><article>
<h1>Broken</h1>
<p style="color: #aaa; background: #fff">Grey on white.</p>
<div class="highlight" style="background: #fff"><pre><span class="k">if</span></pre></div>
<div class="highlight" style="background: #fff"><pre><span class="k">if</span> <span class="s">text</span></pre></div>
<style>.k { color: #111 } .s { color: #bbb }</style>
<p>A formula $x^2$ that nobody typeset, and <span class="math">\\(y\\)</span>.</p>
<img src="figure-1.png" alt="figure-1.png"><img src="figure-1.png">
<pre style="width: 900px">wide</pre>
<details><summary>Code</summary><div class="highlight"><pre style="width: 9em; overflow: auto">is cut off at the right</pre>
</div></details>
<script>console.error("said"); throw new Error("thrown")</script>
</article></main></body></html>
"""


def test_a_broken_page_is_found_out(tmp_path, serve, visit):
    """The control: on a page with every fault, each of the checks above has something to say."""
    (tmp_path / "index.html").write_text(BROKEN, encoding="utf-8")
    with serve(tmp_path) as address:
        seen = visit(address + "index.html")
    assert {"said", "thrown"} <= set(seen.errors)
    assert any(error.startswith("404 ") and "figure-1.png" in error for error in seen.errors)
    assert set(seen.foreign) == {"http://fonts.example.invalid/font.css"}
    assert seen.overflow > 400
    assert seen.scrolling == ["is cut off at the right"]
    assert len(seen.unnamed_images) == 2
    assert len(seen.raw_mathematics) == 2
    assert (seen.n_formulas, seen.n_typeset) == (1, 0)
    assert "image-alt" in {finding.split(":")[0] for finding in seen.structure}
    for colours in (seen.light, seen.dark):
        assert {finding.split(":")[0] for finding in colours} == {"color-contrast"}
        assert any("Grey on white" in finding for finding in colours)
        assert any('class="s"' in finding for finding in colours)  # a new colour in the second block of code


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.mark.parametrize("term", ["sigmoid", "точність"])
def test_search_finds_a_term(page, address, term):
    page.goto(address + "index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type(term)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    # Sphinx lists the results one by one; read them when it says that it has finished.
    page.wait_for_function("document.querySelector('#search-results')?.innerText.includes('Search finished')")
    links = page.locator("#search-results a").all()
    found = {link.get_attribute("href").split("#")[0].split("?")[0] for link in links}
    assert "glossary.html" in found
    assert term != "sigmoid" or "lectures/02_foundations/activations.html" in found


def test_search_finds_nothing_for_nonsense(page, address):
    page.goto(address + "search.html?q=xyzzyplugh")
    page.wait_for_function("document.querySelector('#search-results')?.innerText.includes('did not match')")
    assert page.locator("#search-results li").count() == 0


def background(page) -> int:
    """Brightness of the page's background, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return (red + green + blue) // 3


def test_theme_switch_reaches_dark_and_stays(page, address):
    page.emulate_media(color_scheme="light")
    page.goto(address + "index.html")
    assert background(page) > 200
    button = page.locator(".theme-switch-button:visible")
    for _ in range(3):  # the button goes round: automatic, light, dark
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
        button.click()
    assert background(page) < 60
    page.reload()
    assert background(page) < 60


def test_claims_are_folded_and_open_by_keyboard(page, address):
    page.goto(address + "lectures/02_foundations/activations.html")
    claims = page.locator(".cell.tag_claim details")
    assert claims.count() >= 3
    first, code = claims.first, claims.first.locator("pre")
    assert not code.is_visible()
    assert first.locator("summary").inner_text().strip().startswith("checked claim")  # as index.md promises
    # A label would hide the text from screen readers.
    assert first.locator("summary").get_attribute("aria-label") is None
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert code.is_visible()
    assert "assert" in code.inner_text()


@pytest.mark.parametrize("where", ["on this machine", "at its address"])
def test_missing_page_works_at_every_depth(page, site, serve, published, where):
    """GitHub Pages answers any missing path with 404.html; its styles, pictures and links must hold there."""
    prefix = urlsplit(published.site).path if published and where == "at its address" else "/"
    with serve(site, prefix) as address:
        page.goto(f"{address}no/such/deep/page.html", wait_until="load")
        sheets = page.evaluate("[...document.styleSheets].map(sheet => sheet.href).filter(Boolean)")
        assert any("site.css" in sheet for sheet in sheets)
        assert all(sheet.startswith(f"{address}_static/") for sheet in sheets)
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        assert page.locator("h1").first.inner_text().startswith("This page is not here")
        home = page.locator("article a", has_text="front page")
        assert home.evaluate("link => link.href") == f"{address}index.html"
        page.keyboard.press("Control+k")
        page.keyboard.type("sigmoid")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}search.html?q=sigmoid*")
        page.wait_for_selector("#search-results li a")
