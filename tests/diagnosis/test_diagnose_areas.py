"""Plans by regions that cannot be: squares on a grid."""

from __future__ import annotations

import pytest
from tiles import asked, one_each, tiles

import planner

HEAVY = [9.0, 1.0, 1.0, 1.0, 1.0, 1.0]
BAND = '[[balance]]\nmeasure = "value"\nhard = true\ntolerance = 0.2\n'


def told(rules: str, regions: object, reps: int = 3) -> planner.Diagnosis:
    """Diagnose with an account in each region."""
    scenario = asked(rules, reps=reps, seconds=20)
    return planner.diagnose(scenario, accounts=one_each(regions), regions=regions)


def rules_of(found: planner.Diagnosis) -> set[str]:
    """Rules of the first conflict."""
    assert found.conflict is not None
    assert found.conflict.minimal
    return {member.rule for member in found.conflict.members}


def test_a_region_above_every_band() -> None:
    """9 of 14 in one region: only a wider band helps, by 92.9 % of the mean."""
    found = told(BAND, tiles(2, 3, value=HEAVY))
    assert "more than any band allows" in found.arithmetic[0]
    assert rules_of(found) == {"balance[0]"}
    (option,) = found.options
    assert option.changes == ("widen the tolerance of balance[0] from 20 % to 92.9 %",)
    assert option.least
    assert any("9 value, 4 above 5" in line for line in found.notes)


def test_crossing_pins_need_a_map_that_lets_them_cross() -> None:
    """Opposite corners to the same reps: two paths that would have to cross."""
    pins = (
        'pins = [{regions = ["r00", "r22"], reps = ["T01"]}, '
        '{regions = ["r02", "r20"], reps = ["T02"]}]\n'
    )
    found = told(pins, tiles(3, 3), reps=2)
    assert rules_of(found) == {"pins[0]", "pins[1]", "areas.contiguous"}
    assert all(option.price == 500 for option in found.options)


def test_a_locked_map_in_pieces() -> None:
    regions = tiles(1, 4, owner=["T01", "T02", "T02", "T01"])
    found = told('areas = {locked_reps = ["T01"]}\n', regions, reps=2)
    assert rules_of(found) == {"areas.locked_reps", "areas.contiguous"}
    assert found.options[0].changes == ("take T01 out of areas.locked_reps",)


def test_parts_of_the_map_and_bands() -> None:
    """Parts of 3 and 5 units, bands of 3.6 to 4.4: a quarter more on both sides."""
    regions = tiles(1, 9).drop(index=3).reset_index(drop=True)
    rules = (
        'areas = {islands = "none"}\n[[balance]]\nmeasure = "accounts"\n'
        "hard = true\ntolerance = 0.1\n"
    )
    found = told(rules, regions, reps=2)
    assert rules_of(found) == {"balance[0]", "areas.contiguous"}
    assert found.options[0].changes == (
        "widen the tolerance of balance[0] from 10 % to 25 %",
    )


def test_more_reps_than_regions() -> None:
    found = told("", tiles(1, 2))
    assert rules_of(found) == {"reps"}
    assert found.options == ()


@pytest.mark.parametrize("price", [1000, '"never"'])
def test_territories_in_pieces_only_at_a_price(price: object) -> None:
    regions = tiles(1, 5).iloc[[0, 2, 4]].reset_index(drop=True)
    rules = f'areas = {{islands = "none"}}\n[relax]\ncontiguous = {price}\n'
    found = told(rules, regions, reps=2)
    assert rules_of(found) == {"areas.contiguous"}
    assert [option.price for option in found.options] == (
        [1000.0] if price == 1000 else []
    )


def test_a_region_is_released_from_its_group_with_all_in_it() -> None:
    """A group of 6 in value, and a cap of 4."""
    block, value = ["g", "", "", "", "", "g"], [3.0, 1.0, 1.0, 1.0, 1.0, 3.0]
    rules = (
        'together = [{column = "block"}]\nlimits = [{measure = "value", high = 4}]\n'
    )
    found = told(rules, tiles(1, 6, block=block, value=value))
    assert rules_of(found) == {"together[0]", "limits[0]"}
    freed = [o for o in found.options if "out of the group" in o.changes[0]]
    assert freed
    conditions = freed[0].scenario.together[0].where
    assert [one.column for one in conditions] == ["region_id"]
