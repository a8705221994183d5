"""One scenario extends another: what is merged, what is told when it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import ScenarioError
from planner.scenario import parse_scenario, read_scenario
from planner.scenario.extend import DEEPEST, without
from planner.scenario.read import merged

BASE = """\
# everything
name = "base"
accounts = {file = "accounts.csv"}
reps = {file = "reps.csv"}
leave_out = {price = 100}
[travel]
cost_per_km = 0.5
max_km = 400
[[limits]]
measure = "hours"
high = "capacity"
[[balance]]
measure = "value"
tolerance = 0.1
price = 2
[[balance]]
measure = "accounts"
tolerance = 0.2
[[budgets]]
of = "moved_value"
share = 0.15
"""


def write(folder: Path, **files: str) -> Path:
    """Write scenario files by their stems; returns the last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / f"{name}.toml"
        path.write_text(text, "utf-8")
    return path


def test_tables_merge_and_lists_are_replaced() -> None:
    """A list is one value: to keep its entries, name them."""
    base = {"a": {"x": 1, "y": 2}, "list": [1, 2], "z": 3}
    change = {"a": {"y": 5}, "list": [9], "new": {"k": 1}}
    assert merged(base, change) == {
        "a": {"x": 1, "y": 5},
        "list": [9],
        "z": 3,
        "new": {"k": 1},
    }
    assert base == {"a": {"x": 1, "y": 2}, "list": [1, 2], "z": 3}


def test_an_entry_of_a_list_is_changed_by_its_name() -> None:
    """[balance.value] is the entry of that measure, [budgets.moved_value] likewise."""
    base = {
        "balance": [{"measure": "value", "tolerance": 0.1}, {"measure": "hours"}],
        "budgets": [{"of": "travel", "max": 5}],
        "pins": [{"accounts": ["a"]}, {"accounts": ["b"]}],
    }
    change = {
        "balance": {"value": {"tolerance": 0.05}},
        "budgets": {"travel": {"max": 4}},
        "pins": {"1": {"accounts": ["c"]}},
    }
    assert merged(base, change) == {
        "balance": [{"measure": "value", "tolerance": 0.05}, {"measure": "hours"}],
        "budgets": [{"of": "travel", "max": 4}],
        "pins": [{"accounts": ["a"]}, {"accounts": ["c"]}],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"balance": {"sales": {"price": 1}}},
            r"balance\.sales: there is no such entry .* there are: value, value",
        ),
        (
            {"balance": {"value": {"price": 1}}},
            r"balance\.value: 2 entries have this name\. Name one by its position: "
            r"balance\.0, balance\.1",
        ),
        ({"pins": {"2": {}}}, r"pins\.2: there is no such entry .* there are: 0"),
    ],
)
def test_a_name_must_mean_one_entry(change: dict[str, object], said: str) -> None:
    """The message says which there are."""
    base = {
        "balance": [{"measure": "value"}, {"measure": "value", "per": "team"}],
        "pins": [{"accounts": ["a"]}],
    }
    with pytest.raises(ScenarioError, match=said):
        merged(base, change)
    second = {"balance": {"1": {"price": 1}}}
    assert merged(base, second)["balance"][1]["price"] == 1


def test_keys_are_left_out_by_name() -> None:
    """A key, a key of a table, an entry of a list, a key of an entry."""
    raw = {
        "leave_out": {"price": 1},
        "travel": {"max_km": 4, "circuity": 1.2},
        "balance": [{"measure": "value", "price": 2}, {"measure": "hours"}],
    }
    assert "leave_out" not in without(raw, "leave_out")
    assert without(raw, "travel.max_km")["travel"] == {"circuity": 1.2}
    assert without(raw, "balance.hours")["balance"] == raw["balance"][:1]
    assert without(raw, "balance.value.price")["balance"][0] == {"measure": "value"}
    with pytest.raises(ScenarioError, match=r"drop = 'travel\.no': there is no such"):
        without(raw, "travel.no")
    with pytest.raises(ScenarioError, match=r"drop = 'travel\.max_km\.deep'"):
        without(raw, "travel.max_km.deep")


def test_a_file_extends_another(tmp_path: Path) -> None:
    """Only what differs is written; the text of the whole stands alone."""
    path = write(
        tmp_path,
        base=BASE,
        middle='extends = "base.toml"\n[travel]\ncost_per_km = 0.25\n',
        top='extends = "middle.toml"\nname = "top"\ndrop = ["leave_out"]\n'
        "[balance.value]\ntolerance = 0.05\n",
    )
    scenario = read_scenario(path)
    assert scenario.name == "top"
    assert scenario.travel.cost_per_km == 0.25
    assert scenario.travel.max_km == 400
    assert [b.tolerance for b in scenario.balance] == [0.05, 0.2]
    assert scenario.leave_out is None
    whole = scenario.to_toml()
    assert "extends" not in whole
    assert "drop" not in whole
    assert parse_scenario(whole).model_dump() == scenario.model_dump()
    assert read_scenario(tmp_path / "base.toml").to_toml() == BASE


