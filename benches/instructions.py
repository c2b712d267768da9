#!/usr/bin/env python3
"""Counts the instructions of a scan, which other work on the machine does not change.

In: the folder of the perf-kit as `compare.py` prepared it (its `--work`), and valgrind. Out: a table of instructions for each byte, for
each stage of the work on blocks. The counts of two runs differ by less than one in a thousand, so a change of a percent is a
change of the program. Valgrind has no AVX-512, so the kernels that are counted are those for AVX2.

    cargo build --release
    python3 benches/instructions.py --work FOLDER [--incident PROGRAM] [--mib 16]
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from compare import ENV, ROOT

# What the columns count: the function whose name holds this, with all that it calls; of several the largest.
STAGES = {"kernels": "kernel::", "filter": "filter::Search", "extents": "RecordReader::extent_at", "records": "RecordReader::read", "all": "examine::examine"}


def parser():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder that compare.py worked in")
    parser.add_argument("--incident", type=Path, default=ROOT / "target/release/incident")
    parser.add_argument("--mib", type=int, default=16, help="how much of each log is scanned")
    return parser


def counted(incident, log, more):
    """Instructions below the functions of each stage."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", incident, "scan", log, "-q", "--threads", "1", "--timezone", "UTC", "--format", "json", *more]
        done = subprocess.run([str(word) for word in command], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        listing = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], capture_output=True, text=True, check=True).stdout
    counts = dict.fromkeys(STAGES, 0)
    for line in listing.splitlines():
        words = line.split()
        count = words[0].replace(",", "") if words else ""
        if count.isdigit():
            for stage, name in STAGES.items():
                if name in line.split(":", 1)[-1]:
                    counts[stage] = max(counts[stage], int(count))
    return counts


def main():
    args = parser().parse_args()
    bench = ["--signatures", args.work / "pages/lit-1000", "--select", "bench/*"]
    logs = {"corpus": args.work / "corpus-1024.log", "1 % hit lines": args.work / "hits-0.01.log", "hit lines only": args.work / "hits-1.0.log"}
    print("| log | signatures | " + " | ".join(STAGES) + " |\n|---|---|" + "---|" * len(STAGES))
    for name, log in logs.items():
        if not log.exists():
            continue
        with tempfile.NamedTemporaryFile(suffix=".log", dir=args.work) as part, open(log, "rb") as whole:
            part.write(whole.read(args.mib << 20))
            part.flush()
            size = os.path.getsize(part.name)
            for library, more in (("shipped", []), ("1000 literals", bench)):
                counts = counted(args.incident, part.name, more)
                print(f"| {name} | {library} | " + " | ".join(f"{count / size:.2f}" for count in counts.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
