"""Many solves: real child processes, one of them killed; answers known again."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from planner.embedded import demo_scenario, write_example
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.executor import FAILED, Job, run, run_jobs
from planner.executor.jobs import Outcome, read_record, seal_of, write_record
from planner.executor.parcel import packed, unpacked
from planner.processes import Child
from planner.scenario import read_scenario

NAMES = ("plan", "tight", "dear")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of `planner init`, and two scenarios that extend it."""
    folder = tmp_path_factory.mktemp("example")
    write_example(folder)
    for name, text in (
        ("tight", "[balance.value]\ntolerance = 0.05\n"),
        ("dear", "[travel]\ncost_per_km = 0.9\n"),
        ("never", "[limits.workload]\nhigh = 1\n"),
    ):
        path = folder / f"{name}.toml"
        path.write_text(f'extends = "plan.toml"\n{text}', "utf-8")
    return folder


def jobs_of(example: Path, out: Path, names: tuple[str, ...] = NAMES) -> list[Job]:
    """One quick job for each scenario."""
    return [
        Job(name, example / f"{name}.toml", out / name, time_limit=5, drawings=False)
        for name in names
    ]


@pytest.fixture(scope="module")
def killed(
    example: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Outcome], list[tuple[str, str]]]:
    """Three solves, two at once; kill -9 hits the second as soon as it runs."""
    out, said = tmp_path_factory.mktemp("out"), []
    children: dict[str, Child] = {}

    class Watched(Child):
        def __init__(self, module: str, job: dict[str, Any], threads: int = 1) -> None:
            super().__init__(module, job, threads)
            children[job["name"]] = self
            if job["name"] == "tight":
                os.kill(self.process.pid, signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "Child", Watched)
        outcomes = run_jobs(
            jobs_of(example, out),
            at_once=2,
            tell=lambda name, state, moment: said.append((name, state)),
        )
    return out, outcomes, said


def test_a_killed_child_costs_only_its_own_job(
    killed: tuple[Path, dict[str, Outcome], list[tuple[str, str]]],
) -> None:
    """The others finish, and their folders hold."""
    out, outcomes, said = killed
    assert list(outcomes) == list(NAMES)
    assert outcomes["tight"].status == FAILED
    assert outcomes["tight"].reasons == ("killed by SIGKILL (out of memory?)",)
    assert not outcomes["tight"].complete
    assert ("tight", FAILED) in said
    for name in ("plan", "dear"):
        assert outcomes[name].complete
        assert outcomes[name].status == "optimal"
        assert outcomes[name].folder == out / name
        assert verify(out / name).ok
        assert (name, "done") in said
    assert not list(out.glob(".*")), "nothing half-written stays"


def test_the_next_run_does_only_the_missing_one(
    killed: tuple[Path, dict[str, Outcome], list[tuple[str, str]]], example: Path
) -> None:
    """What is known is told as known, with the same figures."""
    out, before, _said = killed
    states: list[tuple[str, str]] = []
    after = run_jobs(
        jobs_of(example, out),
        tell=lambda name, state, moment: states.append((name, state)),
    )
    assert [one.known for one in after.values()] == [True, False, True]
    assert all(one.complete for one in after.values())
    assert after["plan"].cost == before["plan"].cost
    assert ("plan", "known") in states
    assert ("plan", "solving") not in states
    assert after["tight"].solution().scenario.balance[0].tolerance == 0.05
    whole = (out / "tight" / "inputs" / "scenario.toml").read_text("utf-8")
    assert "extends" not in whole


def test_an_answer_is_found_under_another_name(
    killed: tuple[Path, dict[str, Outcome], list[tuple[str, str]]],
    example: Path,
    tmp_path: Path,
) -> None:
    """Folders moved and files renamed: the question is the same."""
    out, before, _said = killed
    moved = tmp_path / "elsewhere"
    shutil.copytree(example, moved)
    (moved / "plan.toml").rename(moved / "other.toml")
    again = Job("other", moved / "other.toml", out / "other", 5, drawings=False)
    outcome = run_jobs([again])["other"]
    assert outcome.known
    assert outcome.folder == out / "plan"
    assert outcome.cost == before["plan"].cost


def test_no_plan_and_a_fault_are_answers(example: Path, tmp_path: Path) -> None:
    """Infeasible is known the next time; a fault in a table is told in full."""
    broken = example / "broken.toml"
    broken.write_text('extends = "plan.toml"\nreps = {file = "no.csv"}\n', "utf-8")
    jobs = [
        Job("never", example / "never.toml", tmp_path / "never", 5),
        Job("broken", broken, tmp_path / "broken", 5),
    ]
    first = run_jobs(jobs)
    assert first["never"].status == "infeasible"
    assert first["never"].reasons
    assert first["never"].complete
    assert not first["never"].has_plan
    assert first["broken"].status == FAILED
    assert "no.csv cannot be opened" in first["broken"].reasons[1]
    with pytest.raises(PlannerError, match="never: there is no plan: infeasible"):
        first["never"].solution()
    assert read_record(jobs[0]) is not None
    assert read_record(jobs[1]) is None


