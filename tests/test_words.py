"""The language of messages, and the shape of errors."""

from __future__ import annotations

import ast
import functools
import gettext
from collections.abc import Iterator
from pathlib import Path

import catalogue
import pytest

from planner import words
from planner.errors import Fault, PlannerError, ScenarioError, TableError
from planner.maps.fonts import families_for


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    words.set_language("en")


def test_unknown_language_falls_back_to_english() -> None:
    """A missing catalogue must not stop a solve."""
    words.set_language("xx")
    assert words.language() == "xx"
    assert words._("Left out") == "Left out"


def test_language_comes_from_the_call_then_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An explicit choice wins over PLANNER_LANG, which wins over English."""
    monkeypatch.delenv("PLANNER_LANG", raising=False)
    words.set_language()
    assert words.language() == "en"
    monkeypatch.setenv("PLANNER_LANG", "zh")
    words.set_language()
    assert words.language() == "zh"
    words.set_language("en")
    assert words.language() == "en"


def test_messages_follow_the_language_at_the_time_of_speaking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Errors are worded when raised, so a catalogue chosen later counts."""

    class _Catalogue(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {", row {row}": "，第 {row} 行"}.get(message, message)

    def translation(domain: str, folder: Path, codes: list[str], fallback: bool):
        assert (domain, codes, fallback) == ("planner", ["zh"], True)
        return _Catalogue()

    monkeypatch.setattr(gettext, "translation", translation)
    fresh = functools.lru_cache(words._catalogue_of.__wrapped__)
    monkeypatch.setattr(words, "_catalogue_of", fresh)
    words.set_language("zh")
    fault = Fault("客户.csv", 3, "", "x", "a number is expected", "Correct it.")
    assert str(fault).startswith("客户.csv，第 3 行 = 'x': ")


def test_fault_says_file_row_column_value_rule_remedy() -> None:
    """All that is needed to find and mend a cell, in one line."""
    fault = Fault("a.csv", 7, "value", "-3", "at least 0 is expected", "Correct it.")
    assert str(fault) == (
        "a.csv, row 7, column value = '-3': at least 0 is expected. Correct it."
    )
    whole = Fault("a.csv", 0, "id", "", "no such column", "Map it.")
    assert str(whole) == "a.csv, column id: no such column. Map it."


def test_long_and_multiline_values_stay_on_one_line() -> None:
    """A cell may hold a page of text."""
    text = str(Fault("a.csv", 2, "name", "x\n" * 500, "rule", "remedy"))
    assert "\n" not in text
    assert len(text) < 200


def test_table_error_lists_twenty_and_counts_the_rest() -> None:
    """A terminal is not a file; the full list goes to one."""
    faults = [Fault("a.csv", i, "x", "?", "rule", "remedy") for i in range(1, 31)]
    error = TableError(faults)
    lines = str(error).splitlines()
    assert lines[0] == "30 fault(s) in the tables:"
    assert len(lines) == 22
    assert lines[-1] == "... and 10 more (planner check --faults FILE lists all)"
    assert error.faults == faults
    assert "more" not in str(TableError(faults[:20]))


@pytest.mark.parametrize("kind", [ScenarioError, TableError])
def test_errors_of_users_are_of_one_kind(kind: type[Exception]) -> None:
    """The command line catches one class."""
    assert issubclass(kind, PlannerError)


@pytest.mark.parametrize("language", catalogue.languages())
def test_every_message_is_translated(language: str) -> None:
    """Also the help of the commands; placeholders stay as they are."""
    faults = catalogue.faults(language)
    remedy = "Run `python tests/catalogue.py`, then fill in the empty msgstr in {}."
    assert not faults, "\n".join(
        [*faults, remedy.format(catalogue.catalogue(language))]
    )


@pytest.mark.parametrize("language", catalogue.languages())
def test_compiled_catalogue_is_that_of_the_source(language: str) -> None:
    """Pip builds the wheel from the .mo as it is committed."""
    remedy = "Run `python tests/catalogue.py` and commit the .mo."
    assert catalogue.compiled(language) == catalogue.from_source(language), remedy


def test_no_message_hides_in_an_f_string() -> None:
    """There the extraction does not look, before Python 3.12."""
    hidden = [
        f"{path.name}:{text.lineno}"
        for path in Path(words.__file__).parent.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_"
    ]
    assert not hidden, hidden


@pytest.mark.parametrize("code", ["zh", "zh-CN", "zh_CN", "zh-Hans-CN"])
def test_chinese_goes_by_all_its_codes(code: str) -> None:
    """A locale of the system is taken as it is written there."""
    words.set_language(code)
    assert words._("Left out") == "未分配"
    assert words._("optimal") == "已证最优"
    assert words._("no such message") == "no such message"
    assert words._("") == ""


def test_a_chinese_fault_has_chinese_marks() -> None:
    """Marks between the parts belong to the language, too."""
    words.set_language("zh")
    fault = Fault("客户.csv", 3, "金额", "x", "应为数字", "请更正。")
    assert str(fault) == "客户.csv，第 3 行，列 金额 = 'x'：应为数字。请更正。"


def test_maps_choose_a_font_for_the_words_of_the_language() -> None:
    """Names in Latin letters alone leave the words on a Chinese map without one."""
    words.set_language("zh")
    families, message = families_for(["Anna Schmidt"])
    assert len(families) > 1 or message


def test_names_of_checks_are_words() -> None:
    """`planner verify` shows them; JSON keeps the codes."""
    names = {
        str(call.args[0].value)
        for path in (Path(words.__file__).parent / "evaluate").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in ("Check", "checked", "_attempt")
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(names) > 15
    assert names <= set(words.CODES)
