"""The report: one page for those who decide, self-contained and printable."""

from planner.report.card import card, card_without_plan
from planner.report.data import ReportData
from planner.report.decision import decision, headline
from planner.report.numbers import Numbers, locale_of
from planner.report.page import render, report_page, write_report
from planner.report.trade import read_frontier, read_headcount

__all__ = [
    "Numbers",
    "ReportData",
    "card",
    "card_without_plan",
    "decision",
    "headline",
    "locale_of",
    "read_frontier",
    "read_headcount",
    "render",
    "report_page",
    "write_report",
]
