"""What the checks of pages share: Debian's Chromium, what is expected, axe-core, and the end."""

import contextlib
import pathlib
import shutil
import sys

import axe_playwright_python
from playwright.sync_api import sync_playwright

WIDTHS = (360, 1280, 1920)
THEMES = ("light", "dark")
SERIOUS = ("serious", "critical")

failures = []


def expect(right, words):
    print("ok  " if right else "FAIL", words)
    if not right:
        failures.append(words)


@contextlib.contextmanager
def chromium():
    program = shutil.which("chromium") or sys.exit("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # As root, as in containers, Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def listen(page, own):
    """What the page says on the console, and what it asks for elsewhere than at addresses that begin like its `own`."""
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: request.url.startswith(own) or messages.append(request.url))
    return messages


def check_axe(page, where):
    source = pathlib.Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    results = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    for violation in results["violations"]:
        nodes = ", ".join(str(node["target"]) for node in violation["nodes"][:4])
        print(f"     axe-core, {violation['impact']}: {violation['id']}: {violation['help']}: {nodes}")
    serious = [violation["id"] for violation in results["violations"] if violation["impact"] in SERIOUS]
    expect(not serious, f"axe-core {results['testEngine']['version']}: no serious violation, {where} {serious or ''}")


def end(words):
    if failures:
        sys.exit("\n".join(["", f"{len(failures)} failed:", *failures]))
    print(words)
