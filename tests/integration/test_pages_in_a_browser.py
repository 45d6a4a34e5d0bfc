"""The pages as a person meets them, in a real browser: Debian's packages chromium and chromium-driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.browser import CHROMIUM, DRIVER, Browser, browser
from tests.support.inspections import HOSTILE, inspection
from transformer_cli.inspection.page import inspection_page

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="no Chromium here: install chromium and chromium-driver, as tests/run.sh does where apt can be used",
)


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(inspection_page(inspection("Je suis là.", target="We eat bread.")), encoding="utf-8")
    return path


@pytest.fixture
def opened(window, page):
    window.open(page)
    return window


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_load_without_complaint_and_never_scroll_sideways(window, page, toy, tmp_path, width, dark):
    hostile = tmp_path / "hostile.html"
    long = HOSTILE + " Donaudampfschifffahrtsgesellschaftskapitän" * 3
    hostile.write_text(inspection_page(inspection(long, target=long, beam_size=5)), encoding="utf-8")

    for path in (page, hostile, toy.run / "report.html"):
        window.open(path, width=width, dark=dark)
        assert window.complaints() == []
        assert window.run("document.documentElement.scrollWidth") <= width
        assert window.run("matchMedia('(prefers-color-scheme: dark)').matches") == dark
        assert len(window.all("svg")) >= 5


def test_text_of_the_data_is_shown_as_it_is(window, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_text(inspection_page(inspection(HOSTILE, target=HOSTILE)), encoding="utf-8")

    window.open(path)

    assert window.one("h1 bdi").get_attribute("textContent") == HOSTILE
    pieces = [element.get_attribute("textContent") for element in window.all("#pieces .piece.source bdi")]
    assert pieces == window.data()["source"]["pieces"]
    assert window.run("window.alert.toString().includes('native')")
    assert window.complaints() == []


@pytest.mark.parametrize("kind", ["encoder", "decoder", "cross"])
def test_choosing_head_and_layer_changes_lines_and_matrix(opened, kind):
    def drawn() -> tuple[str, str]:
        part = f"[data-attention={kind}]"
        lines, matrix = (opened.one(f"{part} .{which} svg").get_attribute("innerHTML") for which in ("lines", "matrix"))
        return lines or "", matrix or ""

    seen = [drawn()]
    controls = opened.all(f"#{kind} fieldset")
    assert [control.find_element("css selector", "legend").text for control in controls] == ["Layer", "Head"]
    for control in controls:
        opened.click(control.find_elements("css selector", "label")[-1])
        seen.append(drawn())
    assert len({lines for lines, _ in seen}) == len({matrix for _, matrix in seen}) == 3


def test_the_overview_chooses_layer_and_head(opened):
    opened.click(opened.one("#cross .heads button[aria-label='layer 3, head 2']"))

    chosen = [(box.get_attribute("name"), box.get_attribute("value")) for box in opened.all("#cross input:checked")]
    assert chosen == [("cross-layer", "2"), ("cross-head", "1")]


def test_pointing_at_a_piece_shows_what_it_looks_at(opened):
    data = opened.data()
    layer = len(data["attention"]["cross"]) // 2
    heads = data["attention"]["cross"][layer]
    weights = [sum(head[2][j] for head in heads) / len(heads) for j in range(len(heads[0][2]))]

    opened.point_at(opened.all("#cross .column.from button")[2])

    shown = [element.text for element in opened.all("#cross .column.to i")]
    assert shown == [f"{weight:.2f}" for weight in weights]
    assert len(opened.all("#cross .lines line")) == sum(weight >= 0.005 for weight in weights)
    assert data["target"]["pieces"][2] in opened.one("#cross .readout").text
    assert opened.one("#cross .row-on").get_attribute("visibility") == "visible"


def test_pointing_at_a_cell_of_the_matrix_reads_it(opened):
    cell = opened.all("#encoder .matrix .cell")[0]

    opened.point_at(cell)

    value = float(opened.one("#encoder .readout").text.split()[-1])
    assert value == pytest.approx(float(cell.get_attribute("fill-opacity") or "") ** (1 / 0.75), abs=1e-3)


def test_pieces_are_reached_and_left_by_keys(opened):
    rows, columns = opened.all("#cross .column.from button"), opened.all("#cross .column.to button")
    opened.focus(rows[0])

    opened.press(Keys.ARROW_DOWN)
    assert opened.driver.switch_to.active_element == rows[1]
    assert rows[1].get_attribute("class") == "target is-on"
    opened.press(Keys.ARROW_RIGHT)
    assert opened.driver.switch_to.active_element == columns[1]
    assert "is looked at from" in opened.one("#cross .readout").text
    opened.press(Keys.ESCAPE)
    assert "Point at a piece" in opened.one("#cross .readout").text
    assert [row.get_attribute("tabindex") for row in rows].count("0") == 1


def test_layers_are_chosen_by_keys(opened):
    opened.focus(opened.one("#encoder input"))

    opened.press(Keys.ARROW_RIGHT)

    assert opened.one("#encoder input:checked").get_attribute("value") == "1"


def test_steps_show_the_probabilities_of_the_data(opened):
    data = opened.data()
    opened.focus(opened.one("#strip button"))

    opened.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)

    names = [element.get_attribute("textContent") for element in opened.all("#bars .name")]
    step = data["steps"][2]
    expected = [candidate["piece"] for candidate in step["candidates"]]
    if step["rank"] > len(expected):
        expected.append(data["target"]["pieces"][2])
    assert names == [*expected, "all others"]
    width = opened.all("#bars .bar i")[0].get_attribute("style") or ""
    assert float(width.split(":")[1].strip(" %;")) == pytest.approx(
        100 * step["candidates"][0]["probability"], rel=1e-3
    )


def test_the_tree_has_every_hypothesis_and_is_walked_by_keys(opened):
    nodes = opened.data()["search"]["nodes"]
    assert len(opened.all("#tree g")) == len(nodes)
    opened.focus(opened.one("#tree g"))

    opened.press(Keys.ARROW_RIGHT)

    best = next(node for node in nodes if node["is_best"] and node["step"] == 1)
    assert f"{best['log_prob']:.3f}".replace("-", "\u2212") in opened.one("#tree-readout").text
    opened.focus(opened.one("#show-pruned"))
    opened.press(Keys.SPACE)
    assert len(opened.all("#tree g")) == sum(node["status"] != "pruned" for node in nodes)


def test_heat_maps_are_read_by_pointing(opened):
    data = opened.data()
    canvas = opened.one("[data-heat=tokens] canvas")

    opened.point_at(canvas, right=-(canvas.size["width"] // 2) + 3, down=-(canvas.size["height"] // 2) + 3)

    value = data["embedding"]["tokens"][0][0]
    assert f"dimension 0: {value:.4f}".replace("-", "\u2212") in opened.one("#heat-readout").text


def test_the_charts_of_a_report_tell_their_values(window, toy):
    window.open(toy.run / "report.html")
    chart, readout = window.one(".chart svg"), window.one(".chart .readout")

    window.point_at(chart)
    pointed = readout.text
    window.focus(chart)
    window.press(Keys.HOME)
    first = readout.text
    window.press(Keys.ARROW_RIGHT)

    assert pointed.startswith("updates ")
    assert len({pointed, first, readout.text}) >= 2
    assert "training" in first


def test_pointing_at_a_word_of_a_report_marks_the_one_it_is_tied_to(window, toy):
    window.open(toy.run / "report.html")
    word = window.one("[data-tied]")

    window.point_at(word)

    marked = window.all(".sentences .is-on")
    assert len(marked) == 2
    assert {element.get_attribute("data-word") for element in marked} == {None, word.get_attribute("data-tied")}
