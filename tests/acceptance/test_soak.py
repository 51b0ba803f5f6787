"""The soak in short: everything runs while one thing after the other breaks, and nothing is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import PROJECT


@pytest.mark.scale
@pytest.mark.parametrize(("minutes", "every", "faults"), [(0.15, 3, 2), (5, 20, 12)], ids=["small", "five minutes"])
def test_faults_of_all_kinds_lose_nothing_and_leave_nothing_open(
    minutes: float, every: int, faults: int, tmp_path: Path
) -> None:
    results = tmp_path / "soak.json"
    how = ["--minutes", str(minutes), "--every", str(every), "--faults", str(faults)]
    command = [sys.executable, "-m", "benchmarks.bench_soak", *how, "--results", str(results), "--streams", "12"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    result = json.loads(results.read_text())
    assert result["wrong"] == []
    assert len(result["faults"]) >= faults
    assert result["downloads"] > 0
    assert {row["process"] for row in result["processes"]} == {"web", "worker"}
    assert "| kill worker | 1 |" in done.stdout or faults > 2
