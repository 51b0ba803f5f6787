"""What is shipped for Prometheus and Grafana, and what docs/metrics.md says there is."""

import json
import re
from typing import Any

import yaml

from tests.support.server import PROJECT

DEPLOY = PROJECT / "deploy"
_NAME = re.compile(r"\bdownloads_\w+")
_ROW = re.compile(r"^\| `(downloads_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
_TYPE = re.compile(r"^# TYPE (downloads_\w+) (\w+)$", re.MULTILINE)
_OF_A_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")
VARIABLES = {"$__rate_interval": "5m"}
"""What Grafana puts in."""


def read_rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def read_rule_tests() -> list[dict[str, Any]]:
    """Return the tests of the alert rules."""
    tests: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "alerts.test.yml").read_text())["tests"]
    return tests


def read_queries() -> list[str]:
    """Return the dashboard's queries, as Grafana sends them."""
    panels = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    for name, value in VARIABLES.items():
        queries = [query.replace(name, value) for query in queries]
    return queries


def names_in(expression: str, histograms: set[str]) -> set[str]:
    """Return the metrics that an expression names."""
    found = set()
    for name in _NAME.findall(expression):
        base = _OF_A_HISTOGRAM.sub("", name)
        found.add(base if base in histograms else name)
    return found


def read_documented() -> dict[str, tuple[str, set[str]]]:
    """Return type and labels of each metric in docs/metrics.md."""
    rows = _ROW.findall((PROJECT / "docs/metrics.md").read_text())
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def read_scrape(text: str) -> dict[str, tuple[str, set[str]]]:
    """Return type and labels of each metric of a scrape, with a counter's `_total` as in docs/metrics.md."""
    types = dict(_TYPE.findall(text))
    found = {}
    for name, kind in types.items():
        parts = "(?:_bucket|_sum|_count)" if kind == "histogram" else ""
        samples = re.findall(rf"^{name}{parts}(?:\{{(.*)\}})? ", text, re.MULTILINE)
        labels = {label for sample in samples for label in re.findall(r'(\w+)="', sample)}
        found[name] = (kind, labels - {"le"})
    return found