def test_an_interrupted_solve_leaves_its_best_and_is_gone_on_with(
    tmp_path: Path,
) -> None:
    """Not complete: the next run starts from the plan in hand."""
    path = tmp_path / "demo.toml"
    path.write_text(
        f'extends = "{demo_scenario().as_posix()}"\ndrop = ["balance"]\n'
        '[accounts]\nkeep = [{column = "state", in = ["CA", "OR", "WA", "NV"]}]\n',
        "utf-8",
    )
    job = Job("demo", path, tmp_path / "demo", 600, drawings=False)
    costs: list[float] = []

    def tell(name: str, state: str, moment: Any) -> None:
        if moment is not None and moment.cost < float("inf"):
            costs.append(moment.cost)

    first = run_jobs([job], tell=tell, interrupted=lambda: bool(costs))["demo"]
    assert first.stopped_by == "interruption"
    assert not first.complete
    assert first.has_plan
    costs.clear()
    second = run_jobs([job], tell=tell, interrupted=lambda: bool(costs))["demo"]
    assert not second.known
    assert first.cost is not None
    assert second.cost is not None
    assert second.cost <= first.cost


# ---- what is known by what -----------------------------------------------------------


def key_of(folder: Path, name: str = "plan", **settings: Any) -> str:
    """Key of a scenario in a folder."""
    return Job("any", folder / f"{name}.toml", folder / "out", **settings).key


def test_every_byte_of_the_inputs_counts(example: Path, tmp_path: Path) -> None:
    """A space more in any table is another question; a comment in the scenario not."""
    folder = tmp_path / "copy"
    shutil.copytree(example, folder)
    key = key_of(folder)
    assert key == key_of(example)
    for name in ("accounts.csv", "reps.csv"):
        old = (folder / name).read_bytes()
        (folder / name).write_bytes(old + b" ")
        assert key_of(folder) != key
        (folder / name).write_bytes(old)
    path = folder / "plan.toml"
    text = path.read_text("utf-8")
    path.write_text("# a remark\n" + text, "utf-8")
    assert key_of(folder) == key
    path.write_text(text.replace("0.15", "0.16"), "utf-8")
    assert key_of(folder) != key


def test_rules_seed_time_start_and_parts_count(example: Path, tmp_path: Path) -> None:
    """Whatever the answer depends on."""
    folder = tmp_path / "copy"
    shutil.copytree(example, folder)
    (folder / "rules.csv").write_text("priority,condition,rep\n1,grade=A,R1\n", "utf-8")
    path = folder / "plan.toml"
    text = 'baselines = {rules = "rules.csv"}\nregions = {file = "r.shp"}\n'
    path.write_text(text + path.read_text("utf-8"), "utf-8")
    for part in ("shp", "dbf"):
        (folder / f"r.{part}").write_bytes(b"1")
    key = key_of(folder)
    assert key_of(folder, time_limit=7) != key
    assert key_of(folder, seed=7) != key
    assert key_of(folder, start=folder / "rules.csv") != key
    assert key_of(folder, drawings=False) != key
    for name in ("rules.csv", "r.dbf"):
        old = (folder / name).read_bytes()
        (folder / name).write_bytes(old + b"1")
        assert key_of(folder) != key
        (folder / name).write_bytes(old)
    (folder / "r.txt").write_bytes(b"of the same stem")
    assert key_of(folder) != key
    assert key_of(example) != key


def test_a_record_holds_only_with_its_folder(example: Path, tmp_path: Path) -> None:
    """Another plan in that folder, or none, is not the answer."""
    job = Job("plan", example / "plan.toml", tmp_path / "plan")
    (tmp_path / "plan").mkdir()
    certificate = tmp_path / "plan" / "certificate.json"
    certificate.write_text(json.dumps({"seal": "s1"}), "utf-8")
    known = Outcome("x", "optimal", job.folder, 1.0, 1.0, 0.0, key=job.key, seal="s1")
    write_record(job.folder, known)
    found = read_record(job)
    assert found is not None
    assert (found.name, found.folder, found.known) == ("plan", job.folder, True)
    certificate.write_text(json.dumps({"seal": "s2"}), "utf-8")
    assert read_record(job) is None
    assert seal_of(tmp_path) == ""


