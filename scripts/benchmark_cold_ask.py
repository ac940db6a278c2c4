"""Wall time of `openqa ask` from a cold shell on the demo index.

Example:
    python scripts/benchmark_cold_ask.py --runs 9
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Parses the command line, builds the demo index, asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="processes that are timed, after one that is not")
    runs = parser.parse_args().runs
    openqa = [sys.executable, "-m", "openqa.cli"]
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / "demo")
        subprocess.run([*openqa, "demo", "--index", index], check=True, capture_output=True)
        times_s = []
        for _ in range(runs + 1):
            started = time.perf_counter()
            subprocess.run([*openqa, "ask", index, "Who discovered penicillin?"], check=False, capture_output=True)
            times_s.append(time.perf_counter() - started)
    kept = times_s[1:]
    print(f"median {statistics.median(kept):.2f} s of {runs} runs, {min(kept):.2f} to {max(kept):.2f} s")


if __name__ == "__main__":
    main()
