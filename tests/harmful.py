"""A small question whose texts are out to do harm: markup, formulas, long ids."""

from __future__ import annotations

import pandas as pd

EVIL = "<img src=x onerror=alert(1)>"
LONG_ID = "1234567890123456789"
SCENARIO = """\
# 华东区 & <s>notes</s>
name = "华东 <s>plan</s>"
currency = "CNY"
accounts = {file = "accounts"}
reps = {file = "reps"}
[leave_out]
where = [{column = "priority", in = ["low"]}]
[[limits]]
measure = "accounts"
high = 3
[[limits]]
measure = "hours"
high = "capacity"
[[balance]]
measure = "value"
[handover]
fixed = 1.25
[[together]]
column = "site"
price = 2.5
"""


def frames() -> dict[str, pd.DataFrame]:
    """Five accounts and two reps whose texts are out to do harm."""
    accounts = pd.DataFrame(
        {
            "account_id": [LONG_ID, "00012", "客户-3", "b", "a"],
            "name": ["=1+1", EVIL, "上海客户", "'quoted", "@SUM(A1)"],
            "latitude": ["31.2", "31.3", "30.9", "32.0", "31.9"],
            "longitude": ["121.4", "121.5", "121.0", "118.8", "118.9"],
            "owner": ["R1", "", "=gone", "R1", "R2"],
            "priority": ["", "", "", "", "low"],
            "visits": ["1", "2", "3", "2", "1"],
            "hours": ["1", "2", "3", "2", "1"],
            "value": ["10", "20", "30", "20", "10"],
            "site": ["s", "", EVIL, "s", EVIL],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": ["R1", "R2"],
            "name": [EVIL, "王小明"],
            "team": ["+team", "=2"],
            "latitude": ["31.2", "32.0"],
            "longitude": ["121.4", "118.8"],
            "capacity": ["40", "40"],
        }
    )
    return {"accounts": accounts, "reps": reps}
