"""Runs a pipeline anew with `--live` and watches it in headless Chromium: the page must show stages, curves and the log as they come
and say when the run has ended, be silent on the console, and axe-core must find no serious violation.

    python check_live.py target/release/runner tiny.yaml target/browser
"""

import pathlib
import subprocess
import sys

from browser import THEMES, WIDTHS, check_axe, chromium, end, expect, listen


def watch(browser, url, folder):
    pages = []
    for theme in THEMES:
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
            pages.append((page, listen(page, (url, "data:")), width, theme))
            page.goto(url)
    for page, _, width, theme in pages:
        where = f"{width} px, {theme}"
        page.wait_for_selector("#curves .curve", state="attached")
        expect(page.locator("#graph [role=listitem]").count() == 11, f"every stage has its box, {where}")
        page.screenshot(path=folder / f"live-{width}-{theme}.png", full_page=True)
    for page, messages, width, theme in pages:
        where = f"{width} px, {theme}"
        page.locator("#status", has_text="ended").wait_for(timeout=120_000)
        expect(page.locator("#status").inner_text() == "ended: all done", f"it says that all is done, {where}")
        expect("0 running" in page.locator("#counts").inner_text(), f"and that nothing runs, {where}")
        expect(page.locator("#curves .charts figure").count() == 3, f"loss and errors have a chart each, {where}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        expect(wide <= width, f"nothing is cut off or scrolls sideways, {where}: {wide} px")
        choose_job(page, where)
        page.screenshot(path=folder / f"live-ended-{width}-{theme}.png", full_page=True)
        check_axe(page, where)
        expect(not messages, f"nothing on the console and nothing from elsewhere, {where} {messages or ''}")


def choose_job(page, where):
    """A job that is chosen is the only one in the log, and its curve stands out."""
    select = page.locator("#job")
    select.focus()
    name = next(name for name in select.locator("option").all_inner_texts() if name.startswith("train@"))
    select.select_option(name)
    page.wait_for_selector("#curves .curve.strong", state="attached")
    lines = page.locator("#log .who").all_inner_texts()
    expect(lines and all(line.strip() == name for line in lines), f"the log tells of one job, {where}")


def main():
    runner, pipeline, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    command = [runner, pipeline, "--force", "--live"]
    with chromium() as browser, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        url = run.stderr.readline().removeprefix("live: ").strip()
        expect(url.startswith("http://127.0.0.1:"), "the run tells the address of its page")
        watch(browser, url, folder)
        run.stderr.read()
    expect(run.returncode == 0, f"the run ends well: {run.returncode}")
    end(f"{pipeline} can be watched in a browser; screenshots are in {folder}")


main()