def test_paths_start_from_the_file_that_names_them(tmp_path: Path) -> None:
    """A base in another folder keeps its tables; one's own are beside oneself."""
    write(tmp_path / "shared", base=BASE)
    path = write(
        tmp_path / "mine" / "deep",
        top='extends = "../../shared/base.toml"\nreps = {file = "reps.csv"}\n'
        'baselines = {rules = "rules.csv"}\n',
    )
    scenario = read_scenario(path)
    assert scenario.accounts is not None
    assert scenario.accounts.file == "../../shared/accounts.csv"
    assert scenario.base / scenario.reps.file == path.parent / "reps.csv"
    assert scenario.baselines.rules == "rules.csv"


def test_absolute_paths_and_words_stay(tmp_path: Path) -> None:
    """bases.candidates = "accounts" is no file."""
    write(
        tmp_path / "shared",
        base='accounts = {file = "/data/accounts.csv"}\n'
        'bases = {open = 2, candidates = "accounts"}\n',
    )
    path = write(tmp_path / "mine", top='extends = "../shared/base.toml"\n')
    scenario = read_scenario(path)
    assert scenario.accounts is not None
    assert scenario.accounts.file == Path("/data/accounts.csv").as_posix() or (
        (scenario.base / scenario.accounts.file).resolve()
        == Path("/data/accounts.csv").resolve()
    )
    assert scenario.bases is not None
    assert scenario.bases.candidates == "accounts"


def test_a_circle_is_told(tmp_path: Path) -> None:
    """The chain is spelled out."""
    write(tmp_path, a='extends = "b.toml"\n', b='extends = "a.toml"\n')
    with pytest.raises(ScenarioError, match=r"in a circle: .*a\.toml > .*b\.toml > "):
        read_scenario(tmp_path / "a.toml")


def test_a_long_chain_is_told(tmp_path: Path) -> None:
    """More than twenty files are a mistake."""
    for n in range(DEEPEST + 1):
        write(tmp_path, **{f"s{n}": f'extends = "s{n + 1}.toml"\n'})
    with pytest.raises(ScenarioError, match="extends more than 20 files"):
        read_scenario(tmp_path / "s0.toml")


def test_a_missing_base_names_both(tmp_path: Path) -> None:
    """Who wanted it, and where it was looked for."""
    path = write(tmp_path, top='extends = "no.toml"\n')
    said = r"top\.toml: extends .*no\.toml, which cannot be read \(No such file"
    with pytest.raises(ScenarioError, match=said):
        read_scenario(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends = 3\n", r"top\.toml: extends = 3: expected the path"),
        ('extends = "base.toml"\ndrop = "x"\n', r"top\.toml: drop: expected a list"),
        (
            'extends = "base.toml"\ndrop = ["x"]\n',
            r"top\.toml: drop = 'x': there is no",
        ),
        (
            'extends = "base.toml"\n[balance.sales]\nprice = 1\n',
            r"top\.toml: balance\.sales: there is no such entry",
        ),
        (
            'extends = "base.toml"\n[balance.value]\ntolerence = 1\n',
            r"top\.toml: unknown key 'balance\[0\]\.tolerence'",
        ),
        ('extends = "base.toml"\n[travel]\ncost_per_km = -1\n', r"top\.toml: travel"),
        ('extends = "base.toml"\n[travel\n', r"top\.toml: is not valid TOML"),
    ],
)
def test_faults_name_the_file(tmp_path: Path, text: str, said: str) -> None:
    """Of two files, the one to be mended."""
    path = write(tmp_path, base=BASE, top=text)
    with pytest.raises(ScenarioError, match=said):
        read_scenario(path)


def test_faults_of_the_base_name_the_base(tmp_path: Path) -> None:
    """Both at once."""
    path = write(
        tmp_path,
        base=BASE.replace("max_km = 400", "max_kn = 400"),
        top='extends = "base.toml"\n[solve]\nseed = -1\n',
    )
    with pytest.raises(ScenarioError, match="unknown key") as caught:
        read_scenario(path)
    lines = str(caught.value).splitlines()
    assert any("base.toml: unknown key 'travel.max_kn'" in line for line in lines)
    assert any("top.toml: solve.seed" in line for line in lines)


def test_text_alone_extends_nothing() -> None:
    """It has no folder to look in."""
    with pytest.raises(ScenarioError, match="extends is only for a scenario that is"):
        parse_scenario('extends = "base.toml"\n' + BASE)
