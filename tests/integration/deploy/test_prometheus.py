"""deploy/prometheus by promtool: it parses, every alert fires when it must, and only metrics that exist are named."""

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry

from ember_gateway.metrics import Metrics as Gateway
from ember_service.alarms.metrics import Metrics as Evaluator
from tests.integration.deploy.site import DEPLOY, compose, program

FOLDER: Final = DEPLOY / "prometheus"
TESTS: Final = sorted(FOLDER.glob("rules*_test.yml"))
RULES: Final = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text("utf-8"))["groups"] for rule in group["rules"]
]


def promtool(*words: str | Path) -> str:
    run = subprocess.run(
        [program("promtool", "prometheus"), *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_configuration_is_valid() -> None:
    promtool("check", "config", FOLDER / "prometheus.yml")


def test_every_alert_behaves_as_its_tests_say() -> None:
    promtool("test", "rules", *TESTS)


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_has_a_test_that_fires_it_and_says_what_to_do(rule: dict[str, Any]) -> None:
    tests = [test for file in TESTS for test in yaml.safe_load(file.read_text("utf-8"))["tests"]]
    fired = [
        sample["labels"]
        for test in tests
        for expr in test.get("promql_expr_test", ())
        for sample in expr["exp_samples"]
    ]
    fired += [alert["alertname"] for test in tests for alert in test.get("alert_rule_test", ()) if alert["exp_alerts"]]
    assert any(rule["alert"] in text for text in fired)
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert "summary" in rule["annotations"]
    assert "action" in rule["annotations"] or rule["labels"]["severity"] == "none"


def test_every_metric_named_is_one() -> None:
    named = {name for rule in RULES for name in re.findall(r"emberwatch_(?:gateway|evaluator)_[a-z_]+", rule["expr"])}
    families = [*Gateway().registry.collect(), *Evaluator(CollectorRegistry()).registry.collect()]
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    known = {family.name + end for family in families for end in ends[family.type]}
    assert named <= known


def test_every_target_is_a_service_that_listens_there() -> None:
    services = compose()["services"]
    ports = {"gateway": 9101, "evaluator": 9102, "service": 8080, "prometheus": 9090}
    for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))["scrape_configs"]:
        name = job["job_name"]
        assert name in services
        targets = [target for part in job.get("static_configs", ()) for target in part["targets"]]
        targets += [f"{host}:{part['port']}" for part in job.get("dns_sd_configs", ()) for host in part["names"]]
        host = "localhost" if name == "prometheus" else name
        assert targets == [f"{host}:{ports[name]}"]
        if name != "prometheus":
            assert f":{ports[name]}/" in services[name]["healthcheck"]["test"][-1], "its own health check looks there"
