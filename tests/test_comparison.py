"""Winners, today's ways, page and workbook of a comparison; and its cache."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from small import ACCOUNTS
from test_compare import SCENARIO, folder

from planner.cli import main
from planner.comparison import compare, solve_many
from planner.comparison.content import Content, build
from planner.comparison.moves import flows_of
from planner.comparison.names import Wanted, is_way, wanted_ways
from planner.comparison.run import FILES, entries_of, run_comparison
from planner.comparison.sides import read_side
from planner.comparison.text import number, signed
from planner.errors import PlannerError
from planner.executor import FAILED, Outcome, run

STAY = {"a1": "r1", "a2": "r1", "a3": "r2"}
MOVE = {"a1": "r1", "a2": "r2", "a3": "r2"}


def run_cli(*args: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, [str(arg) for arg in args])


def plans(tmp_path: Path, *brackets: tuple[int, int]) -> list[Path]:
    """Plan folders p0, p1, ... with these bounds and costs."""
    return [
        folder(tmp_path / f"p{at}", MOVE if at else STAY, cost=cost, bound=bound)
        for at, (bound, cost) in enumerate(brackets)
    ]


def best(tmp_path: Path, key: str, *brackets: tuple[int, int]) -> str:
    """Return what wins a figure."""
    return str(compare(plans(tmp_path, *brackets)).loc[key, "best"])


# ---- winners -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brackets", "winner"),
    [
        (((700, 800), (900, 1000)), "p0"),
        (((700, 1000), (600, 690)), "p1"),
        (((700, 800), (790, 1000)), "tied"),  # p1 might still come to 7.90
        (((700, 800), (800, 1000)), "tied"),  # or to 8.00
        (((700, 800), (801, 1000)), "p0"),
        (((700, 800), (800, 800)), ""),  # the same cost
        (((700, 700), (900, 1000), (690, 900)), "tied"),
        (((700, 700), (900, 1000), (700, 700)), "tied"),
    ],
)
def test_cost_is_won_only_where_brackets_are_apart(
    tmp_path: Path, brackets: tuple[tuple[int, int], ...], winner: str
) -> None:
    """A plan costs least where no other scenario can have as cheap a plan."""
    assert best(tmp_path, "cost", *brackets) == winner


def test_other_figures_go_to_the_better_value(tmp_path: Path) -> None:
    """Travel 8 km against 10; nobody wins a gap, or what is neither good nor bad."""
    table = compare(plans(tmp_path, (700, 800), (900, 1000)))
    assert table.loc["travel_km", "best"] == "p0"
    assert table.loc["accounts_moved", "best"] == "p0"
    assert (
        table.loc[["gap", "accounts", "accounts_changed"], "best"].tolist() == [""] * 3
    )
    assert table.loc["reps_without_accounts", "best"] == ""  # all alike


def test_nobody_wins_what_cannot_be_compared(tmp_path: Path) -> None:
    """Neither between currencies nor between other accounts."""
    one = folder(tmp_path / "one", STAY, cost=800)
    euro = folder(tmp_path / "euro", MOVE, currency="EUR")
    assert compare([one, euro]).loc["cost", "best"] == ""
    assert compare([one, euro]).loc["travel_km", "best"] == "one"


# ---- today's ways --------------------------------------------------------------------


def test_words_for_ways() -> None:
    """A bare word means both kinds, a colon one of them; files come first."""
    assert is_way("nearest")
    assert is_way("rotation:kept")
    assert not is_way("nearest:best")
    assert not is_way("plan.toml")
    assert wanted_ways(["today:raw", "today"], every=False) == [
        Wanted("today", "raw", True),
        Wanted("today", "kept", True),
    ]
    assert len(wanted_ways(["today"], every=True)) == 12


def test_todays_ways_stand_beside_a_plan(tmp_path: Path) -> None:
    """Nearest: a2 is nearer to r1 (8.00 in all), who is full: 10.00 by the rules."""
    plan = folder(tmp_path / "plan", MOVE)
    table = compare([plan], baselines=["nearest", "today:raw"])
    names = ["plan", "nearest:raw", "nearest:kept", "today:raw"]
    assert table.columns.tolist()[4:8] == names
    assert table.loc["cost", names].tolist() == [10, 8, 10, 8]
    assert table.loc["rules_broken", names].tolist() == [0, 1, 0, 1]
    assert table.loc["travel_km", names].tolist() == [10, 8, 10, 8]
    assert table.loc["accounts_changed", names].tolist() == [0, 1, 0, 1]
    assert table.loc["bound", names].isna().tolist() == [False, True, True, True]
    assert table.loc["travel_km", "best"] == "", "what breaks rules wins nothing"


def test_ways_that_there_are_not(tmp_path: Path) -> None:
    """A note for each that was named; of all, those that there are."""
    plan = folder(tmp_path / "plan", MOVE)
    table = compare([plan], baselines=["rules:raw", "today"])
    assert table.columns.tolist()[4:7] == ["plan", "today:raw", "today:kept"]
    assert any("the scenario says nothing under baselines.rules" in note
               for note in table.attrs["notes"])  # fmt: skip
    every = compare([plan], baselines=True)
    assert "random:kept" in every.columns
    assert "rules:raw" not in every.columns
    with pytest.raises(PlannerError, match=r"'closest' is none of today's ways: today"):
        compare([plan], baselines=["closest"])


def test_today_is_none_where_nobody_has_an_owner(tmp_path: Path) -> None:
    """Named, it says why; among all it is passed over."""
    accounts = ACCOUNTS.replace(",r1,", ",,").replace(",r2,", ",,")
    plan = folder(tmp_path / "plan", MOVE, accounts=accounts)
    table = compare([plan], baselines=["today", "nearest"])
    assert table.columns.tolist()[4:7] == ["plan", "nearest:raw", "nearest:kept"]
    assert any("no account has an owner among the reps" in note
               for note in table.attrs["notes"])  # fmt: skip


# ---- the first one's prices ----------------------------------------------------------


def test_plans_are_priced_by_the_first_scenario(tmp_path: Path) -> None:
    """A scenario of twice the price: its plan of 10 km costs 10.00 by the first."""
    first = folder(tmp_path / "first", STAY, cost=800)
    dear = SCENARIO.replace("cost_per_km = 1", "cost_per_km = 2")
    second = folder(tmp_path / "dear", MOVE, cost=2000, bound=1900, scenario=dear)
    table = compare([first, second])
    assert table.loc["cost_at_first", ["first", "dear"]].tolist() == [8, 10]
    assert table.loc["broken_at_first", ["first", "dear"]].tolist() == [1, 0]
    assert "cost_at_first" not in compare([first, first.with_name("first")]).index


def test_a_plan_that_serves_the_first_better_is_named(tmp_path: Path) -> None:
    """It keeps the rules of the first and costs less by its prices."""
    first = folder(tmp_path / "first", {**MOVE, "a3": "r1"}, cost=1800, bound=900)
    dear = SCENARIO.replace("cost_per_km = 1", "cost_per_km = 2")
    second = folder(tmp_path / "dear", MOVE, cost=2000, bound=1900, scenario=dear)
    notes = compare([first, second]).attrs["notes"]
    assert any(note.startswith("The plan of dear keeps the rules of first and costs")
               for note in notes)  # fmt: skip


# ---- files ---------------------------------------------------------------------------


def test_a_plan_is_read_once_for_as_long_as_it_stays(tmp_path: Path) -> None:
    """Then anew, whichever of its files has changed."""
    (path,) = plans(tmp_path, (700, 800))
    first = read_side(path, "one")
    again = read_side(path, "other")
    assert (first.name, again.name) == ("one", "other")
    assert again.tables is first.tables
    text = (path / "plan.csv").read_text("utf-8")
    (path / "plan.csv").write_text(text.replace("a2,r1", "a2,r2"), "utf-8")
    fresh = read_side(path, "one")
    assert (first.owner["a2"], fresh.owner["a2"]) == ("r1", "r2")


@pytest.fixture
def content(tmp_path: Path) -> Content:
    """Two plans and a way; a customer whose name is a formula, and one of HTML."""
    accounts = ACCOUNTS.replace("Beta", "=1+1").replace("Gamma", "<script>alert(1)")
    first = folder(tmp_path / "one", STAY, cost=800, accounts=accounts)
    second = folder(tmp_path / "two", MOVE, accounts=accounts)
    ways = [Wanted("nearest", "raw", True)]
    missing = {"lost": "failed; killed by SIGKILL"}
    return build([("one", first), ("two", second)], missing, ways)


def test_flows_sum_up_what_moves(content: Content) -> None:
    """One account of 200 from r1 to r2."""
    flows = content.flows["one", "two"]
    assert flows.to_dict("records") == [
        {"from_rep": "r1", "to_rep": "r2", "accounts": 1, "value": 200}
    ]
    assert content.flows["one", "nearest:raw"].empty
    empty = flows_of(content.moves["one", "nearest:raw"])
    assert list(empty) == ["from_rep", "to_rep", "accounts", "value"]


def test_the_page_stands_alone(content: Content, tmp_path: Path) -> None:
    """Nothing is loaded, nothing is run, and no name is markup."""
    from planner.comparison.page import write_page

    path = tmp_path / "page.html"
    write_page(path, content, "en")
    page = path.read_text("utf-8")
    assert not re.findall(r"https?:|//[a-z]|@import|<script|<link|<iframe|src=", page)
    assert set(re.findall(r"url\([^)]*\)", page)) <= {"url(#stripes)"}
    assert "&lt;script&gt;alert(1)" in page or "alert(1)" not in page
    assert "Tied at least cost" in page or "costs least" in page
    assert "<b>lost</b>: failed; killed by SIGKILL" in page
    assert "breaks 1 rule(s)" in page
    assert 'class="n best"' in page
    for words in ("Key figures", "What moves between any two", "From whom to whom"):
        assert words in page


def test_the_page_in_chinese(content: Content, tmp_path: Path) -> None:
    """Words and numbers follow the language."""
    from planner.comparison.page import write_page
    from planner.words import set_language

    set_language("zh")
    path = tmp_path / "page.html"
    write_page(path, content, "zh")
    page = path.read_text("utf-8")
    assert '<html lang="zh">' in page
    assert "Key figures" not in page
    assert "What moves" not in page


def test_the_workbook_reads_back(content: Content, tmp_path: Path) -> None:
    """Numbers are numbers, names are texts, whatever they begin with."""
    from planner.comparison.book import write_book

    path = tmp_path / "book.xlsx"
    write_book(path, content)
    book = openpyxl.load_workbook(path)
    names = ["Figures", "Deltas", "Plans", "Who gives to whom", "Moves", "Notes"]
    assert book.sheetnames == names
    rows = {row[0]: row for row in book["Figures"].iter_rows(values_only=True)}
    head = ("Figure", "Unit", "Better", "Best", "one", "two", "nearest:raw")
    assert rows["Figure"] == head
    assert rows["Cost a year"][4:] == (8, 10, 8)
    assert rows["Proven gap"][4:] == (pytest.approx(-0.125), 0.1, None)
    deltas = {row[0]: row for row in book["Deltas"].iter_rows(values_only=True)}
    assert deltas["Cost a year"][2:] == (2, 0)
    moves = list(book["Moves"].iter_rows(values_only=True))
    assert ("one", "two", "a2", "=1+1", 200, "r1", "r2") in moves
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    lost = list(book["Plans"].iter_rows(values_only=True))[-1]
    assert (lost[0], lost[5]) == ("lost", "failed; killed by SIGKILL")


def test_moves_as_csv_are_guarded(tmp_path: Path) -> None:
    """A spreadsheet takes no name for a formula."""
    accounts = ACCOUNTS.replace("Beta", "=1+1")
    one = folder(tmp_path / "one", STAY, cost=800, accounts=accounts)
    two = folder(tmp_path / "two", MOVE, accounts=accounts)
    compare([one, two], output=tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(FILES)
    moves = pd.read_csv(tmp_path / "out" / "moves.csv")
    assert moves["name"].tolist() == ["'=1+1"]
    assert moves["from_rep"].tolist() == ["r1"]


def test_what_is_known_is_not_drawn_again(tmp_path: Path) -> None:
    """The same plans: nothing is written. One changed: all is."""
    folders = plans(tmp_path, (700, 800), (900, 1000))
    for at, path in enumerate(folders):
        certificate = json.loads((path / "certificate.json").read_text("utf-8"))
        certificate["seal"] = f"seal {at}"
        (path / "certificate.json").write_text(json.dumps(certificate), "utf-8")
    out = tmp_path / "out"
    first = run_comparison(entries_of(folders, out), out)
    second = run_comparison(entries_of(folders, out), out)
    assert first.fresh
    assert not second.fresh
    assert second.data == json.loads(json.dumps(first.data))
    (out / "compare.html").unlink()
    assert run_comparison(entries_of(folders, out), out).fresh
    path = folders[1] / "certificate.json"
    path.write_text(path.read_text("utf-8").replace("seal 1", "seal 2"), "utf-8")
    assert run_comparison(entries_of(folders, out), out).fresh


def test_a_comparison_does_not_go_into_a_sealed_folder(tmp_path: Path) -> None:
    """Nor into one within it."""
    folders = plans(tmp_path, (700, 800), (900, 1000))
    for target in (folders[0], folders[0] / "inputs"):
        with pytest.raises(PlannerError, match="is sealed by its certificate"):
            compare(folders, output=target)


# ---- scenarios -----------------------------------------------------------------------


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Children that write hand-made folders, or die: name -> how."""
    fates: dict[str, str] = {}

    def answer(self: Any, payload: dict[str, Any], *_rest: Any) -> dict[str, Any]:
        name, target = payload["name"], Path(payload["folder"])
        if fates.get(name):
            return {"name": name, "status": FAILED, "reasons": [fates[name]]}
        plan = MOVE if name == "b" else STAY
        folder(target, plan, cost=1000, bound=990, seal=payload["key"])
        from planner.executor.jobs import write_record

        outcome = Outcome(
            name, "feasible", target, 10.0, 9.9, 0.01, key=payload["key"],
            seal=payload["key"],
        )  # fmt: skip
        write_record(target, outcome)
        return {"name": name, "status": "feasible", "folder": str(target)}

    monkeypatch.setattr(run.LocalRunner, "run", answer)
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        text = SCENARIO.replace("[travel]", f"[solve]\nseed = {ord(name)}\n[travel]")
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    return fates


