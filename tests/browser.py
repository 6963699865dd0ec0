"""A headless Chromium for the tests of pages, and what axe says of a page."""

import shutil

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",  # a camera
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    """Playwright's browser; `chromium.new_page(viewport=..., color_scheme=...)` opens a page.

    It lives as long as a file of tests: an event loop runs in this thread as long as it lives.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if PROGRAM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield browser
        browser.close()


def violations(page) -> list[str]:
    """What axe finds wrong with the page as it stands, a line for each rule and element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}" for rule in found for node in rule["nodes"]
    ]


def complaints(page) -> list[str]:
    """A list that fills with what the page's scripts complain of from now on."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type in ("error", "warning") else None)
    return heard
