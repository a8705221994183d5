"""Read all tables of a scenario, judge them together, and hand out clean frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import Fault, PlannerError, TableError
from planner.scenario import Scenario, Table
from planner.scenario.kinds import counts_of
from planner.scenario.tables import RepTable
from planner.tables.bases import all_bases, read_bases
from planner.tables.crm import check_ids, match_owners, with_profile
from planner.tables.cross import (
    check_references,
    warn_demand,
    warn_owners,
    warn_skills,
)
from planner.tables.distances import clean_distances, read_distances
from planner.tables.fields import Parsed, read_fields
from planner.tables.findings import Findings
from planner.tables.finish import clean_frame, note_defaults
from planner.tables.frames import Tables
from planner.tables.geocode import address_uses, fill_places
from planner.tables.locate import lay_out
from planner.tables.places import (
    check_places,
    check_region_ids,
    has_places,
    place_by_region,
    warn_swapped,
)
from planner.tables.pools import check_pools, parsed_with_pools, with_pools
from planner.tables.raw import RawTable, raw_from_frame, read_bytes, read_raw
from planner.tables.references import Use, account_uses, rep_uses, shared_uses
from planner.tables.regions import read_regions
from planner.tables.rules import check_rules
from planner.tables.skills import with_also
from planner.tables.sources import keep_rows
from planner.words import _


def load_tables(
    scenario: Scenario,
    base: Path,
    *,
    accounts: pd.DataFrame | None = None,
    reps: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    bases: pd.DataFrame | None = None,
) -> Tables:
    """
    Read, parse and check the tables of a scenario.

    Parameters
    ----------
    scenario
        Names the files, and says how to read them.
    base
        Folder that relative paths start from.
    accounts, reps, regions, distances, bases
        Data frames that stand in for the files; same contract, same checks. In
        messages their file is "accounts" etc., and their row position + 2.

    Raises
    ------
    TableError
        With every fault of every table.
    """
    checked = check_tables(
        scenario,
        base,
        accounts=accounts,
        reps=reps,
        regions=regions,
        distances=distances,
        bases=bases,
    )
    if checked.tables is None:
        raise TableError(checked.faults)
    return checked.tables


class Checked(NamedTuple):
    """Clean tables (None if there is any fault), and all that was found in them."""

    tables: Tables | None
    faults: list[Fault]
    warnings: list[Fault]
    notes: list[str]


def check_tables(
    scenario: Scenario,
    base: Path,
    *,
    accounts: pd.DataFrame | None = None,
    reps: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    bases: pd.DataFrame | None = None,
) -> Checked:
    """
    Do as `load_tables`, but return the faults, by file and row, with all the rest.
    """
    frames = {
        "accounts": accounts,
        "reps": reps,
        "regions": regions,
        "distances": distances,
        "bases": bases,
    }
    return _Loading(scenario, Path(base), frames).run()


@dataclass
class _Loading:
    """One run over all tables."""

    scenario: Scenario
    base: Path
    frames: dict[str, pd.DataFrame | None]
    sources: dict[str, str] = field(default_factory=dict)
    found: list[Findings] = field(default_factory=list)
    filtered: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> Checked:
        named = Findings(self.scenario.name)
        uses, by_region = account_uses(self.scenario, self._rules(named)), {}
        if self.scenario.unit == "region":
            by_region = shared_uses(uses)
        regions = self._regions(named, by_region)
        if by_region and regions is not None:
            uses = shared_uses(uses, list(regions))
        accounts = self._entities("accounts", uses, named)
        asked = {} if self.scenario.reps.nobody else rep_uses(self.scenario)
        reps = self._entities("reps", asked, named)
        bases = self._bases(accounts, reps, regions, named)
        distances = self._distances(accounts, reps, bases, named)
        if accounts is not None and reps is not None:
            self._judge(accounts, reps, bases, distances, regions, named)
        self.found.append(named)
        faults = [
            fault for findings in self.found for fault in _sorted(findings.faults)
        ]
        if faults or accounts is None or reps is None:
            return Checked(None, faults, self._warnings(), self._notes())
        clean = {"accounts": clean_frame(accounts), "reps": clean_frame(reps)}
        every = None
        if self.scenario.bases is not None:
            assert bases is not None
            every = all_bases(clean["reps"], clean_frame(bases), self.scenario.bases)
            clean["reps"] = every.reps
        adjacency, barriers = None, None
        if self.scenario.unit == "region":
            laid = lay_out(
                self.scenario,
                self.base,
                accounts,
                clean["accounts"],
                clean["reps"],
                regions,
                named,
            )
            if laid is None:
                faults = accounts.findings.faults + named.faults
                return Checked(None, faults, self._warnings(), self._notes())
            clean["accounts"], regions = laid.accounts, laid.regions
            adjacency, barriers = laid.adjacency, laid.barriers
        elif every is None and not self.scenario.pools:
            warn_demand(self.scenario, clean["accounts"], clean["reps"], named)
        clean["reps"] = with_pools(clean["reps"], self.scenario)
        for pool in self.scenario.pools:
            named.note(
                _("pool {id} ({name}) beside the reps").format(
                    id=pool.id, name=pool.shown
                )
            )
        tables_read = [one for one in (accounts, reps, bases) if one is not None]
        given = [one for one in tables_read if len(one.frame)]
        note_defaults(*given)
        tables = Tables(
            accounts=clean["accounts"],
            reps=clean["reps"],
            regions=regions,
            distances=None if distances is None else clean_distances(distances),
            adjacency=adjacency,
            barriers=barriers,
            bases=None if every is None else every.bases,
            notes=self._notes(),
            warnings=self._warnings(),
            sources=self.sources,
            defaults={key: x for one in given for key, x in one.defaults.items()},
        )
        return Checked(tables, [], tables.warnings, tables.notes)

    def _notes(self) -> list[str]:
        return [note for findings in self.found for note in findings.notes]

    def _warnings(self) -> list[Fault]:
        return [w for findings in self.found for w in _sorted(findings.warnings)]

    def _table(self, kind: str) -> Table | None:
        table: Table | None = getattr(self.scenario, kind)
        if table is None and self.frames[kind] is not None:
            return Table(file=kind)
        return table

    def _raw(self, kind: str, table: Table) -> RawTable | None:
        """Read a table; None (and its faults) where that is impossible."""
        frame = self.frames[kind]
        if frame is None and isinstance(table, RepTable) and table.count is not None:
            count = counts_of(table.count)[-1]
            width = max(2, len(str(count)))
            names = [f"T{i:0{width}d}" for i in range(1, count + 1)]
            frame = pd.DataFrame({"rep_id": names})
        elif frame is None and not table.file:
            key = "rep_id" if kind == "reps" else "account_id"
            frame = pd.DataFrame({key: pd.Series([], dtype=str)})
        raw = (
            read_raw(table, self.base) if frame is None else raw_from_frame(frame, kind)
        )
        self._remember(raw)
        return raw if isinstance(raw, RawTable) else None

    def _remember(self, raw: RawTable | Findings) -> None:
        if isinstance(raw, Findings):
            self.found.append(raw)
            return
        self.found.append(raw.findings)
        if raw.sha256:
            self.sources[raw.findings.file] = raw.sha256

    def _entities(
        self, kind: str, uses: dict[str, Use], named: Findings
    ) -> Parsed | None:
        """Read accounts or reps, and check what needs no other table."""
        table = self._table(kind) or Table(file="")  # regions alone may be enough
        raw = self._raw(kind, table)
        if raw is None:
            return None
        everything, own = raw, table.fields
        table = with_profile(table, kind, raw)
        raw = keep_rows(raw, table)
        levels = self.scenario.skills.levels
        uses |= address_uses(table, kind, raw.cells.column_names)
        parsed = read_fields(raw, table, kind, uses, named, levels)
        check_ids(parsed, table, kind, own)
        check_rules(parsed, kind)
        if kind == "reps" and self.scenario.skills.also:
            frame = parsed.frame
            frame["skills"] = with_also(
                frame["skills"],
                pd.Index(frame["rep_id"]),
                self.scenario.skills.also,
                levels,
            )
        if table.geocode:
            fill_places(parsed)
        key = parsed.frame.columns[0]
        self.filtered[key] = _left_out(everything, raw, parsed, key)
        if not len(raw) and table.file:
            raw.findings.fault(
                "",
                "",
                _("no row is left"),
                _("Add rows, or correct `keep` in the scenario."),
            )
        return parsed

    def _regions(
        self, named: Findings, uses: dict[str, Use]
    ) -> gpd.GeoDataFrame | None:
        table = self._table("regions")
        if table is None:
            return None
        frame = self.frames["regions"]
        source = self.base if frame is None else frame
        read = read_regions(table, source, named, uses)
        self._remember(read.raw)
        return read.regions

    def _bases(
        self,
        accounts: Parsed | None,
        reps: Parsed | None,
        regions: gpd.GeoDataFrame | None,
        named: Findings,
    ) -> Parsed | None:
        """Read the candidate bases."""
        if self.scenario.bases is None or accounts is None or reps is None:
            return None
        check_region_ids(accounts, regions)
        place_by_region(accounts, regions)
        source = self.frames["bases"]
        read = read_bases(
            self.scenario,
            self.base if source is None else source,
            accounts.frame,
            reps,
            regions,
            named,
        )
        self._remember(read.raw)
        return read.parsed

    def _distances(
        self,
        accounts: Parsed | None,
        reps: Parsed | None,
        bases: Parsed | None,
        named: Findings,
    ) -> Parsed | None:
        table = self._table("distances")
        if table is None:
            return None
        raw = self._raw("distances", table)
        if raw is None:
            return None
        known = {
            str(parsed.frame.columns[0]): [
                *parsed.frame.iloc[:, 0].tolist(),
                *parsed.findings.unread,
            ]
            for parsed in (accounts, reps)
            if parsed is not None
        }
        if bases is not None:
            known.setdefault("rep_id", []).extend(bases.frame["base_id"].tolist())
        return read_distances(raw, table, known, self.filtered, named)

    def _judge(
        self,
        accounts: Parsed,
        reps: Parsed,
        bases: Parsed | None,
        distances: Parsed | None,
        regions: gpd.GeoDataFrame | None,
        named: Findings,
    ) -> None:
        """Check what needs both accounts and reps."""
        for parsed in (accounts, reps):
            check_region_ids(parsed, regions)
            place_by_region(parsed, regions)
        needed = has_places(reps) or bases is not None
        for parsed in (accounts, reps):
            key = str(parsed.frame.columns[0])
            covered = (
                [] if distances is None else distances.frame[key].unique().tolist()
            )
            others = needed if parsed is accounts else needed and has_places(accounts)
            check_places(parsed, others, covered)
        if not needed and distances is None:
            reps.findings.note(_("no places given: travel is left out"))
        warn_swapped([accounts, reps])
        check_pools(self.scenario, reps, bases, named)
        everyone = parsed_with_pools(reps, self.scenario)
        if self.scenario.accounts is not None:
            match_owners(accounts, everyone, self.scenario.accounts.profile)
        warn_owners(accounts, everyone)
        if bases is None:
            warn_skills(accounts, everyone)
        check_references(self.scenario, accounts, reps, named)

    def _rules(self, named: Findings) -> str:
        """Return the text of the baseline's rules: they may name columns, too."""
        rules = self.scenario.baselines.rules
        if rules is None:
            return ""
        try:
            return read_bytes(self.base / rules).decode("utf-8-sig", "replace")
        except PlannerError as error:
            named.fault(
                "baselines.rules", rules, _("the file cannot be read"), f"{error}."
            )
            return ""


def _left_out(
    everything: RawTable, kept: RawTable, parsed: Parsed, key: str
) -> set[str]:
    """Return the ids of the rows that `keep` left out."""
    column = parsed.column(key)
    if len(everything) == len(kept) or column not in everything.cells.column_names:
        return set()
    out = ~np.isin(everything.rows, kept.rows)
    ids = everything.column(column).to_pandas()[out].str.strip()
    return set(ids) - set(parsed.frame[key])


def _sorted(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.row)
