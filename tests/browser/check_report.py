"""Opens a report in headless Chromium: it must say nothing on the console, its controls must change what it shows, by mouse and by
keyboard, each figure must be saved whole, axe-core must find no serious violation, and it keeps screenshots at three sizes in both themes.

    python check_report.py results/tiny/report/report.html target/browser
"""

import pathlib
import sys
from xml.etree import ElementTree

from browser import THEMES, WIDTHS, chromium, check_axe, end, expect, listen


def shown(page):
    """What the reader sees of the choice: every picture, every plot, every word about them."""
    return page.evaluate("""() => Object.fromEntries([
        ...[...document.querySelectorAll('.explore [data-view]')].map((figure) => [figure.dataset.view,
            (figure.querySelector('img')?.src ?? figure.querySelector('svg').innerHTML) + figure.innerText]),
        ['status', document.querySelector('.explore [role=status]').innerText]])""")


def choose_each(page):
    """Another choice in each control changes what it must change."""
    changes = {
        "network": {"filters", "e_f1", "f1", "f2", "f3", "fy", "status"},
        "epoch": {"filters", "e_f1", "f1", "f2", "f3", "fy", "status"},
        "image": {"x", "regions", "e_f1", "f1", "f2", "f3", "fy", "status"},
        # Not P(FY | F3): networks of two seeds may be equally sure of the same class.
        "seed": {"filters", "e_f1", "f1", "f2", "f3", "status"},
    }
    for name, must_change in changes.items():
        select = page.locator(f".explore select[name={name}]")
        count = select.locator("option").count()
        expect(count > 0, f"{name}: {count} choices")
        if count < 2:
            continue
        before, at = shown(page), select.evaluate("select => select.selectedIndex")
        select.select_option(index=(at + 1) % count)
        after = shown(page)
        changed = {view for view in after if after[view] != before[view]}
        expect(must_change <= changed, f"{name}: another choice changes {', '.join(sorted(changed))}")
        select.select_option(index=at)
        expect(shown(page) == before, f"{name}: the same choice shows the same")


def use_keyboard(page):
    """Tab reaches every control in order, and arrow keys choose."""
    page.locator(".explore select[name=network]").focus()
    for name in ("network", "seed", "epoch", "image"):
        focused = page.evaluate("document.activeElement.name")
        expect(focused == name, f"Tab reaches {name}")
        select = page.locator(f".explore select[name={name}]")
        count, at = select.locator("option").count(), select.evaluate("select => select.selectedIndex")
        if count > 1:
            before = shown(page)["status"]
            page.keyboard.press("ArrowUp" if at else "ArrowDown")
            expect(shown(page)["status"] != before, f"an arrow key chooses another {name}")
        page.keyboard.press("Tab")


def drag(page):
    """The slider of Figure 3 moves a line in every copy of the figure, and the numbers below."""
    slider = page.locator(".epochs input[type=range]")
    state = """() => [document.querySelector('.epochs tbody').innerText, document.querySelector('.epochs caption').innerText,
        ...[...document.querySelectorAll("[aria-label^='Figure 3'] > svg > line:last-of-type")].map((line) => line.getAttribute('x1'))]"""
    page.locator("article:has(#figure-3) .card").focus()
    page.keyboard.press("Tab")
    expect(page.evaluate("document.activeElement.type") == "range", "Tab reaches the slider from the figure above it")
    page.keyboard.press("ArrowLeft")
    before = page.evaluate(state)
    expect(len(before) == 4, "the line is in both copies of Figure 3")
    page.keyboard.press("Home")
    after = page.evaluate(state)
    expect(all(a != b for a, b in zip(after, before)), f"Home moves line and numbers: {after[1]!r}")
    expect(slider.get_attribute("aria-valuetext") == "epoch 0", "the slider says its epoch")
    said = page.locator(".epochs [role=status]").inner_text()
    expect(said.startswith("Epoch 0. CNN1"), f"a screen reader hears {said[:40]!r} …")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    expect(page.evaluate(state)[1] != after[1], "dragging it moves the epoch")


def check_bars(page, where):
    """Bars of verdicts are as wide as their counts."""
    uneven = page.evaluate("""() => [...document.querySelectorAll('.bars')].flatMap((bars) => {
        const of = [...bars.children].map((bar) => bar.getBoundingClientRect().width / bar.style.flexGrow);
        return Math.max(...of) > 1.02 * Math.min(...of) ? [of] : [];
    })""")
    expect(not uneven, f"bars are as wide as their counts, {where} {uneven or ''}")