def test_scenarios_are_solved_then_compared(
    answers: dict[str, str], tmp_path: Path
) -> None:
    """Into the folder that is stated; the second time nothing is solved."""
    result = run_cli("compare", "a.toml", "b.toml", "nearest:kept")
    assert result.exit_code == 0, result.output
    assert "a: solving" in result.stderr
    assert "comparison/compare.html" in result.stderr.replace("\\", "/")
    assert (tmp_path / "comparison" / "plans" / "a" / "plan.csv").is_file()
    assert result.stdout.splitlines()[0].split() == ["a", "b", "nearest:kept"]
    again = run_cli("compare", "a.toml", "b.toml", "nearest:kept")
    assert again.exit_code == 0
    assert again.stdout == result.stdout
    assert "solving" not in again.stderr
    assert "2 of 2 solved before; --again solves them anew." in again.stderr


def test_one_that_dies_is_missing_and_told(answers: dict[str, str]) -> None:
    """The rest is compared, the exit code is 1, the next run does only that one."""
    answers["b"] = "killed by SIGKILL (out of memory?)"
    result = run_cli("compare", "a.toml", "b.toml", "c.toml", "--json")
    assert result.exit_code == 1
    assert "b: no plan: failed; killed by SIGKILL" in result.stderr
    body = json.loads(result.stdout)
    assert [plan["name"] for plan in body["plans"]] == ["a", "c"]
    assert body["missing"] == {"b": "failed; killed by SIGKILL (out of memory?)"}
    answers.clear()
    result = run_cli("compare", "a.toml", "b.toml", "c.toml")
    assert result.exit_code == 0
    assert [line for line in result.stderr.splitlines() if "solving" in line] == [
        "b: solving"
    ]
    assert "2 of 3 solved before" in result.stderr


