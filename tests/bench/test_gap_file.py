"""Instances of the published format: read, refused, counted again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny import TINY, write_tiny

from planner.bench.families import read_instances
from planner.bench.gap_file import GapInstance
from planner.bench.instance_file import BestKnown, best_known, instance_name, only_row
from planner.errors import PlannerError
from planner.problem import evaluate


def refused(*paths: Path) -> list[str]:
    """Return the lines of the error that reading the files ends with."""
    with pytest.raises(PlannerError, match=r"fault\(s\) in the instances") as caught:
        read_instances("gap", paths)
    return str(caught.value).splitlines()


def read_one(path: Path) -> GapInstance:
    """Return the instance of one file."""
    ((_path, instance),) = read_instances("gap", [path])
    assert isinstance(instance, GapInstance)
    return instance


def test_instance_becomes_a_problem(tmp_path: Path) -> None:
    """Costs, uses and capacities stand where the file has them."""
    instance = read_one(write_tiny(tmp_path))
    problem = instance.problem()
    assert (instance.name, problem.n, problem.m) == ("tiny", 3, 2)
    assert problem.start.tolist() == [0, 2, 4, 6]
    assert problem.rep.tolist() == [0, 1] * 3
    assert problem.cost.tolist() == [[1, 3, 5, 2, 4, 6]]
    assert problem.demand.tolist() == [[2] * 6]
    assert [(row.id, row.high, row.price) for row in problem.rows] == [
        ("limits[0]/0", 4, None),
        ("limits[0]/1", 2, None),
    ]
    best = evaluate(problem, problem.arcs_of(np.array([0, 1, 0])))
    assert best.cost == 7
    assert best.feasible


def test_recount_finds_cost_and_overload(tmp_path: Path) -> None:
    """Two jobs are too much for the second agent."""
    instance = read_one(write_tiny(tmp_path))
    assert instance.recount(np.array([0, 1, 0])) == (7, ())
    assert instance.recount(np.array([0, 1, 1])) == (9, ("1 agents over capacity",))


def test_jobs_too_large_for_an_agent_are_no_arcs(tmp_path: Path) -> None:
    """A pair that no solution can use is not handed to a solver."""
    path = tmp_path / "large"
    path.write_text("2 1\n1\n2\n9\n3\n8\n8\n", "utf-8")
    instance = read_one(path)
    assert instance.problem().rep.tolist() == [1]


def test_every_fault_of_every_file_is_named(tmp_path: Path) -> None:
    """File, line, word, rule and remedy, all files in one go."""
    words, short = tmp_path / "words", tmp_path / "short"
    words.write_text(TINY.replace(" 3 2 6", " 3 x -6"), "utf-8")
    short.write_text(TINY.replace(" 4 2\n", " 4\n"), "utf-8")
    lines = refused(words, tmp_path / "absent", short)
    assert lines[0] == "4 fault(s) in the instances:"
    whole = "a whole number from 0 to 2^53 is expected"
    assert lines[1].startswith(f"{words}, row 3 = 'x': {whole}. Correct it;")
    assert lines[2].startswith(f"{words}, row 3 = '-6': {whole}")
    absent = "it cannot be opened (No such file or directory). Correct the path."
    assert lines[3] == f"{tmp_path / 'absent'}: {absent}"
    count = "2 agents and 3 jobs take 16 numbers, there are 15"
    assert lines[4].startswith(f"{short}, row 6 = '': {count}. Give m n, m rows")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "row 1 = '': the first line gives the numbers of agents and jobs"),
        ("0 3", "row 1 = '': the first line gives the numbers of agents and jobs"),
        ("1 1 2.5 1 1", "row 1 = '2.5': a whole number"),
        ("1 1 nan 1 1", "row 1 = 'nan': a whole number"),
        ("1 1 1e17 1 1", "row 1 = '1e17': a whole number"),
        ("1 1 1 1 1 1", "take 5 numbers, there are 6"),
    ],
)
def test_odd_files(text: str, said: str, tmp_path: Path) -> None:
    """Whatever a file holds, the answer is one sentence."""
    path = tmp_path / "odd"
    path.write_text(text, "utf-8")
    (_head, line) = refused(path)
    assert said in line


def test_same_name_twice_is_a_fault(tmp_path: Path) -> None:
    """The second would write over the first one's solution."""
    first, other = tmp_path / "e.txt", tmp_path / "e.dat"
    for path in (first, other):
        path.write_text(TINY, "utf-8")
    assert f"{first} has the same name" in refused(first, other)[1]


def test_names_keep_what_is_no_usual_ending() -> None:
    """Only endings of text files are dropped."""
    names = ["gap/d20400", "e.txt", "gap1-0", "a.1"]
    assert [instance_name(Path(n)) for n in names] == ["d20400", "e", "gap1-0", "a.1"]


def test_best_known_values_lie_beside_the_instance(tmp_path: Path) -> None:
    """Blank where the table or the instance or the figure is missing."""
    path = tmp_path / "tiny"
    assert best_known(only_row(path)) == BestKnown()
    write_tiny(tmp_path)
    assert best_known(only_row(path)) == BestKnown(7.0, 7.0)
    assert best_known(only_row(tmp_path / "other")) == BestKnown()
    table = tmp_path / "best_known.csv"
    table.write_text("instance,best_known_value,best_known_bound\ntiny,7,\n", "utf-8")
    assert best_known(only_row(path)) == BestKnown(7.0, None)
    table.write_text("instance,value\ntiny,7\n", "utf-8")
    with pytest.raises(
        PlannerError, match="needs the columns instance and best_known_value"
    ):
        best_known(only_row(path))


def test_published_instances_are_read(reference: Path) -> None:
    """Every file of the reference folder."""
    folder = reference / "bench" / "gap"
    files = [p for p in sorted(folder.iterdir()) if p.suffix != ".csv"]
    assert len(read_instances("gap", files)) == len(files) > 90
