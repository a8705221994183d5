"""The decision in words: what changes, what it saves, and how sure that is."""

from __future__ import annotations

import pandas as pd

from planner.report.data import ReportData
from planner.report.numbers import Numbers
from planner.words import _


def headline(data: ReportData) -> str:
    """Say in one line what the plan saves, and how far from the best it can be."""
    if data.breaches:
        return _("This plan breaks {rules}.").format(rules=_rules(len(data.breaches)))
    numbers = Numbers(data.language, data.currency)
    gain, proven = _gain(data, numbers), _proven(data, numbers)
    if data.relaxed:
        text = _("Possible only with {rules} changed")
        gain = text.format(rules=_rules(len(data.relaxed)))
    if not gain:
        return _first_capital(proven)
    return _("{gain}, {proven}").format(gain=gain, proven=proven)


def decision(data: ReportData) -> str:
    """Return the paragraph that a reader of one paragraph needs."""
    numbers = Numbers(data.language, data.currency)
    sentences = [
        *_changes(data, numbers),
        *_against_today(data, numbers),
        *_against_simple_ways(data, numbers),
        *_sure(data, numbers),
    ]
    between = "" if data.language[:2] in ("zh", "ja") else " "
    return between.join(sentences)


def today_of(data: ReportData) -> pd.Series | None:
    """Return the row of today's owners as they are."""
    ways = data.baselines
    if ways is None or "today" not in ways or not ways["today"].any():
        return None
    return ways[ways["today"].astype(bool)].iloc[0]


def best_simple_way(data: ReportData) -> pd.Series | None:
    """Return the row of the cheapest simple way that keeps every rule."""
    ways = data.baselines
    if ways is None or not (ways["breaches"] == 0).any():
        return None
    kept = ways[ways["breaches"] == 0]
    return kept.iloc[int(kept["cost"].astype(float).argmin())]


def _gain(data: ReportData, numbers: Numbers) -> str:
    """Say what is won against today, else against the best simple way."""
    today, simple = today_of(data), best_simple_way(data)
    if today is not None and today["cost"] > data.cost:
        text = _("Saves {saved} a year against today")
        return text.format(saved=numbers.money(today["cost"] - data.cost))
    if today is not None and today["breaches"]:
        text = _("Keeps every rule, where today breaks {rules}")
        return text.format(rules=_rules(int(today["breaches"])))
    if simple is not None and simple["cost"] > data.cost:
        text = _("Saves {saved} a year against the best simple way")
        return text.format(saved=numbers.money(simple["cost"] - data.cost))
    return ""


def _proven(data: ReportData, numbers: Numbers) -> str:
    if data.gap is None:
        return _("no bound proven")
    if data.gap == 0:
        return _("proven best: no plan within the rules costs less")
    return _("proven within {gap} of the best possible").format(
        gap=numbers.gap(data.gap)
    )


def _changes(data: ReportData, numbers: Numbers) -> list[str]:
    """Say how much changes hands."""
    by = "regions" if data.by_region else "accounts"
    moved, every = data.figure(f"{by}_moved"), data.figure(by)
    if moved is None or not every:
        return []
    share, left = data.figure("value_moved_share"), data.figure("accounts_left_out")
    words = {
        "n": numbers.count(moved),
        "all": numbers.count(every),
        "share": numbers.percent(share or 0.0, 1),
    }
    if not moved and data.by_region:
        text = [_("No region changes hands.")]
    elif not moved:
        text = [_("No account changes hands.")]
    elif data.by_region and share:
        text = [_("{n} of {all} regions change hands ({share} of the value).")]
    elif data.by_region:
        text = [_("{n} of {all} regions change hands.")]
    elif share:
        text = [_("{n} of {all} accounts change hands ({share} of the value).")]
    else:
        text = [_("{n} of {all} accounts change hands.")]
    text = [text[0].format(**words)]
    vacant = data.figure("accounts_vacant")
    if left == 1:
        text.append(_("One account is left without a rep."))
    elif left:
        said = _("{n} accounts are left without a rep.")
        text.append(said.format(n=numbers.count(left)))
    elif vacant == 1 and not data.by_region:
        text.append(_("One account that nobody serves today gets a rep."))
    elif vacant and not data.by_region:
        said = _("{n} accounts that nobody serves today get a rep.")
        text.append(said.format(n=numbers.count(vacant)))
    return text


def _against_today(data: ReportData, numbers: Numbers) -> list[str]:
    today = today_of(data)
    if today is None:
        return []
    words = _difference(data, numbers, today)
    if today["cost"] >= data.cost and today["breaches"]:
        text = _(
            "The plan costs {saved} ({share}) less a year than today's owners left as "
            "they are, who break {rules}."
        )
    elif today["cost"] >= data.cost:
        text = _(
            "The plan costs {saved} ({share}) less a year than today's owners left as "
            "they are."
        )
    elif today["breaches"]:
        text = _(
            "Today's owners left as they are would cost {saved} ({share}) less a year, "
            "but break {rules}."
        )
    else:
        text = _(
            "Today's owners left as they are would cost {saved} ({share}) less a year."
        )
    return [text.format(**words)]


def _against_simple_ways(data: ReportData, numbers: Numbers) -> list[str]:
    simple = best_simple_way(data)
    if simple is None or simple["cost"] < data.cost:
        return []
    words = _difference(data, numbers, simple) | {"name": simple.name}
    if simple["cost"] == data.cost:
        text = _("The best simple way that keeps every rule (“{name}”) costs the same.")
    else:
        text = _(
            "It costs {saved} ({share}) less a year than the best simple way that "
            "keeps every rule (“{name}”)."
        )
    return [text.format(**words)]


def _sure(data: ReportData, numbers: Numbers) -> list[str]:
    if data.gap is None or data.bound is None:
        return [_("No bound was proven, so much better plans may exist.")]
    if data.gap == 0:
        return [_("It is proven that no plan within the rules costs less.")]
    text = [
        _(
            "No plan within the rules can cost less than {bound}: at most {rest} a "
            "year ({gap}) could still be saved, and that is proven."
        ).format(
            bound=numbers.money(data.bound),
            rest=numbers.money(data.cost - data.bound),
            gap=numbers.gap(data.gap),
        )
    ]
    if data.unseen:
        names = ", ".join(data.unseen)
        text.append(
            _("The proof does not see: {names}; so less may be left.").format(
                names=names
            )
        )
    return text


def _difference(data: ReportData, numbers: Numbers, way: pd.Series) -> dict[str, str]:
    """Words for the difference between the plan and another way."""
    cost = float(way["cost"])
    apart, dearer = abs(cost - data.cost), max(abs(cost), abs(data.cost), 1.0)
    return {
        "saved": numbers.money(apart),
        "share": numbers.percent(apart / dearer, 1),
        "rules": _rules(int(way["breaches"])),
    }


def _rules(count: int) -> str:
    return _("one rule") if count == 1 else _("{n} rules").format(n=count)


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]