def test_too_few_plans_to_compare(answers: dict[str, str]) -> None:
    """Nothing to show, and why."""
    answers["b"] = "killed by SIGKILL"
    result = run_cli("compare", "a.toml", "b.toml")
    assert result.exit_code == 1
    assert "Fewer than two plans, so there is nothing to compare yet." in result.stderr
    with pytest.raises(
        PlannerError, match=r"Fewer than two plans .* b: failed; killed"
    ):
        compare(["a.toml", "b.toml"])


def test_many_from_python(answers: dict[str, str], tmp_path: Path) -> None:
    """Names are those of the files; folders are no scenarios."""
    outcomes = solve_many(["a.toml", "b.toml"], tmp_path / "many")
    assert list(outcomes) == ["a", "b"]
    assert outcomes["b"].folder == tmp_path / "many" / "plans" / "b"
    with pytest.raises(PlannerError, match=r"is a folder\. Name scenario files"):
        solve_many([tmp_path], tmp_path / "many")


def test_a_wrong_word_is_told() -> None:
    """It is taken for a file."""
    result = run_cli("compare", "no.toml", "other.toml")
    assert result.exit_code == 2
    assert "Error: no.toml: cannot be read" in result.stderr


def test_numbers_of_the_terminal() -> None:
    """By unit and size; differences with a sign, or "=" where there is none to see."""
    assert number(0.1234, "share") == "12.34%"
    assert number(1234567.8, "currency") == "1,234,568"
    assert number(12.34, "km") == "12.3"
    assert number(0.5, "") == "0.5000"
    assert number(None, "km") == ""
    assert signed(12.0, "accounts") == "+12"
    assert signed(-0.0000001, "share") == "="
    assert signed(None, "km") == ""
