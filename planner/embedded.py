"""The data that comes with the package: the demo, and an example to start from."""

from __future__ import annotations

from pathlib import Path

from planner.errors import PlannerError
from planner.words import _, codes, language

DEMOS = ("us", "cn")
"""Countries that there is a demo of."""

_PACKAGE = Path(__file__).parent


def data_folder() -> Path:
    """
    Folder of the embedded data: inside the wheel, or beside the package in a checkout.

    Raises
    ------
    PlannerError
        If the installation is not complete.
    """
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if (folder / "us" / "demo.toml").is_file():
            return folder
    raise PlannerError(
        _(
            "The embedded data is missing. Install the package again: pip install "
            "--force-reinstall territory-planner"
        )
    )


def demo_scenario(country: str = "us") -> Path:
    """
    Path of a demo's scenario file.

    Parameters
    ----------
    country
        One of `DEMOS`: "us", accounts shared among reps; "cn", cities as regions.
    """
    return data_folder() / country / "demo.toml"


def write_example(folder: Path) -> list[Path]:
    """
    Write a small commented scenario with its tables; nothing is overwritten.

    Raises
    ------
    PlannerError
        If one of the files is there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    example = _example()
    paths = [folder / name for name in example]
    if taken := [str(path) for path in paths if path.exists()]:
        raise PlannerError(
            _(
                "{paths} exist(s) already and is left alone. Name another folder: "
                "planner init FOLDER"
            ).format(paths=", ".join(taken))
        )
    for path, text in zip(paths, example.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def _example() -> dict[str, str]:
    """Return file name -> text, in the chosen language if it has an example."""
    for code in codes(language()):
        if (folder := _PACKAGE / "examples" / code).is_dir():
            files = sorted(folder.iterdir(), key=lambda path: path.suffix != ".toml")
            return {path.name: path.read_text(encoding="utf-8") for path in files}
    return _EXAMPLE


_EXAMPLE = {
    "plan.toml": """\
# A scenario: what is allowed and what is wanted. All keys: planner schema
name = "Example"
currency = "EUR"

[accounts]
file = "accounts.csv"               # contract of the columns: planner columns
[accounts.fields]                   # field = column, constant or lookup
visits = { lookup = "grade", table = { A = 24, B = 12, C = 4 } }
hours_per_visit = { constant = 2 }

[reps]
file = "reps.csv"

[[limits]]                          # hard: hours of visits and of travel
measure = "workload"
high = "capacity"

[measures.workload]
of = "hours"
travel = true

[[balance]]                         # equal value within 15 %, else 0.05 a unit
measure = "value"
tolerance = 0.15
price = 0.05

[handover]                          # value at risk when a customer changes hands
value_share = 0.02

[[budgets]]                         # hard: at most half of the value may change hands
of = "moved_value"
share = 0.5

[solve]
time_limit = 20
""",
    "accounts.csv": """\
account_id,name,latitude,longitude,grade,value,skills,owner
A01,Bäckerei Müller,52.52,13.40,A,90000,,R1
A02,Café Central,48.21,16.37,B,40000,,R2
A03,Librairie Dupont,48.85,2.35,A,120000,,R1
A04,Officina Rossi,45.46,9.19,B,60000,service,R2
A05,Nordic Tools,55.68,12.57,C,20000,service,R1
A06,Lumière SA,45.76,4.84,C,15000,,R3
A07,Praha Servis,50.08,14.43,B,50000,service,R3
A08,Warsaw Retail,52.23,21.01,A,80000,,R3
A09,Amsterdam BV,52.37,4.90,B,70000,,R1
A10,München Technik,48.14,11.58,A,110000,service,R2
""",
    "reps.csv": """\
rep_id,name,latitude,longitude,capacity,skills
R1,Anna Petrović,50.94,6.96,1600,
R2,Wei Zhang,48.21,16.37,1600,service
R3,Jan Novák,50.08,14.43,1600,service
""",
}
