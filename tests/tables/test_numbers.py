"""Numbers as people write them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.tables.numbers import Numbers, parse_number, parse_numbers


def parse(*cells: str, decimal: str | None = None, grouped: bool = True) -> Numbers:
    text = pa.array(cells, pa.large_string())
    missing = np.zeros(len(cells), dtype=bool)
    return parse_numbers(text, missing, decimal, grouped=grouped)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1234.5", 1234.5),
        ("-3", -3),
        ("+.5", 0.5),
        ("1e3", 1000),
        ("12,000", 12000),
        ("1,234,567.89", 1234567.89),
        ("12,5", 12.5),
        ("0,125", 0.125),
        ("1234,567", 1234.567),
        ("1.234", 1.234),
        ("1.234,5", 1234.5),
        ("1.234.567", 1234567),
        ("12 000,5", 12000.5),
        ("12\u00a0000", 12000),
        ("12\u202f000.25", 12000.25),
        ("12'000", 12000),
        ("12\u2019000", 12000),
        ("1,00,000", 100000),
        ("$1,200", 1200),
        ("-$5", -5),
        ("$-5", -5),
        ("€ 1.200,50", 1200.5),
        ("1200 €", 1200),
        ("\uffe5\uff11\uff12", 12),
        ("\uff11\uff12\uff0e\uff15", 12.5),
        ("\u0661\u0662", 12),
        ("\u22127", -7),
    ],
)
def test_one_cell(cell: str, value: float) -> None:
    """Each common way of writing must give the number that was meant."""
    numbers = parse(cell)
    assert not numbers.bad
    assert numbers.values.tolist() == [value]


@pytest.mark.parametrize(
    "cell",
    [
        "n/a",
        "abc",
        "1\xa02",
        "5\xa0kg",
        "1e400",
        "-1e999",
        "inf",
        "nan",
        "12%",
        "1_000",
        "0x10",
        "1,2,3",
        "5²",
        "½",
        "①",
        "(5)",
        "--5",
        "12,00,5",
        "$",
        "1.2.3",
        "1e",
        "$5€",
        "1,000.000,5",
        "01,000,000",
    ],
)
def test_no_number(cell: str) -> None:
    """What is no number must be named, never guessed."""
    numbers = parse(cell)
    assert list(numbers.bad) == [0]
    assert np.isnan(numbers.values[0])


def test_contradicting_cells_are_faults() -> None:
    """Beside a proven decimal comma, "12,000" and "1.234" may mean either."""
    numbers = parse("12,5", "12,000", "1.234", "7", "12.5")
    assert sorted(numbers.bad) == [1, 2]
    assert "decimal" in numbers.bad[1][1]
    assert numbers.values[[0, 3, 4]].tolist() == [12.5, 7, 12.5]


@pytest.mark.parametrize(
    ("decimal", "values", "bad"),
    [(",", [12.5, 12.0, 1234.0], []), (".", [12000.0, 1.234], [0])],
)
def test_stated_decimal_settles_it(
    decimal: str, values: list[float], bad: list[int]
) -> None:
    """With `decimal` stated there is only one reading of each cell."""
    numbers = parse("12,5", "12,000", "1.234", decimal=decimal)
    assert list(numbers.bad) == bad
    assert numbers.values[~np.isnan(numbers.values)].tolist() == values


def test_degrees_have_no_thousands() -> None:
    """A European latitude with three decimals is not forty-eight thousand."""
    numbers = parse("48,857", "2.352", "-0,5", grouped=False)
    assert numbers.values.tolist() == [48.857, 2.352, -0.5]


def test_restyled_cells_are_counted_once_each() -> None:
    """The note about a column counts cells, and shows one."""
    numbers = parse("1", "1,000", "2,000", "2,000")
    assert numbers.restyled == 3
    assert numbers.example == ("1,000", 1000)


def test_missing_cells_are_left_alone() -> None:
    """A sign for 'not known' is no fault."""
    text = pa.array(["n/a", "5"])
    numbers = parse_numbers(text, np.array([True, False]))
    assert not numbers.bad
    assert np.isnan(numbers.values[0])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_repr_reads_back(value: float) -> None:
    """Clean files hold repr of a float: it must come back bit by bit."""
    assert parse_number(repr(value)) == value


@given(st.text(max_size=8))
def test_any_text_is_number_or_fault(text: str) -> None:
    """No text crashes the parser, and none becomes an infinite number."""
    numbers = parse(text.strip())
    assert np.isfinite(numbers.values[0]) != bool(numbers.bad)
