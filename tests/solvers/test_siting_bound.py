"""The bound of siting: never above the best plan, and equal to it where it can be."""

from __future__ import annotations

import numpy as np
import pytest
from siting_models import best_plan, random_model

from planner.solvers.result import Watch
from planner.solvers.siting.bound import site_bound
from planner.solvers.siting.model import SitingModel


@pytest.mark.parametrize("seed", range(60))
def test_bound_is_valid_and_reduced_costs_keep_the_best_plan(seed):
    model = random_model(seed)
    cost, site = best_plan(model)
    found = site_bound(model, Watch(60))
    assert found.bound <= cost + 1e-9
    if site is None:
        return
    opened = np.zeros(model.m, dtype=bool)
    opened[site] = True
    assert (found.if_open(model.kept)[opened] <= cost + 1e-9).all()
    assert found.arcs_up_to(model, cost + 1e-9)[np.arange(model.n), site].all()
    if not model.exact:  # where p are wanted, unused sites may be open
        assert (found.if_closed(model.kept)[~opened & ~model.kept] <= cost + 1e-9).all()


def test_no_plan_is_proven_where_whole_units_do_not_fit():
    """Three units of 2 and two sites for 3 each: fractions fit, whole units do not."""
    cost = [[0.0, 10.0], [10.0, 0.0], [10.0, 10.0]]
    model = SitingModel.of(cost, [2, 2, 2], 3, 2)
    assert site_bound(model, Watch(60)).bound == np.inf


def test_no_plan_is_proven_where_too_few_sites_may_open():
    model = SitingModel.of([[0.0, 1.0]], [5], [4, 5], 2, own=[0, -1])
    assert site_bound(model, Watch(60)).bound == np.inf


def test_bound_reaches_the_optimum_of_a_line():
    """Units 0..3 at 0, 1, 10, 11 on a line, two sites for two each: 1 + 1."""
    place = np.array([0.0, 1.0, 10.0, 11.0])
    cost = np.abs(place[:, None] - place)
    model = SitingModel.of(cost, [1, 1, 1, 1], 2, 2, own=np.arange(4))
    assert site_bound(model, Watch(60), upper=2.0).bound == pytest.approx(2, rel=1e-6)


def test_low_ends_raise_the_bound():
    """Without them all but the last go to site 0; the second must take one for 9."""
    cost = np.array([[0.0, 12.0], [0.0, 11.0], [0.0, 9.0], [0.0, 0.0]])
    banded = SitingModel.of(cost, [1, 1, 1, 1], -1, 2, low=2)
    assert site_bound(banded, Watch(60), upper=9.0).bound == pytest.approx(9, rel=1e-4)
    free = SitingModel.of(cost, [1, 1, 1, 1], -1, 2)
    assert site_bound(free, Watch(60), upper=0.0).bound <= 0.0


def test_start_prices_are_where_the_ascent_goes_on():
    model = random_model(3, n=12, m=6)
    first = site_bound(model, Watch(60))
    again = site_bound(model, Watch(60), start_prices=first.prices)
    assert again.bound >= first.bound - 1e-9
