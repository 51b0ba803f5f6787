"""What a process that moves bytes sets for itself."""

import gc
import os
import subprocess
import sys

import pytest

from downloads_app.worker.process import prepare_process

CHURN = """
from downloads_app.worker.process import prepare_process
import gc, resource, sys
prepare_process()
young = gc.get_threshold()[0]
for turn in range(200):
    if turn == 100:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [bytes(16 * 1024 - 64) for _ in range(256)]
    del blocks
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, sys.getswitchinterval(), young)
"""

STATES: list[tuple[object, ...]] = []


def test_memory_that_is_freed_is_used_again_without_asking_the_kernel() -> None:
    ran = subprocess.run([sys.executable, "-c", CHURN], capture_output=True, text=True, check=True, timeout=60)
    faults, switch_seconds, young = ran.stdout.split()
    assert int(faults) < 1000  # 100 turns through 1,024 pages; without it 65,000
    assert float(switch_seconds) < 0.002
    assert int(young) <= 50_000  # garbage does not gather while bytes move


@pytest.mark.parametrize("turn", [1, 2])
def test_a_worker_in_the_tests_own_process_sets_nothing_for_the_next_test(turn: int) -> None:
    umask, switch_seconds = os.umask(0), sys.getswitchinterval()
    os.umask(umask)
    STATES.append((umask, switch_seconds, gc.get_threshold()))
    prepare_process()
    assert len(set(STATES)) == 1
