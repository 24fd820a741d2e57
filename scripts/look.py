"""Opens every page of site/ in Chromium, wide and light, small and dark, and looks for what is wrong with it.

Wrong are: an error in the console, a request to another host, a link or picture that leads nowhere, a page
wider than the screen, and what axe-core calls a violation. Screenshots go to the folder that is given.

    python scripts/look.py [FOLDER]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

SITE = Path(__file__).parent.parent / "site"
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}


def look(pages: list[Path], shots: Path | None = None) -> list[str]:
    """What is wrong with the pages, a line each."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        wrong = []
        for page in pages:
            for (name, size), scheme in zip(SCREENS.items(), ("light", "dark"), strict=True):
                wrong += look_at(browser, page, name, size, scheme, shots)
        browser.close()
    return wrong


def look_at(
    browser: Browser, page: Path, name: str, size: tuple[int, int], scheme: str, shots: Path | None
) -> list[str]:
    """What is wrong with one page on one screen."""
    wrong: list[str] = []
    where = f"{page.relative_to(SITE)} ({name}, {scheme})"
    tab = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    tab.on("console", lambda said: said.type == "error" and wrong.append(f"{where}: console: {said.text}"))
    tab.on("pageerror", lambda error: wrong.append(f"{where}: error: {error}"))
    tab.on(
        "request", lambda asked: asked.url.startswith("http") and wrong.append(f"{where}: asks {asked.url}")
    )
    tab.goto(page.as_uri())
    tab.wait_for_timeout(200)
    if tab.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
        wrong.append(f"{where}: is wider than the screen")
    for address in tab.evaluate(
        "[...document.querySelectorAll('a[href], img')].map(each => each.href || each.src)"
    ):
        parts = urlsplit(address)
        if parts.scheme == "file" and not Path(unquote(parts.path)).is_file():
            wrong.append(f"{where}: leads nowhere: {address}")
    for violation in Axe().run(tab, options={"preload": False}).response["violations"]:
        first = violation["nodes"][0]
        wrong.append(
            f"{where}: {violation['id']}: {violation['help']}: {' '.join(map(str, first['target']))}"
        )
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
        label = page.relative_to(SITE).with_suffix("").as_posix().replace("/", "-")
        tab.screenshot(path=shots / f"{label}-{name}-{scheme}.png", full_page=name == "phone")
    tab.close()
    return wrong


def found_by_search(words: str) -> list[str]:
    """The titles that the site's own search finds, offline, from the disk."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto((SITE / "index.html").as_uri())
        tab.keyboard.press("Control+k")
        tab.wait_for_timeout(500)
        tab.keyboard.type(words)
        tab.wait_for_timeout(1500)
        titles = tab.locator("[role=dialog] a, .md-search a, .md-search__result a").all_inner_texts()
        browser.close()
    return titles


def chromium() -> str | None:
    """The Chromium that is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def main() -> None:
    """Look at every page; 1 if something is wrong."""
    shots = Path(sys.argv[1]) if sys.argv[1:] else None
    pages = sorted(page for page in SITE.rglob("*.html") if page.name != "404.html")  # which is for a server
    wrong = []
    for page in pages:
        found = look([page], shots)
        print("\n".join(found or [f"{page.relative_to(SITE)}: nothing"]), flush=True)
        wrong += found
    print(f"{len(pages)} pages, {len(wrong)} things wrong", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
