#!/usr/bin/env python3
"""Compares the whole program with rg, grep and vectorscan, and writes docs/performance.md.

In: the folder of the perf-kit (corpus generator, pattern files, vectorscan driver) and a folder to work in, with
about 8 GiB free. Out: the tables, on standard output and in the document. All programs run in turn, so that
they meet the same noise; the table has medians.

    cargo build --release
    python3 benches/compare.py --kit KIT --work FOLDER
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE = 1 << 30
SETS = [("lit", n) for n in (10, 100, 361, 1000, 5000)] + [("mix", n) for n in (10, 100, 361, 1000, 5000)]
ENV = {**os.environ, "SOURCE_DATE_EPOCH": "1795400000", "LC_ALL": "C"}


def run(command, limit=None):
    """Seconds of wall time and standard output; no seconds if it takes longer than the limit."""
    start = time.perf_counter()
    try:
        done = subprocess.run([str(word) for word in command], env=ENV, timeout=limit, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None, b""
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return time.perf_counter() - start, done.stdout


class Bench:
    def __init__(self, args):
        self.args = args
        self.work = args.work
        self.incident = args.incident
        self.work.mkdir(parents=True, exist_ok=True)
        self.kit = self.prepare_kit()
        self.rg = self.find_rg()
        self.vscan = self.build_vscan()

    def prepare_kit(self):
        kit = self.work / "kit"
        if not kit.exists():
            shutil.copytree(self.args.kit, kit)
            subprocess.run(["chmod", "-R", "u+w", kit], check=True)
            subprocess.run(["zstd", "-dq", "bg.txt.zst", "hit.txt.zst"], cwd=kit, check=True)
        subprocess.run(["cargo", "build", "--release", "-q", "--target-dir", self.work / "target"], cwd=kit, check=True)
        return kit

    def find_rg(self):
        found = shutil.which("rg") or shutil.which("rg", path=self.work / "bin")
        if not found:
            subprocess.run(["cargo", "install", "-q", "ripgrep", "--root", self.work], check=True)
            found = self.work / "bin" / "rg"
        return found

    def build_vscan(self):
        built = self.work / "vscan"
        if not built.exists():
            command = ["g++", "-O3", "-march=native", "-o", built, self.kit / "vscan.cpp", "-lhs", "-lpthread"]
            subprocess.run(command, check=True)
        return built

    def corpus(self, size=SIZE):
        """A mixed log of about this many bytes with one hit line in 20,000."""
        path = self.work / f"corpus-{size >> 20}.log"
        if not path.exists():
            gen = self.work / "target/release/gen"
            subprocess.run([gen, "42", str(size), path], env={**ENV, "KIT": self.kit}, stdout=subprocess.DEVNULL, check=True)
        return path

    def with_hits(self, share, size=256 << 20):
        """A log in which this share of the lines is hit lines of the largest literal set."""
        path = self.work / f"hits-{share}.log"
        if not path.exists():
            _, hits = run([self.rg, "-aN", "-F", "-f", self.patterns("lit", 5000), self.corpus()])
            hits = itertools.cycle(hits.splitlines(keepends=True))
            written, due = 0, 0.0
            with open(self.corpus(), "rb") as lines, open(path, "wb") as out:
                for line in lines:
                    due += share
                    if due >= 1:
                        due -= 1
                        line = next(hits)
                    written += out.write(line)
                    if written >= size:
                        break
        return path

    def compressed(self):
        """The first 256 MiB of the corpus, compressed by each of the usual programs."""
        plain = self.corpus(256 << 20)
        for program, ending in (("gzip", "gz"), ("zstd", "zst")):
            path = self.work / f"{plain.name}.{ending}"
            if not path.exists():
                with open(path, "wb") as out:
                    subprocess.run([program, "-c", plain], stdout=out, stderr=subprocess.DEVNULL, check=True)
            yield program, path

    def patterns(self, kind, count):
        return self.kit / "patterns" / f"{kind}-{count}.{'lit' if kind == 'lit' else 're'}"

    def pages(self, kind, count):
        """The patterns as signature pages."""
        folder = self.work / "pages" / f"{kind}-{count}"
        if not folder.exists():
            (folder / "bench").mkdir(parents=True)
            key = "contains" if kind == "lit" else "regex"
            for number, pattern in enumerate(self.patterns(kind, count).read_text().split("\n")):
                if pattern:
                    page = f'# Pattern {number}\n\n```toml signature\nseverity = "low"\nrole = "symptom"\nseen-on = ["bench"]\n\n'
                    page += f"[match]\n{key} = {json.dumps(pattern)}\n```\n\nA pattern.\n"
                    (folder / "bench" / f"p{number:04}.md").write_text(page)
        return folder

    def scan(self, path, *more, threads=2):
        return [self.incident, "scan", path, "-q", "--threads", threads, "--timezone", "UTC", "--host", "x", "--format", "json", *more]

    def chosen(self, kind, count):
        return ["--signatures", self.pages(kind, count), "--select", "bench/*"]

    def commands(self, kind, count):
        patterns, corpus = self.patterns(kind, count), self.corpus()
        fixed = ["-F"] if kind == "lit" else []
        commands = {
            "incident": self.scan(corpus, *self.chosen(kind, count)),
            "vectorscan": [self.vscan, *fixed, "-l", "-t", "2", corpus, patterns],
            "rg": [self.rg, *fixed, "-c", "-f", patterns, corpus],
        }
        if kind == "lit":
            commands["grep"] = ["grep", "-F", "-c", "-f", patterns, corpus]
        return commands

    def round_robin(self, commands):
        """The median seconds of each command, all run in turn; nothing for those beyond the limit."""
        times = {name: [] for name in commands}
        slow = set()
        for turn in range(self.args.runs + 1):
            for name, command in commands.items():
                if name in slow:
                    continue
                seconds, _ = run(command, self.args.limit)
                if seconds is None:
                    slow.add(name)
                elif turn > 0 or seconds > self.args.limit / 4:
                    # The first turn warms the caches up; what is very slow runs once.
                    times[name].append(seconds)
                    if seconds > self.args.limit / 4:
                        slow.add(name)
        return {name: statistics.median(seconds) if seconds else None for name, seconds in times.items()}

    def check(self, kind, count):
        """Patterns found by the program, by rg on its hit lines, and hit lines by rg."""
        patterns, corpus = self.patterns(kind, count), self.corpus()
        fixed = ["-F"] if kind == "lit" else []
        seconds, lines = run([self.rg, "-aN", *fixed, "-f", patterns, corpus], self.args.limit * 20)
        if seconds is None:
            return None
        lines_path = self.work / "lines.log"
        lines_path.write_bytes(lines)
        expected = set()
        for number, pattern in enumerate(patterns.read_text().split("\n")):
            if pattern and subprocess.run([self.rg, "-aq", *fixed, "-e", pattern, lines_path], check=False).returncode == 0:
                expected.add(f"bench/p{number:04}")
        _, report = run(self.scan(corpus, *self.chosen(kind, count)))
        found = {finding["signature"]["id"] if isinstance(finding["signature"], dict) else finding["signature"] for finding in json.loads(report)["findings"]}
        return found, expected, lines.count(b"\n")


def private_memory(command):
    """Largest private memory (anonymous pages) of a command, in MiB."""
    process = subprocess.Popen([str(word) for word in command], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    largest = 0

    def watch():
        nonlocal largest
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("RssAnon:"):
                    largest = max(largest, int(line.split()[1]))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    watcher.join()
    return largest / 1024


def rate(size, seconds):
    return "more than the limit" if seconds is None else f"{size / seconds / 1e9:.2f}"


def ratio(own, other):
    return "" if own is None or other is None else f"{other / own:.1f}"


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def peers(bench):
    size, rows = bench.corpus().stat().st_size, []
    for kind, count in SETS:
        seconds = bench.round_robin(bench.commands(kind, count))
        own = seconds["incident"]
        checked = bench.check(kind, count) if bench.args.check else None
        if checked:
            found, expected, lines = checked
            agrees = f"{len(found & expected)} of {len(expected)}" + (f", {len(found - expected)} more" if found - expected else "")
        rows.append([
            count,
            {"lit": "literal", "mix": "mixed"}[kind],
            *(rate(size, seconds[name]) if name in seconds else "" for name in ("incident", "vectorscan", "rg", "grep")),
            ratio(own, seconds["vectorscan"]),
            ratio(own, seconds["rg"]),
            f"{agrees} ({lines} lines)" if checked else "",
        ])
        print(rows[-1], flush=True)
    return table(["patterns", "kind", "incident", "vectorscan", "rg", "grep", "times vectorscan", "times rg", "patterns found, of those that rg finds"], rows)


def scaling(bench):
    thousand = bench.chosen("lit", 1000)
    commands, sizes = {}, {}

    def add(name, path, *more, threads=2):
        commands[name], sizes[name] = bench.scan(path, *more, threads=threads), path.stat().st_size

    for threads in (1, 2):
        add(f"shipped library, {threads} threads", bench.corpus(), threads=threads)
        add(f"1000 literals, {threads} threads", bench.corpus(), *thousand, threads=threads)
    for mib in (128, 4096):
        add(f"1000 literals, 2 threads, {mib} MiB", bench.corpus(mib << 20), *thousand)
    for share in (0.00005, 0.01, 0.3, 1.0):
        add(f"1000 literals, 2 threads, hit lines {share:.3%}", bench.with_hits(share), *thousand)
    for decoder, path in bench.compressed():
        add(f"shipped library, 2 threads, {decoder} of 256 MiB", path)
        commands[f"{decoder} -dc of the same"] = [decoder, "-dc", path]
        sizes[f"shipped library, 2 threads, {decoder} of 256 MiB"] = sizes[f"{decoder} -dc of the same"] = 256 << 20
    commands["an empty log, shipped library"] = bench.scan("/dev/null")
    seconds = bench.round_robin(commands)
    rows = [[name, f"{value:.3f}", rate(sizes[name], value) if name in sizes else ""] for name, value in seconds.items() if value]
    memory = private_memory(bench.scan(bench.corpus(4096 << 20), *thousand))
    return table(["run", "seconds", "GB/s"], rows), memory


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    flags = Path("/proc/cpuinfo").read_text()
    vectors = "AVX-512 with VBMI" if "avx512_vbmi " in flags or "avx512vbmi" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{cpu}, {os.cpu_count()} cores, {vectors}, {platform.system()} {platform.release()}"


def document(bench):
    # The first of three passes may meet a cold cache.
    _, limits = run([bench.work / "target/release/limit", "nl", "2", bench.corpus(), "3"])
    limit = limits.splitlines()[-1]
    compared = peers(bench)
    scaled, memory = scaling(bench)
    rg = subprocess.run([bench.rg, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    return f"""# Performance

