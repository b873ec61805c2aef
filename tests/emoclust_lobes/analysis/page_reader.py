"""A report's page, read without a browser."""

import json
import re


def read_table(page, heading):
    """Rows of the table below a heading; a cell is a list of its texts."""
    table = page.partition(f">{heading}</h")[2].partition("</table>")[0]
    return [
        [
            [x.strip() for x in re.findall(r">([^<>]+)<", cell) if x.strip()]
            for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.S)
        ]
        for row in re.findall(r"<tr>.*?</tr>", table, re.S)
    ]


def read_data(page):
    """What the page's own figure is drawn from."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def number(text):
    """Read a number as the page writes it."""
    return float(text.replace("−", "-"))
