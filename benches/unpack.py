#!/usr/bin/env python3
"""Compares scanning compressed logs here with decoding them by `gzip -dc` and `zstd -dc`.

In: a log, best of 200 MB or more and with few failures in it. Out: a table with the medians of wall time and of user and system time. The
log is compressed into a folder first, once as it is; `two` scans two such files at once. All programs run in turn, so that they
meet the same noise, and the ratios are taken run by run.

    cargo build --release
    python3 benches/unpack.py corpus.log --folder /tmp/packed
    python3 benches/unpack.py corpus.log --folder /tmp/packed -- --signatures PAGES --select 'bench/*'
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = {"gz": ["gzip"], "zst": ["zstd", "-q"]}


def seconds(command):
    """Wall time, and user and system time, of a command whose output is thrown away."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]}: exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pack(log, folder):
    """Two compressed copies of the log for each tool, by ending."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = {}
    for ending, tool in TOOLS.items():
        one, other = (folder / f"{log.stem}-{number}.log.{ending}" for number in (1, 2))
        if not one.exists():
            with open(one, "wb") as out:
                subprocess.run([*tool, "-c", log], stdout=out, check=True)
        if not other.exists():
            shutil.copyfile(one, other)
        packed[ending] = (one, other)
    return packed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--incident", type=lambda path: Path(path).absolute(), default=ROOT / "target/release/incident")
    parser.add_argument("--runs", type=int, default=5)
    # What stands behind `--` are further arguments of `incident scan`.
    given, more = sys.argv[1:], []
    if "--" in given:
        given, more = given[: given.index("--")], given[given.index("--") + 1 :]
    args = parser.parse_args(given)

    scan = [args.incident, "scan", "-q", "--format", "json", *more]
    size = os.path.getsize(args.log) / 1e9
    print(f"{args.log.name}, {size:.2f} GB of text, median of {args.runs}\n")
    print("| program | wall s | CPU s | GB/s of text | wall of the tool / this | CPU of the tool / this |\n|---|---|---|---|---|---|")
    for ending, (one, other) in pack(args.log, args.folder).items():
        tool = TOOLS[ending]
        programs = {
            f"{tool[0]} -dc": ([*tool, "-dc", one], 1),
            f"incident scan, one .{ending}": ([*scan, one], 1),
            f"incident scan, two .{ending}": ([*scan, one, other], 2),
        }
        runs = {name: [] for name in programs}
        for _ in range(args.runs):
            for name, (command, _) in programs.items():
                runs[name].append(seconds(command))
        decoding = runs[f"{tool[0]} -dc"]
        for name, (_, files) in programs.items():
            wall, cpu = (statistics.median(run[which] for run in runs[name]) for which in (0, 1))
            of_tool = [
                statistics.median(files * decoded[which] / own[which] for decoded, own in zip(decoding, runs[name]))
                for which in (0, 1)
            ]
            print(f"| {name} | {wall:.2f} | {cpu:.2f} | {files * size / wall:.2f} | {of_tool[0]:.2f} | {of_tool[1]:.2f} |")


if __name__ == "__main__":
    main()
