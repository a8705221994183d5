"""One compiled pass over all pairs: which reps could be cheap for an account."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled
from planner.geo.distance import EARTH_RADIUS_KM

METRE = 0.001
"""Slack in km on every distance: roads are rounded to whole metres."""


@compiled
def scan(  # type: ignore[no-untyped-def]
    kind,
    table,
    own,
    factor,
    trips,
    place,
    rep_place,
    rep_known,
    per_km,
    pattern,
    per_hour,
    speed_end,
    speed,
    most_km,
    limit,
    held_start,
    held_rep,
    found_rep,
    found_value,
    count,
):
    """
    Note for each account the reps of least estimated reduced cost below its limit.

    The estimate of a pair is never above its true reduced cost. Pairs that are held
    are left out. First an estimate by the straight line, without a root, then the
    full one for what is left; the reps of the account before give the first limit,
    so accounts should come in an order in which neighbours follow each other.
    Measured: 1.5 to 2.5 ns per pair and thread at 1,000 and 5,000 reps.

    Parameters
    ----------
    kind, table
        Class of each account (b,), and what a pair costs by class and rep without
        travel (inf: not eligible), less all rounding, shape (classes, m).
    own, factor
        Amounts (b, Q) and what one of each costs by rep (Q, m).
    trips
        Kilometres on the road per km of distance: 2 x round trips, shape (b,).
    place, rep_place
        Points on the unit sphere, shapes (b, 4) and (m, 3).
        The fourth number of an account is its circuity (0: place unknown).
    rep_known
        1.0 where the rep's place is known, else 0.0, shape (m,).
    per_km, pattern, per_hour
        Price of a km by rep (m,), the account's row (b,) in the prices of an hour on
        the road (patterns, m).
    speed_end, speed
        Bands of `road_hours`.
    most_km
        Farthest allowed distance of each account, shape (b,).
    limit
        Only pairs below it count, shape (b,).
    held_start, held_rep
        Reps to leave out, CSR over the b accounts.
    found_rep, found_value, count
        Overwritten: up to k reps and their estimates (b, k), and how many (b,).
    """
    m, k = len(rep_known), found_rep.shape[1]
    rest, test = np.empty(m), np.empty(m)
    stamp = np.full(m + 1, -1, dtype=np.int64)
    fastest, slowest = speed.max(), speed.min()
    x, y, z = rep_place[:, 0].copy(), rep_place[:, 1].copy(), rep_place[:, 2].copy()
    slope = np.empty(per_hour.shape)
    for row in range(per_hour.shape[0]):
        for j in range(m):
            hour = per_hour[row, j]
            slope[row, j] = per_km[j] + (
                hour / fastest if hour >= 0 else hour / slowest
            )
            slope[row, j] *= rep_known[j]
    for i in range(len(kind)):
        for a in range(held_start[i], held_start[i + 1]):
            stamp[held_rep[a]] = i
        rest[:] = table[kind[i]]
        for q in range(own.shape[1]):
            amount = own[i, q]
            if amount != 0:
                for j in range(m):
                    rest[j] += amount * factor[q, j]
        hour_price, low = per_hour[pattern[i]], slope[pattern[i]]
        far = trips[i] * place[i, 3] * EARTH_RADIUS_KM
        near = trips[i] * METRE
        px, py, pz = place[i, 0], place[i, 1], place[i, 2]
        top, n, worst = limit[i], 0, 0
        # first what was cheap for the account before
        last = count[i - 1] if i else 0
        for step in range(last + 1):
            if step == last:  # then everybody, by the straight line first
                for j in range(m):
                    chord = (px - x[j]) ** 2 + (py - y[j]) ** 2 + (pz - z[j]) ** 2
                    room = top - rest[j] + near * low[j]
                    by_road = max(0.0, far * low[j])
                    ahead = room * abs(room) - by_road * by_road * chord
                    test[j] = ahead if low[j] >= 0 else 1.0
            begin = 0 if step == last else found_rep[i - 1, step]
            end = m if step == last else begin + 1
            for j in range(begin, end):
                if step == last and not test[j] > 0:
                    continue
                if stamp[j] == i or rest[j] == np.inf:
                    continue
                chord = (px - x[j]) ** 2 + (py - y[j]) ** 2 + (pz - z[j]) ** 2
                half = min(1.0, 0.5 * np.sqrt(chord))
                km = place[i, 3] * 2 * EARTH_RADIUS_KM * np.arcsin(half) * rep_known[j]
                if km > most_km[i] + METRE:
                    continue
                hours, since = 0.0, 0.0
                for band in range(len(speed)):
                    stretch = min(km, speed_end[band]) - since
                    if stretch > 0:
                        hours += stretch / speed[band]
                    since = speed_end[band]
                slack = METRE * (abs(per_km[j]) + abs(hour_price[j]) / slowest)
                value = rest[j] + trips[i] * (
                    per_km[j] * km + hour_price[j] * hours - slack
                )
                if not value < top:
                    continue
                stamp[j] = i  # not twice
                if n < k:
                    found_rep[i, n], found_value[i, n] = j, value
                    n += 1
                else:
                    found_rep[i, worst], found_value[i, worst] = j, value
                if n == k:
                    worst = 0
                    for other in range(1, k):
                        if found_value[i, other] > found_value[i, worst]:
                            worst = other
                    top = min(top, found_value[i, worst])
        count[i] = n
