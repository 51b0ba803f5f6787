"""What is shipped for Prometheus and Grafana: rules that fire when they should, with a runbook; a dashboard."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.monitoring import DEPLOY, read_queries, read_rule_tests, read_rules
from tests.support.server import PROJECT

RUNBOOK = (PROJECT / "docs/runbook.md").read_text()


def promtool(*arguments: str) -> str:
    """Run promtool beside the rules; return what it printed, which must be no complaint."""
    done = subprocess.run(["promtool", *arguments], cwd=DEPLOY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_the_rules_and_the_configuration_that_names_them() -> None:
    assert f"SUCCESS: {len(read_rules())} rules found" in promtool("check", "rules", "alerts.yml")
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_where_it_should_and_keeps_quiet_where_it_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml")
    alerts = {rule["alert"] for rule in read_rules()}
    tried = [case for test in read_rule_tests() for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in tried if case["exp_alerts"]} == alerts
    assert {case["alertname"] for case in tried if not case["exp_alerts"]} == alerts


@pytest.mark.parametrize("rule", read_rules(), ids=lambda rule: rule["alert"])
def test_each_alert_has_its_paragraph_in_the_runbook(rule: dict[str, object]) -> None:
    alert = str(rule["alert"])
    found = re.search(rf"^## {alert}\n\n(.+?)\n(?:\n|$)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert len(found[1].split()) > 20
    annotations = rule["annotations"]
    assert isinstance(annotations, dict)
    assert annotations["runbook"] == f"docs/runbook.md#{alert.lower()}"


def test_the_runbook_has_no_paragraph_of_an_alert_that_is_gone() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE) == [rule["alert"] for rule in read_rules()]


def test_each_query_of_the_dashboard_can_be_read(tmp_path: Path) -> None:
    queries = read_queries()
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"SUCCESS: {len(queries)} rules found" in promtool("check", "rules", str(tmp_path / "queries.yml"))
    assert len(queries) > 20


def test_the_web_server_listens_for_prometheus_beside_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (PROJECT / "docs/operating.md").read_text()
    (said,) = re.findall(r"^GUNICORN_BIND=(.*)$", page, re.MULTILINE)
    (target,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"]
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "unused")
    monkeypatch.setenv("GUNICORN_BIND", said)
    bind = runpy.run_path(str(PROJECT / "gunicorn.conf.py"))["bind"]
    assert bind == ["unix:/run/downloads-app/gunicorn.sock", *target["targets"]]