Written by `benches/compare.py`; do not edit by hand.

- **Machine**: {machine()}.
- **Corpus**: 1 GiB, {limit.decode().split("(")[-1].strip().rstrip(")")} lines of 47 programs with one hit line in 20,000, in the page cache.
- **Limit**: counting line ends with two threads reaches {limit.decode().split("GB/s ")[1].split()[0]} GB/s.
- **Method**: wall time of the whole process, from its start to the end of the report, with two threads (rg and grep use one for one
  file). All programs run in turn, once to warm up and then {bench.args.runs} times; the tables have medians. Runs beyond {bench.args.limit} s are
  stopped, and those beyond a quarter of that run once. Other work on the machine makes single runs noisy: compare
  the ratios within a row, not the numbers of different rows or dates.
- **Peers**: {rg}; {subprocess.run(["grep", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]}; vectorscan in block mode, which counts matched lines.
  `incident` does more than they do: each pattern is a signature, hits become records with time and level, and a report is written.

## Against other programs, GB/s

{compared}
## Scaling

{scaled}
Private memory on 4 GiB with 1000 literals: {memory:.0f} MiB.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kit", type=Path, required=True, help="folder of the perf-kit")
    parser.add_argument("--work", type=Path, required=True, help="folder for the corpus and what is built")
    parser.add_argument("--incident", type=Path, default=ROOT / "target/release/incident")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=16.0, help="seconds after which a run is stopped")
    parser.add_argument("--check", action="store_true", help="compare what is found with rg (minutes for regexes)")
    text = document(Bench(parser.parse_args()))
    (ROOT / "docs/performance.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