def check_theme(page, theme, where):
    """A figure's paper is that of its theme, and what is saved of it stays white."""
    card, saved = page.evaluate("""() => { const card = document.querySelector('.answer .card') ?? document.querySelector('.card');
        return [getComputedStyle(card).backgroundColor, card.querySelector('svg > rect').getAttribute('fill')]; }""")
    expect((card == "rgb(255, 255, 255)") == (theme == "light") and saved == "#ffffff", f"figures follow the theme, {where}: {card}")


def check_plots(page, where):
    """Bars of the chosen image stand on the axis."""
    floating = page.evaluate("""() => [...document.querySelectorAll('.plots rect.bar')].filter((bar) =>
        Math.abs(bar.getBBox().y + bar.getBBox().height - 164) > 0.01).length""")
    expect(floating == 0, f"bars stand on the axis, {where}")


def check(browser, address, folder):
    for theme in THEMES:
        for width in WIDTHS:
            where = f"{width} px, {theme}"
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
            messages = listen(page, ("file:", "data:", "blob:"))
            page.goto(address)
            wide = page.evaluate("document.documentElement.scrollWidth")
            expect(wide <= width, f"nothing is cut off or scrolls sideways, {where}: {wide} px")
            page.screenshot(path=folder / f"page-{width}-{theme}.png", full_page=True)
            page.locator(".explore").screenshot(path=folder / f"explore-{width}-{theme}.png")
            check_axe(page, where)
            check_bars(page, where)
            check_theme(page, theme, where)
            check_plots(page, where)
            choose_each(page)
            use_keyboard(page)
            drag(page)
            page.locator("article:has(#figure-3)").screenshot(path=folder / f"figure-3-{width}-{theme}.png")
            expect(not messages, f"nothing on the console and nothing from a network, {where} {messages or ''}")
            page.close()


def check_saved(browser, address):
    """Every figure can be saved: its data, an SVG that is XML, a PNG at print size."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    for number in range(page.locator("article .save > *").count()):
        # A page that saves more than ten files is asked about.
        page.reload()
        with page.expect_download() as downloaded:
            page.locator("article .save > *").nth(number).click()
        name, content = downloaded.value.suggested_filename, pathlib.Path(downloaded.value.path()).read_bytes()
        if name.endswith(".svg"):
            expect(ElementTree.fromstring(content).tag.endswith("svg"), f"{name} is XML")
        elif name.endswith(".png"):
            width = int.from_bytes(content[16:20], "big")
            expect(content.startswith(b"\x89PNG") and width == 2400, f"{name} is {width} px wide")
        else:
            expect(content.count(b"\n") > 1, f"{name} has lines")
    page.close()


def check_without_script(browser, address, folder):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    section = page.locator(".explore")
    expect(section.locator("img").count() == 4, "without a script the page shows the first choice's pictures")
    expect(not section.locator("select").first.is_visible(), "and no control that does nothing")
    expect(page.locator(".epochs tbody tr").count() > 0 and not page.locator(".epochs input").is_visible(), "nor a slider")
    section.screenshot(path=folder / "explore-without-script.png")
    context.close()


def check_colours(browser, address, folder):
    """Pictures for us to look at: what the colour-blind see."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    session = page.context.new_cdp_session(page)
    for kind in ("deuteranopia", "protanopia", "tritanopia", "achromatopsia"):
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        page.locator(".explore").screenshot(path=folder / f"explore-{kind}.png")
    page.close()


def check_print(browser, address, folder):
    page = browser.new_page(color_scheme="dark")
    page.goto(address)
    page.emulate_media(media="print")
    expect(page.locator(".explore img").first.is_visible(), "in print the choice stands on the page")
    expect(not page.locator(".explore select").first.is_visible(), "and its controls do not")
    page.pdf(path=folder / "report.pdf", format="A4")
    page.locator(".explore").screenshot(path=folder / "explore-print.png")
    page.close()


def main():
    report, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        check(browser, report.as_uri(), folder)
        check_saved(browser, report.as_uri())
        check_without_script(browser, report.as_uri(), folder)
        check_colours(browser, report.as_uri(), folder)
        check_print(browser, report.as_uri(), folder)
    end(f"{report.name} holds in a browser; screenshots are in {folder}")


main()
