"""The report page in a real browser, made from a ledger of a real sweep: page_browser_test.py RUNNER FOLDER.

Tests look into the ledger with SQL of their own: they share no code with the report."""

import contextlib
import math
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import unittest

from browser import open_browser

RUNNER, FOLDER = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
LEDGER, PAGE = FOLDER / "runs/promptbed.db", FOLDER / "report.html"
METHODS = "clip_zeroshot,coop,cocoop"
SHORT = ["--datasets", "media,navigation", "--seeds", "1,2", "--epochs", "2", "--views", "0", "--threads", "1"]


def run(*words):
    """What `runner` prints."""
    done = subprocess.run([RUNNER, *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"runner {' '.join(words)}: {done.stderr}")
    return done.stdout


def make_page():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    run("sweep", "--methods", METHODS, "--shots", "1", *SHORT)
    run("sweep", "--protocol", "few-shot", "--methods", "clip_zeroshot,coop", "--shots", "1,2", *SHORT)
    for protocol, targets in (("cross-dataset", "media,navigation"), ("domain", "objects_shift")):  # of the same runs
        run("sweep", "--protocol", protocol, "--methods", "clip_zeroshot,kgcoop", "--source", "objects", "--targets", targets,
            "--shots", "1", *SHORT[2:])
    run("report", "--format", "html", "--output", str(PAGE))


def query(sql, *values):
    with contextlib.closing(sqlite3.connect(f"{LEDGER.as_uri()}?mode=ro", uri=True)) as ledger:
        return ledger.execute(sql, values).fetchall()


def mean_accuracy(method, dataset, class_set, classes, shots):
    """Over seeds, of a method trained on `classes` with `shots`; one that is not trained has neither."""
    rows = query("SELECT score.accuracy FROM score JOIN run ON run.id = score.run WHERE run.method = ? AND "
                 "score.dataset = ? AND score.class_set = ? AND (run.classes = '' OR run.classes = ? AND run.shots = ?)",
                 method, dataset, class_set, classes, shots)
    return statistics.mean(row[0] for row in rows)


# What one plot shows: its points with their data and where they are, its ticks and its grid.
READ_PLOTS = r"""
const at = (element) => /translate\(([-\d.]+),([-\d.]+)\)/.exec(element.getAttribute("transform")).slice(1).map(Number);
return [...document.querySelectorAll(arguments[0] + " svg.panel")].map((svg) => ({
  title: svg.querySelector("title").textContent,
  points: [...svg.querySelectorAll(".point")].map((point) => ({
    text: point.querySelector("title").textContent, x: Number(point.dataset.x), y: Number(point.dataset.y),
    at: at(point.querySelector("use"))})),
  ticks: [...svg.querySelectorAll("g.quiet[text-anchor]")].map((tick) => ({
    text: tick.textContent.trim(), at: at(tick), anchor: tick.getAttribute("text-anchor")})),
  grid: [...svg.querySelectorAll("path.grid")].map((line) => line.getAttribute("d").match(/[-\d.]+/g).map(Number)),
}));
"""


def number(text):
    return float(text.replace("\u2212", "-"))


def scale_of(plot, axis):
    """What a place in pixels means, from the two outermost numbers of an axis (0: across, 1: up)."""
    anchor = ("middle", "end")[axis]
    ticks = [tick for tick in plot["ticks"] if tick["anchor"] == anchor and re.fullmatch(r"[\u2212\d.]+", tick["text"])]
    lines = [line[axis] for line in plot["grid"] if abs(line[axis] - line[axis + 2]) < 0.01]
    places = []
    for tick in ticks:  # a number up the side stands a little below its line
        near = min(lines, key=lambda line: abs(line - tick["at"][axis]), default=tick["at"][axis])
        places.append((near if axis == 1 else tick["at"][0], number(tick["text"])))
    places.sort()
    (first, low), (last, high) = places[0], places[-1]
    return lambda pixel: low + (high - low) * (pixel - first) / (last - first)


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_page()
        cls.browser = cls.enterClassContext(open_browser())

    def setUp(self):
        self.browser.console()
        self.browser.show(PAGE)

    def read(self, script, *arguments):
        return self.browser.run("return " + script, *arguments)

    def test_loads_nothing_else_and_writes_nothing_on_the_console(self):
        self.assertEqual(self.browser.console(), [])
        self.assertEqual(self.read("performance.getEntriesByType('resource').length"), 0)

    def test_has_a_section_for_each_table_that_the_ledger_has_runs_for(self):
        sections = self.read("[...document.querySelectorAll('main > section')].map((section) => section.id)")
        self.assertEqual(sections[:5], ["base-new", "calibration", "few-shot", "cross-dataset", "domain"])
        self.assertIn("runs", sections)
        self.assertNotIn("failures", sections)
        self.assertEqual(sections[-1], "making")
        links = self.read("[...document.querySelectorAll('nav a')].map((link) => link.getAttribute('href'))")
        self.assertEqual(links, ["#" + section for section in sections])

    def test_ids_are_unique(self):
        ids = self.read("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        self.assertEqual(len(ids), len(set(ids)))

    def rows(self, column):
        """The rows' names and what is in a column, and how the column says that it is sorted."""
        return self.read(
            "((table) => [[...table.tBodies].flatMap((body) => [...body.rows]).map("
            "(row) => [row.cells[0].textContent, row.cells[arguments[0]].textContent]),"
            "[...table.tHead.rows].at(-1).cells[arguments[0]].getAttribute('aria-sort')])"
            "(document.querySelector('#base-new table'))", column)

    def press_heading(self, column):
        self.browser.click(f"#base-new thead tr:last-child th:nth-child({column + 1}) button")

    def test_a_heading_sorts_down_then_up_then_not(self):
        before, _ = self.rows(1)
        self.assertEqual([name for name, _ in before], ["Average", "navigation", "media"])
        values = sorted(number(value) for _, value in before[1:])

        self.press_heading(1)
        rows, order = self.rows(1)
        self.assertEqual(order, "descending")
        self.assertEqual([number(value) for _, value in rows[1:]], values[::-1])
        self.assertEqual(rows[0][0], "Average", "averages stay on top")

        self.press_heading(1)
        rows, order = self.rows(1)
        self.assertEqual(order, "ascending")
        self.assertEqual([number(value) for _, value in rows[1:]], values)

        self.press_heading(1)
        self.assertEqual(self.rows(1), [before, None])

    def test_names_sort_by_letter_and_one_column_at_a_time(self):
        self.press_heading(1)
        self.press_heading(0)
        rows, order = self.rows(0)
        self.assertEqual(order, "ascending")
        self.assertEqual([name for name, _ in rows], ["Average", "media", "navigation"])
        self.assertIsNone(self.rows(1)[1])

    def test_averages_below_the_others_stay_there(self):
        names = "[...document.querySelectorAll('#cross-dataset tbody th')].map((name) => name.textContent)"
        self.assertEqual(self.read(names), ["objects (source)", "navigation", "media", "Average of targets"])
        self.browser.click("#cross-dataset thead tr:last-child th:nth-child(1) button")
        self.assertEqual(self.read(names), ["media", "navigation", "objects (source)", "Average of targets"])

    def sections(self, column):
        """Of the few-shot table, the rows of each dataset: dataset, method, and what is in a column."""
        return self.read("[...document.querySelector('#few-shot table').tBodies].map((body) => [...body.rows].map("
                         "(row) => [0, 1, arguments[0]].map((cell) => row.cells[cell].textContent)))", column)

    def press_few_shot_heading(self, column):
        self.browser.click(f"#few-shot thead tr:last-child th:nth-child({column + 1}) button")

    def test_a_heading_sorts_each_dataset_of_a_table_with_sections(self):
        before = self.sections(3)
        self.assertEqual([[row[0] for row in section] for section in before],
                         [["Average"] * 2, ["navigation"] * 2, ["media"] * 2])
        for reverse in (True, False):
            self.press_few_shot_heading(3)
            for section, rows in zip(before, self.sections(3), strict=True):
                have_values = [row for row in section if row[2] != "-"]
                expected = sorted(have_values, key=lambda row: number(row[2]), reverse=reverse)
                self.assertEqual(rows, expected + [row for row in section if row[2] == "-"])
        self.press_few_shot_heading(3)
        self.assertEqual(self.sections(3), before)

    def test_a_name_of_the_methods_sorts_within_each_dataset(self):
        before = self.sections(1)
        self.press_few_shot_heading(1)
        self.press_few_shot_heading(1)
        self.assertEqual(self.sections(1), [sorted(section, key=lambda row: row[1], reverse=True) for section in before])

    def test_the_names_of_sections_sort_the_sections(self):
        average, navigation, media = self.sections(1)
        self.press_few_shot_heading(0)
        self.assertEqual(self.sections(1), [average, media, navigation], "the average stays on top")
        self.press_few_shot_heading(0)
        self.assertEqual(self.sections(1), [average, navigation, media])
        self.press_few_shot_heading(1)
        self.press_few_shot_heading(0)
        self.assertEqual(self.sections(1), [average, media, navigation], "and the rows are the report's again")

    def test_sorts_by_keyboard(self):
        self.assertEqual(self.read("(document.querySelector('#base-new thead button').focus(), document.activeElement.localName)"),
                         "button")
        self.browser.press("Tab")
        self.assertEqual(self.read("document.activeElement.textContent"), "Base")
        self.browser.press("Enter")
        self.assertEqual(self.rows(1)[1], "descending")
        self.browser.press("Space")
        self.assertEqual(self.rows(1)[1], "ascending")

    def test_is_reached_by_keyboard_from_the_top(self):
        self.browser.press("Tab")
        self.assertEqual(self.read("document.activeElement.getAttribute('href')"), "#results")
        self.browser.press("Enter")
        self.assertEqual(self.read("location.hash"), "#results")

    def assert_drawn_where_they_belong(self, plot, axis, from_data=lambda value: value):
        """All points are where gnuplot's own axis puts their data."""
        scale = scale_of(plot, axis)
        self.assertTrue(plot["points"], plot["title"])
        span = abs(scale(0) - scale(100))
        for point in plot["points"]:
            expected = from_data(point["xy"[axis]])
            self.assertAlmostEqual(scale(point["at"][axis]), expected, delta=0.01 * span, msg=f"{plot['title']}: {point}")

    def test_the_plane_shows_the_averages_of_the_ledger(self):
        close_up, plot = self.browser.run(READ_PLOTS, "#base-new-plane")
        self.assertEqual({point["text"].split(":")[0] for point in close_up["points"]}, set(METHODS.split(",")))
        points = {point["text"].split(":")[0]: point for point in plot["points"]}
        for method in METHODS.split(","):
            for dataset in ("media", "navigation"):
                point = points[f"{method} on {dataset}"]
                self.assertAlmostEqual(point["x"], mean_accuracy(method, dataset, "base", "base", 1), places=4)
                self.assertAlmostEqual(point["y"], mean_accuracy(method, dataset, "new", "base", 1), places=4)
            average = [statistics.mean(points[f"{method} on {name}"][axis] for name in ("media", "navigation")) for axis in "xy"]
            self.assertAlmostEqual(points[method]["x"], average[0], places=4)
            self.assertAlmostEqual(points[method]["y"], average[1], places=4)
        self.assertEqual(len(points), 9)
        self.assert_drawn_where_they_belong(plot, 0)
        self.assert_drawn_where_they_belong(plot, 1)

    def test_the_bars_show_what_the_best_method_gains_over_the_untrained_one(self):
        def h(method):
            averages = [statistics.mean(mean_accuracy(method, dataset, class_set, "base", 1) for dataset in ("media", "navigation"))
                        for class_set in ("base", "new")]
            return statistics.harmonic_mean(averages)

        best = max(("coop", "cocoop"), key=h)
        plots = self.browser.run(READ_PLOTS, "#base-new-gains")
        self.assertEqual([plot["title"].split(",")[0] for plot in plots],
                         [f"Base: {best} − clip_zeroshot", f"New: {best} − clip_zeroshot"])
        for plot, class_set in zip(plots, ("base", "new")):
            gains = {dataset: mean_accuracy(best, dataset, class_set, "base", 1) -
                     mean_accuracy("clip_zeroshot", dataset, class_set, "base", 1) for dataset in ("media", "navigation")}
            self.assertEqual(len(plot["points"]), 2)
            for point in plot["points"]:
                self.assertAlmostEqual(point["x"], gains[point["text"].split(",")[0]], places=4)
            if any(gain != 0 for gain in gains.values()):
                self.assert_drawn_where_they_belong(plot, 0)

    def test_the_curves_show_the_accuracies_of_the_ledger(self):
        plots = self.browser.run(READ_PLOTS, "#few-shot-curves")
        self.assertEqual([plot["title"] for plot in plots], ["Average over 2 datasets", "navigation", "media"])
        for plot in plots:
            datasets = ["media", "navigation"] if plot["title"].startswith("Average") else [plot["title"]]
            self.assertEqual([point["x"] for point in plot["points"]], [1, 2])
            for point in plot["points"]:
                expected = statistics.mean(mean_accuracy("coop", dataset, "all", "all", point["x"]) for dataset in datasets)
                self.assertAlmostEqual(point["y"], expected, places=4)
            self.assert_drawn_where_they_belong(plot, 1)
            one, two = (tick["at"][0] for tick in plot["ticks"] if tick["anchor"] == "middle")
            for point in plot["points"]:
                self.assertAlmostEqual(point["at"][0], one + (two - one) * math.log2(point["x"]), delta=0.5)

    def test_the_loss_curves_end_where_the_ledger_says(self):
        [plot] = [found for found in self.browser.run(READ_PLOTS, "#runs-loss") if found["title"].startswith("cocoop")]
        ends = {point["text"].split(":")[0]: point for point in plot["points"]}
        for dataset in ("media", "navigation"):
            [[loss]] = query("SELECT avg(loss) FROM epoch JOIN run ON run.id = epoch.run WHERE run.method = 'cocoop' AND "
                             "run.dataset = ? AND epoch = 1", dataset)
            self.assertAlmostEqual(ends[dataset]["y"], loss, places=4)
            self.assertEqual(ends[dataset]["x"], 2)
        self.assert_drawn_where_they_belong(plot, 0)
        self.assert_drawn_where_they_belong(plot, 1)

    def test_fits_narrow_and_wide_windows(self):
        for width in (360, 768, 1280):
            self.browser.show(PAGE, width)
            self.assertEqual(self.read("document.documentElement.scrollWidth"), width)
        self.browser.show(PAGE, 360)
        too_small = self.read("[...document.querySelectorAll('svg.panel text')].filter("
                              "(text) => text.getBoundingClientRect().height < 9).length")
        self.assertEqual(too_small, 0, "text in plots can be read")

    def test_tables_move_in_a_box_of_their_own_and_keep_the_names(self):
        self.browser.show(PAGE, 360)
        left = self.read("((box) => (box.scrollLeft = 100, [box.scrollLeft, box.querySelector('tbody th').getBoundingClientRect().left"
                         " - box.getBoundingClientRect().left]))(document.querySelector('#base-new .table-box'))")
        self.assertEqual(left, [100, 0])

    def colours(self):
        """Of background, ink, and the marks of the first plot, as red, green and blue."""
        texts = self.read("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,"
                          "...[...document.querySelectorAll('#base-new .point use')].map((mark) => getComputedStyle(mark).color)]")
        return [tuple(int(part) for part in re.findall(r"\d+", text)[:3]) for text in texts]

    @staticmethod
    def contrast(one, other):
        """Of two colours (WCAG 2.2, relative luminance)."""
        def luminance(colour):
            parts = [part / 255 for part in colour]
            linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        dark, light = sorted((luminance(one), luminance(other)))
        return (light + 0.05) / (dark + 0.05)

    def test_has_colours_for_the_day_and_for_the_night_that_can_be_seen(self):
        by_day = self.colours()
        self.browser.set_dark(True)
        by_night = self.colours()
        self.browser.set_dark(False)
        for one, other in zip(by_day, by_night):
            self.assertNotEqual(one, other)
        for ground, ink, *marks in (by_day, by_night):
            self.assertGreater(self.contrast(ground, ink), 7)
            for mark in marks:
                self.assertGreater(self.contrast(ground, mark), 3)

    def test_its_commands_make_the_runs_again(self):
        commands = self.read("[...document.querySelectorAll('#making pre')].map((command) => command.textContent)")
        self.assertTrue(commands)
        environment = {**os.environ, "PATH": f"{pathlib.Path(RUNNER).parent}:{os.environ['PATH']}"}
        for command in commands:
            done = subprocess.run(["sh", "-c", command], cwd=FOLDER, env=environment, capture_output=True, text=True,
                                  check=False)
            self.assertRegex(done.stdout, r"^(\d+) runs: \1 done before\n$", msg=command + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