def test_one_question_is_solved_once(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twins share the answer; a folder that holds another answer is not overwritten."""
    asked: list[str] = []

    def answer(self: Any, payload: dict[str, Any], *_rest: Any) -> dict[str, Any]:
        folder = Path(payload["folder"])
        asked.append(folder.name)
        folder.mkdir(parents=True)
        seal = {"seal": payload["key"], "format": "planner-certificate/1", "files": {}}
        (folder / "certificate.json").write_text(json.dumps(seal), "utf-8")
        outcome = Outcome(
            payload["name"], "optimal", folder, key=payload["key"], seal=payload["key"]
        )
        write_record(folder, outcome)
        return {"name": payload["name"], "status": "optimal", "folder": str(folder)}

    monkeypatch.setattr(run.LocalRunner, "run", answer)
    plan, tight = example / "plan.toml", example / "tight.toml"
    jobs = [Job("a", plan, tmp_path / "a"), Job("b", plan, tmp_path / "b")]
    outcomes = run_jobs(jobs)
    assert asked == ["a"]
    assert outcomes["b"].folder == tmp_path / "a"
    swapped = [Job("a", tight, tmp_path / "a"), Job("b", plan, tmp_path / "b")]
    outcomes = run_jobs(swapped)
    assert asked == ["a", "a-2"]
    assert outcomes["b"].folder == tmp_path / "a"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (("a", "b"), "have the same name: a"),
        (("b", "a"), "have the same folder"),
    ],
)
def test_names_and_folders_are_unique(
    example: Path, tmp_path: Path, second: tuple[str, str], said: str
) -> None:
    """Else one would overwrite the other."""
    plan = example / "plan.toml"
    jobs = [Job("a", plan, tmp_path / "a"), Job(second[0], plan, tmp_path / second[1])]
    with pytest.raises(PlannerError, match=said):
        run_jobs(jobs)


def test_a_folder_of_something_else_is_refused(example: Path, tmp_path: Path) -> None:
    """Before the work, not after it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("", "utf-8")
    with pytest.raises(PlannerError, match="is not empty and not a plan folder"):
        run_jobs([Job("a", example / "plan.toml", tmp_path / "mine")])


# ---- on another machine --------------------------------------------------------------


def test_a_parcel_holds_the_files_under_their_names(tmp_path: Path) -> None:
    """Relative paths stay; absolute ones become relative; what is missing stays so."""
    home, far = tmp_path / "home", tmp_path / "far"
    (home / "mine").mkdir(parents=True)
    (home / "tables").mkdir()
    far.mkdir()
    (home / "tables" / "a.csv").write_text("accounts", "utf-8")
    (far / "r.csv").write_text("reps", "utf-8")
    scenario = home / "mine" / "s.toml"
    scenario.write_text(
        'accounts = {file = "../tables/a.csv"}\n'
        f'reps = {{file = "{(far / "r.csv").as_posix()}"}}\n'
        'distances = {file = "none.csv"}\n',
        "utf-8",
    )
    payload = {
        "name": "s",
        "scenario": read_scenario(scenario).to_toml(),
        "base": str(scenario.parent),
        "start": None,
        "folder": "x",
    }
    told = unpacked(packed(payload), tmp_path / "there")
    (tmp_path / "there" / "s.toml").write_text(told["scenario"], "utf-8")
    there = read_scenario(tmp_path / "there" / "s.toml")
    base = Path(told["base"])
    assert there.accounts is not None
    assert there.accounts.file == "../tables/a.csv"
    assert (base / there.accounts.file).read_text("utf-8") == "accounts"
    assert not Path(there.reps.file).is_absolute()
    assert (base / there.reps.file).read_text("utf-8") == "reps"
    assert there.distances is not None
    assert not (base / there.distances.file).exists()


def test_on_a_cluster(example: Path, tmp_path: Path) -> None:
    """Inputs go by content, plan folders come back, records are kept here."""
    distributed = pytest.importorskip("distributed", reason="extra `distributed`")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        states: list[str] = []
        outcomes = run_jobs(
            jobs_of(example, tmp_path, ("plan", "never")),
            cluster=address,
            tell=lambda name, state, moment: states.append(state),
        )
    assert outcomes["plan"].status == "optimal"
    assert outcomes["plan"].folder == tmp_path / "plan"
    assert verify(tmp_path / "plan").ok
    assert outcomes["never"].status == "infeasible"
    assert "done" in states
    after = run_jobs(jobs_of(example, tmp_path, ("plan", "never")))
    assert all(one.known for one in after.values())


def test_a_cluster_that_is_not_there(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and a remedy."""
    pytest.importorskip("distributed", reason="extra `distributed`")
    monkeypatch.setattr("planner.executor.cluster.ANSWER_S", 0.5)
    with pytest.raises(PlannerError, match="No Dask scheduler answers at tcp://127"):
        run_jobs(jobs_of(example, tmp_path), cluster="tcp://127.0.0.1:9")


def test_a_failure_to_draw_keeps_the_plan(tmp_path: Path) -> None:
    """The plan folder is written without drawings, and why is told."""
    from planner.executor.child import _save

    class Drawn:
        def __init__(self) -> None:
            self.asked: list[bool] = []

        def save(self, folder: Path, *, drawings: bool) -> list[str]:
            self.asked.append(drawings)
            if drawings:
                raise RuntimeError("no font")
            return []

    solution: Any = Drawn()
    said = _save(solution, tmp_path / "plan", True)
    assert solution.asked == [True, False]
    assert "map and report could not be drawn (no font)." in said[0]
