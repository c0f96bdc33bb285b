"""A chart as an SVG file."""

import xml.etree.ElementTree as ET
from itertools import pairwise

from benchmarks.chart import HEIGHT, LINE_GAP, WIDTH, Chart, drawn
from gateways.compare.show.charts.scales import from_zero, logarithmic

SVG = "{http://www.w3.org/2000/svg}"


def chart(*ends: float) -> ET.Element:
    lines = {f"line {n} <&>": [(1.0, 1.0), (100.0, end)] for n, end in enumerate(ends)}
    across, up = logarithmic([1, 100], lambda value: f"{value:g}"), from_zero(max(ends), lambda value: f"{value:g}")
    return ET.fromstring(drawn(Chart("A title", "clients", "µs", across, up, lines)))


def test_each_line_has_a_path_and_its_name() -> None:
    root = chart(10, 20)
    assert len(root.findall(f".//{SVG}path")) == 2
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"A title", "clients", "µs", "line 0 <&>", "line 1 <&>"} <= set(texts)
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert root.get("aria-label") == "A title"


def test_names_do_not_overlap_where_lines_end_together() -> None:
    names = [each for each in chart(10, 10, 10.01).iter(f"{SVG}text") if (each.text or "").startswith("line")]
    heights = sorted(float(each.get("y", "")) for each in names)
    assert len(heights) == 3
    assert all(after - before >= LINE_GAP for before, after in pairwise(heights))


def test_a_higher_value_is_further_up() -> None:
    (path,) = chart(50).findall(f".//{SVG}path")
    first, last = (float(point.split()[-1]) for point in path.get("d", "").replace("M", "").split("L"))
    assert last < first


def test_a_chart_has_colours_for_a_dark_page() -> None:
    style = chart(1).find(f".//{SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")
