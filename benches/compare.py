#!/usr/bin/env python3
"""Compares the whole program with rg, grep and vectorscan, and writes docs/performance.md.

In: the folder of the perf-kit (corpus generator, pattern files, vectorscan driver) and a folder to work in, with
about 8 GiB free. Out: the tables, on standard output and in the document. All programs run in turn, so that
they meet the same noise; the table has medians.

    cargo build --release --bins --examples
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
SHARES = (0.00005, 0.01, 0.3, 1.0)
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
        self.bare_scan = args.incident.parent / "examples/bare_scan"
        if not self.bare_scan.exists():
            subprocess.run(["cargo", "build", "--release", "-q", "--example", "bare_scan"], cwd=ROOT, check=True)
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

    def bare(self, path, kind, count):
        """The same without what comes behind the filter."""
        return [self.bare_scan, self.pages(kind, count), "2", path]

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
        if (kind, count) == ("lit", 1000):
            commands["AVX-512 off"] = ["env", "INCIDENT_KERNEL=avx2", *commands["incident"]]
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

    def hit_lines(self, kind, count):
        """The lines of the corpus in which rg finds one of the patterns, kept for the next time. Of thousands of regexes
        it takes a thousand at a time, which is much faster."""
        path = self.work / f"lines-{kind}-{count}.log"
        if not path.exists():
            patterns = self.patterns(kind, count).read_text().rstrip("\n").split("\n")
            lines, part = {}, self.work / "part.txt"
            step = len(patterns) if kind == "lit" else 1000
            for at in range(0, len(patterns), step):
                part.write_text("\n".join(patterns[at : at + step]) + "\n")
                fixed = ["-F"] if kind == "lit" else []
                _, found = run([self.rg, "-aN", "--byte-offset", *fixed, "-f", part, self.corpus()])
                lines.update(line.split(b":", 1) for line in found.splitlines())
            path.write_bytes(b"".join(line + b"\n" for line in lines.values()))
        return path

    def check(self, kind, count):
        """Patterns found by the program, by rg on its hit lines, and how many these are."""
        lines = self.hit_lines(kind, count)
        fixed = ["-F"] if kind == "lit" else []
        expected = set()
        for number, pattern in enumerate(self.patterns(kind, count).read_text().split("\n")):
            if pattern and subprocess.run([self.rg, "-aq", *fixed, "-e", pattern, lines], check=False).returncode == 0:
                expected.add(f"bench/p{number:04}")
        _, report = run(self.scan(self.corpus(), *self.chosen(kind, count)))
        found = {finding["signature"]["id"] if isinstance(finding["signature"], dict) else finding["signature"] for finding in json.loads(report)["findings"]}
        return found, expected, lines.read_bytes().count(b"\n")


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
    return "" if own is None or other is None else f"{other / own:.2f}"


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def peers(bench):
    """The table, and the seconds of each program for each set."""
    size, rows, all_seconds = bench.corpus().stat().st_size, [], {}
    for kind, count in SETS:
        seconds = all_seconds[kind, count] = bench.round_robin(bench.commands(kind, count))
        agrees = ""
        if bench.args.check:
            found, expected, lines = bench.check(kind, count)
            more = f", {len(found - expected)} more" if found - expected else ""
            agrees = f"{len(found & expected)} of {len(expected)}{more} ({lines} lines)"
        names = {"incident": "", "AVX-512 off": ", AVX-512 off"}
        for name in filter(seconds.get, names):
            own = seconds[name]
            rows.append([
                count,
                {"lit": "literal", "mix": "mixed"}[kind] + names[name],
                rate(size, own),
                *(rate(size, seconds[peer]) if peer in seconds else "" for peer in ("vectorscan", "rg", "grep")),
                ratio(own, seconds["vectorscan"]),
                ratio(own, seconds["rg"]),
                agrees if name == "incident" else "",
            ])
            print(rows[-1], flush=True)
    heads = ["patterns", "kind", "incident", "vectorscan", "rg", "grep", "times vectorscan", "times rg", "patterns found, of those that rg finds"]
    return table(heads, rows), all_seconds


def scaling(bench):
    """The table of runs, that of hit shares, some ratios, and the private memory."""
    thousand = bench.chosen("lit", 1000)
    commands, sizes = {}, {}

    def add(name, path, *more, threads=2):
        commands[name], sizes[name] = bench.scan(path, *more, threads=threads), path.stat().st_size

    for threads in (1, 2):
        add(f"shipped library, {threads} threads", bench.corpus(), threads=threads)
        add(f"1000 literals, {threads} threads", bench.corpus(), *thousand, threads=threads)
    for mib in (128, 4096):
        add(f"1000 literals, 2 threads, {mib} MiB", bench.corpus(mib << 20), *thousand)
    for decoder, path in bench.compressed():
        add(f"shipped library, 2 threads, {decoder} of 256 MiB", path)
        commands[f"{decoder} -dc of the same"] = [decoder, "-dc", path]
        sizes[f"shipped library, 2 threads, {decoder} of 256 MiB"] = sizes[f"{decoder} -dc of the same"] = 256 << 20
    commands["an empty log, shipped library"] = bench.scan("/dev/null")
    others = list(commands)
    for share in SHARES:
        path = bench.with_hits(share)
        add(f"{share:.3%}", path, *thousand)
        commands[f"{share:.3%} bare"] = bench.bare(path, "lit", 1000)
    seconds = bench.round_robin(commands)
    runs = [
        [name, f"{seconds[name]:.3f}", rate(sizes[name], seconds[name]) if name in sizes else ""] if seconds[name] else [name, "more than the limit", ""]
        for name in others
    ]
    shares = []
    for name in (f"{share:.3%}" for share in SHARES):
        whole, bare = seconds[name], seconds[f"{name} bare"]
        shares.append([name, f"{bare:.3f}", f"{whole:.3f}", rate(sizes[name], whole), f"{whole / bare:.2f}"])
    memory = private_memory(bench.scan(bench.corpus(4096 << 20), *thousand))
    pairs = {name: ratio(seconds[f"{name}, 2 threads"], seconds[f"{name}, 1 threads"]) for name in ("1000 literals", "shipped library")}
    threads = ", ".join(f"{gain} times with the {name}" for name, gain in pairs.items() if gain)
    heads = ["hit lines", "bare scan, s", "whole program, s", "GB/s", "times the bare scan"]
    return table(["run", "seconds", "GB/s"], runs), table(heads, shares), threads, memory


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    flags = Path("/proc/cpuinfo").read_text()
    vectors = "AVX-512 with VBMI" if "avx512_vbmi " in flags or "avx512vbmi" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{cpu}, {os.cpu_count()} cores, {vectors}, {platform.system()} {platform.release()}"


def document(bench):
    # The first of three passes may meet a cold cache.
    _, limits = run([bench.work / "target/release/limit", "nl", "2", bench.corpus(), "3"])
    limit = limits.splitlines()[-1]
    compared, seconds = peers(bench)
    scaled, shares, threads, memory = scaling(bench)
    fall = ratio(seconds["lit", 10]["incident"], seconds["lit", 5000]["incident"])
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
  A signature's pattern is looked for in the message of a record, not in what stands before it: a pattern that also wants
  the name of the program there is found by rg alone (a page asks for that as `service`).

## Against other programs, GB/s

{compared}
From 10 to 5,000 literals the program becomes {fall} times slower.

## Scaling

{scaled}
Two threads are faster than one: {threads}.

Logs of 256 MiB in which some lines are hit lines, 1,000 literals, two threads. The bare scan (`examples/bare_scan.rs`) only looks
for the places where a gate literal stands; the whole program reads records and writes the report.

{shares}
Private memory on 4 GiB with 1000 literals: {memory:.0f} MiB.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kit", type=Path, required=True, help="folder of the perf-kit")
    parser.add_argument("--work", type=Path, required=True, help="folder for the corpus and what is built")
    parser.add_argument("--incident", type=Path, default=ROOT / "target/release/incident")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=16.0, help="seconds after which a run is stopped")
    parser.add_argument("--check", action="store_true", help="compare what is found with rg (two minutes more)")
    text = document(Bench(parser.parse_args()))
    (ROOT / "docs/performance.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
