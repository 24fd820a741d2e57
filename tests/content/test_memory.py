"""What large buffers cost the system."""

import platform
import subprocess
import sys

import pytest

LARGE = """
import resource
from pinatakit.content.memory import keep_freed

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def stream():
    before = faults()
    for _ in range(200):
        pieces = [b"x" * 262_144 for _ in range(4)]
        del pieces
    return faults() - before

print(stream())
keep_freed()
stream()
print(stream())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_pieces_that_come_and_go_cost_no_page_faults_once_freed_memory_is_kept():
    told = subprocess.run([sys.executable, "-c", LARGE], check=True, capture_output=True, text=True)
    before, after = map(int, told.stdout.split())
    assert before > 10_000
    assert after < 1_000
