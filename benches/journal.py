#!/usr/bin/env python3
"""Compares reading a binary journal here and by journalctl, in CPU time.

In: a journal, best one of 100,000 entries or more. Out: a table with the medians of user and system time, and the
ratio to `journalctl -o export`. All programs run in turn, so that they meet the same noise. A journal of any size can be
made with `systemd-journal-remote -o big.journal STREAM`, where STREAM is what `journalctl -o export` prints.

    cargo build --release
    python3 benches/journal.py system.journal
"""

import argparse
import os
import resource
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cpu_seconds(command):
    """User and system time of a command, whose output is thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # 3: something could not be read in full, which a journal that is open for writing may cause.
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"{command[0]}: exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("journal", type=Path)
    parser.add_argument("--incident", type=Path, default=ROOT / "target/release/incident")
    parser.add_argument("--journalctl", default="journalctl")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()

    scan = [args.incident, "scan", args.journal, "-q", "--format", "json"]
    programs = {
        "journalctl -o export": [args.journalctl, "--no-pager", "-q", "--file", args.journal, "-o", "export"],
        "journalctl -o json": [args.journalctl, "--no-pager", "-q", "--file", args.journal, "-o", "json"],
        "incident scan": scan,
    }
    times = {name: [] for name in programs}
    for _ in range(args.runs):
        for name, command in programs.items():
            times[name].append(cpu_seconds(command))

    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    size = os.path.getsize(args.journal) / 1e6
    print(f"{args.journal.name}, {size:.1f} MB, CPU seconds, median of {args.runs}\n")
    print("| program | s | MB/s | export / this |\n|---|---|---|---|")
    for name, seconds in medians.items():
        ratio = medians["journalctl -o export"] / seconds
        print(f"| {name} | {seconds:.3f} | {size / seconds:.0f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
