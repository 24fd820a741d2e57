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

THREADS = """
import re, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from pinatakit.content.memory import keep_freed, share_heap

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10

keep_freed()
if "shared" in sys.argv:
    share_heap()
before = resident()
with ThreadPoolExecutor(8) as threads:
    all_started = Barrier(8)
    for _ in range(8):
        threads.submit(all_started.wait)
    for _ in range(100):
        threads.submit(lambda: [b"x" * 262_144 for _ in range(40)]).result()
    print(resident() - before)
"""
of_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")


@of_glibc
def test_pieces_that_come_and_go_cost_no_page_faults_once_freed_memory_is_kept():
    told = subprocess.run([sys.executable, "-c", LARGE], check=True, capture_output=True, text=True)
    before, after = map(int, told.stdout.split())
    assert before > 10_000
    assert after < 1_000


@of_glibc
def test_threads_that_share_a_heap_need_no_more_than_is_needed_at_once():
    grown = [
        int(subprocess.run([sys.executable, "-c", THREADS, how], check=True, capture_output=True).stdout)
        for how in ("apart", "shared")
    ]
    assert grown[0] > 40_000_000
    assert grown[1] < 30_000_000
