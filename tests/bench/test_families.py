"""Files of districting, tdp and cpmp: read, refused, counted again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toys import LINE, LINE_INERTIA, LINE_KNOWN, PAIRS, SIX, write, write_line

from planner.bench.cpmp import Cpmp
from planner.bench.districting import Districting
from planner.bench.families import read_instances
from planner.bench.instance_file import BestKnown
from planner.bench.tdp import Tdp
from planner.errors import PlannerError


def read(family: str, *paths: Path, objective: str = "") -> list:
    """Return the instances of files."""
    return [instance for _path, instance in read_instances(family, paths, objective)]


def refused(family: str, *paths: Path) -> list[str]:
    """Return the lines of the error that reading the files ends with."""
    with pytest.raises(PlannerError, match=r"fault\(s\) in the instances") as caught:
        read(family, *paths)
    return str(caught.value).splitlines()


# ---- districting ---------------------------------------------------------------------


def test_districting_has_an_instance_for_each_objective(tmp_path: Path) -> None:
    """Numbers of districts and ends of population come from the table."""
    inertia, cut = read("districting", write_line(tmp_path))
    assert isinstance(inertia, Districting)
    assert (inertia.name, cut.name) == ("inertia-line", "cut_edges-line")
    assert (inertia.units, inertia.k, inertia.low, inertia.high) == (4, 2, 20, 20)
    assert inertia.best == BestKnown(0.25, 0.25, 0.005)
    assert cut.best == BestKnown(1.0, 1.0)
    assert (inertia.whole, cut.whole) == (False, True)
    assert [
        each.name
        for each in read("districting", tmp_path / "line.txt", objective="cut_edges")
    ] == ["cut_edges-line"]


def test_districting_counts_again(tmp_path: Path) -> None:
    """Inertia to the best centre, cut edges, and what a plan breaks."""
    inertia, cut = read("districting", write_line(tmp_path))
    good, torn = np.array([7, 7, 3, 3]), np.array([0, 1, 0, 1])
    assert inertia.recount(good).value == pytest.approx(LINE_INERTIA, rel=1e-12)
    assert inertia.recount(good).breaks == ()
    assert cut.recount(good) == (1.0, ())
    assert cut.recount(torn) == (3.0, ("4 pieces for 2 territories",))
    assert cut.recount(np.array([0, 1, 1, 1])).breaks == ("off by 50 %",)
    assert cut.recount(np.array([0, 0, 0, 0])).breaks == (
        "1 territories instead of 2",
        "off by 100 %",
    )


def test_every_fault_of_a_map_is_named(tmp_path: Path) -> None:
    """Words, places, pairs and the table, all in one go."""
    text = LINE.replace("10 1 0", "-10 190 0").replace("01005 10 2 0", "01005 10 2")
    text = text.replace("1 2\n2 3", "1 4\n1 0")
    known = LINE_KNOWN.replace("cut_edges,line,4,2,20,20", "cut_edges,line,4,0,20,x")
    lines = refused("districting", write(tmp_path, "line.txt", text, known))
    assert lines[0] == "6 fault(s) in the instances:"
    said = "\n".join(lines)
    whole = "a whole number from 0 to 2^53 is expected"
    assert f"row 3, column population = '-10': {whole}. Correct it." in said
    assert "row 3, column lon = '190': a number from -180 to 180 is expected" in said
    assert "row 4 = '01005 10 2': 4 word(s) are expected: geoid population" in said
    assert "row 7, column v = '4': a unit from 0 to 3 is expected" in said
    assert "column k = 'line cut_edges: 0': a whole number from 1 to 2^53" in said
    assert "column population_high = 'line cut_edges: x'" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("4 3\n", "4 2\n", "4 units and 2 pairs take 7 lines, there are 8"),
        ("4 3\n", "4\n", "2 word(s) are expected: n m"),
        ("2 3\n", "1 0\n", "row 6 has the same pair. Give each pair of"),
        ("2 3\n", "2 2\n", "a unit is no neighbour of itself"),
        ("01003", "01001", "column geoid = '01001': two units have this id"),
    ],
)
def test_odd_maps(old: str, new: str, said: str, tmp_path: Path) -> None:
    """Whatever a file holds, the answer is one sentence."""
    path = write(tmp_path, "line.txt", LINE.replace(old, new), LINE_KNOWN)
    (_head, line) = refused("districting", path)
    assert said in line


def test_districting_needs_its_table(tmp_path: Path) -> None:
    """Without it nobody knows how many districts are wanted."""
    (_head, line) = refused("districting", write(tmp_path, "line.txt", LINE))
    assert "there is no row with instance line and objective inertia or cut" in line
    assert "Add one, with k, population_low and population_high." in line


# ---- tdp -----------------------------------------------------------------------------


def test_tdp_counts_again(tmp_path: Path) -> None:
    """Labels are centres; every activity has its tolerance."""
    (six,) = read("tdp", write(tmp_path, "six_1.dat", SIX))
    assert isinstance(six, Tdp)
    assert (six.name, six.kind, six.units, six.p) == ("six_1", "six", 6, 2)
    assert six.recount(np.array([1, 1, 1, 4, 4, 4])) == (4.0, ())
    assert six.recount(np.array([0, 0, 0, 4, 4, 4])) == (5.0, ())
    assert six.recount(np.array([1, 1, 4, 4, 4, 4])).breaks == ("off by 33.3 %",)
    astray = six.recount(np.array([3, 3, 3, 1, 1, 1]))
    assert astray.breaks == ("6 units with a centre of another territory",)
    assert six.recount(np.array([1, 1, 4, 1, 4, 4])).breaks == (
        "4 pieces for 2 territories",
    )


def test_tdp_ends_are_rounded_inwards(tmp_path: Path) -> None:
    """Halves are counted in tenths, and a tolerance between two steps is cut off."""
    text = SIX.replace("6 5 2 0.0", "6 5 2 0.05").replace("0 0 1 2.5", "0 0 1 2.6")
    (six,) = read("tdp", write(tmp_path, "six", text))
    model = six.model()
    assert model.load[:, 0, 0].tolist() == [1, 26, 1]
    ends = {(band.measure, band.low, band.high) for band in model.bands}
    assert ends == {(0, 3, 3), (1, 72, 79), (2, 3, 3)}  # 75.5 x 0.95 and x 1.05


@pytest.mark.parametrize(
    ("more", "breaks"), [(5.4e-6, ()), (7.2e-6, ("off by 0.00012 %",))]
)
def test_tdp_forgives_what_decimals_hide(
    more: float, breaks: tuple, tmp_path: Path
) -> None:
    """A millionth of the mean; half of it where plans are made."""
    text = SIX.replace("0 0 1 2.5 1", f"0 0 {1 + more:.7f} 2.5 1")
    (six,) = read("tdp", write(tmp_path, "six", text))
    assert six.recount(np.array([1, 1, 1, 4, 4, 4])).breaks == breaks


def test_tdp_faults(tmp_path: Path) -> None:
    """A tolerance is a share, an activity an amount."""
    text = SIX.replace("6 5 2 0.0", "6 5 2 5")
    assert (
        "column tau = '5': a share from 0 to 1"
        in refused("tdp", write(tmp_path, "a", text))[1]
    )
    text = SIX.replace("0 0 1 2.5 1", "0 0 1 2.5 -1")
    assert (
        "row 2, column a3 = '-1': a number from 0 to 2^53"
        in refused("tdp", write(tmp_path, "a", text))[1]
    )


# ---- cpmp ----------------------------------------------------------------------------


def test_cpmp_distances_go_by_the_name(tmp_path: Path) -> None:
    """Straight lines; rounded down for cpmp*; from the matrix for spain*."""
    (pairs,) = read("cpmp", write(tmp_path, "pairs.txt", PAIRS))
    (down,) = read("cpmp", write(tmp_path, "cpmp1.txt", PAIRS))
    (tmp_path / "spain.grd").write_text("0 3 9 9 4 0 9 9 9 9 0 5 9 9 6 0\n", "utf-8")
    (matrix,) = read("cpmp", write(tmp_path, "spain4_2.txt", PAIRS))
    assert isinstance(pairs, Cpmp)
    label = np.array([0, 0, 3, 3])
    assert pairs.recount(label).value == pytest.approx(2 * 1.25**0.5)
    assert down.recount(label) == (2.0, ())
    assert matrix.recount(label) == (4.0 + 5.0, ())
    assert [each.whole for each in (pairs, down, matrix)] == [False, True, True]
    assert [each.kind for each in (pairs, down, matrix)] == ["pairs", "cpmp", "spain4"]


def test_cpmp_counts_what_a_plan_breaks(tmp_path: Path) -> None:
    """Number of medians, capacity, medians that another serves."""
    (pairs,) = read("cpmp", write(tmp_path, "pairs.txt", PAIRS))
    assert pairs.recount(np.array([0, 0, 0, 3])).breaks == (
        "1 medians over capacity, by 50 %",
    )
    assert pairs.recount(np.array([1, 0, 3, 3])).breaks == (
        "3 medians instead of 2",
        "2 medians served by another",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("4 2\n", "4 5\n", "the first line gives the numbers of points and medians"),
        ("4 2\n", "5 2\n", "5 points take 22 numbers, there are 18"),
        ("0.5 2 1\n 1", "0.5 -2 1\n 1", "column capacity = 'point 0: -2': a number"),
        (" 9 0.0", " nine 0.0", "row 4 = 'nine': a number is expected"),
    ],
)
def test_cpmp_faults(old: str, new: str, said: str, tmp_path: Path) -> None:
    """One sentence for each."""
    (_head, line) = refused("cpmp", write(tmp_path, "a", PAIRS.replace(old, new, 1)))
    assert said in line


def test_cpmp_matrix_is_missed(tmp_path: Path) -> None:
    """Straight lines would be another question."""
    path = write(tmp_path, "spain1", PAIRS)
    assert "spain.grd: it cannot be opened" in refused("cpmp", path)[1]
    (tmp_path / "spain.grd").write_text("1 2 3", "utf-8")
    assert "4 points take 16 distances, there are 3" in refused("cpmp", path)[1]


# ---- published files, and another's count --------------------------------------------


@pytest.mark.parametrize(
    ("family", "ending", "count"),
    [("districting", "*.txt", 24), ("tdp", "*.dat", 65), ("cpmp", "*.txt", 34)],
)
def test_published_instances_are_read(
    family: str, ending: str, count: int, reference: Path
) -> None:
    """Every file of the reference folder, each with its published value."""
    files = sorted((reference / "bench" / family).glob(ending))
    found = read(family, *files)
    assert len(found) >= count
    assert all(instance.best.value for instance in found)


@pytest.mark.parametrize(
    ("family", "file"),
    [
        ("districting", "county-NM.txt"),
        ("districting", "tract-NH.txt"),
        ("tdp", "2DU60-05-1.dat"),
        ("tdp", "planar500_G1_10_05.dat"),
        ("cpmp", "cpmp01.txt"),
        ("cpmp", "spain737_74_1.txt"),
        ("cpmp", "SJC2.txt"),
    ],
)
def test_count_agrees_with_an_independent_one(
    family: str, file: str, reference: Path, tmp_path: Path
) -> None:
    """Plans that grow from centres, whatever they break, and random ones."""
    path = reference / "bench" / family / file
    rng = np.random.default_rng(7)
    for instance in read(family, path):
        centres = rng.choice(instance.units, instance.reps, replace=False)
        near = (
            instance.place
            if family != "districting"
            else np.stack([instance.longitude, instance.latitude], 1)
        )
        apart = ((near[:, None] - near[centres]) ** 2).sum(axis=2)
        for label in (
            centres[apart.argmin(axis=1)],
            rng.choice(centres, instance.units),
        ):
            solution = tmp_path / "a.sol"
            solution.write_text("".join(f"{each}\n" for each in label), "utf-8")
            args = [str(path), str(solution)]
            if family == "districting":
                args += ["--low", str(instance.low), "--high", str(instance.high)]
                args += ["-k", str(instance.k), "--objective", instance.objective]
            script = str(reference / "bench" / "score.py")
            done = subprocess.run(
                [sys.executable, script, family, *args], capture_output=True, text=True
            )
            value, said = done.stdout.strip().split(" ", 1)
            count = instance.recount(label)
            assert float(value) == pytest.approx(count.value, abs=6e-5)
            assert (said == "feasible") == (not count.breaks)
