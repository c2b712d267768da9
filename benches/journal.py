#!/usr/bin/env python3
"""Compares scanning binary journals here with reading them by journalctl, in CPU time.

In: journals, best of 100,000 entries or more. Out: a table for each with the medians of user and system time and of
the ratio to `journalctl -o export`, which is taken run by run: all programs run in turn, so that they meet the same noise.

With --make, two journals are written first, from the same ordinary entries of a web host: in `ordinary.journal` one entry
in 5,000 tells of a failure, in `failures.journal` every fourth does. `systemd-journal-remote` writes them; as the
messages are counted up, they are the same on every machine.

    cargo build --release
    python3 benches/journal.py --make /tmp/journals --remote /lib/systemd/systemd-journal-remote
    python3 benches/journal.py /tmp/journals/*.journal
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One file takes so many.
ENTRIES = 80_000
BOOT, MACHINE = "5f0c2a1be3d94c64a5d7c1e20b9f4a37", "4b1d0f3aa7c84f3d9c5a1e22bd7f0a11"

# Who writes how often, and what.
ORDINARY = [
    (50, "nginx", 6, lambda r: f'10.0.{r(256)}.{r(256)} - - "GET /api/v1/items/{r(99999)}?page={r(50)} HTTP/1.1" 200 {r(90000)}'),
    (12, "systemd", 6, lambda r: f"Started session-{r(4000)}.scope - Session {r(4000)} of User deploy."),
    (10, "sshd", 6, lambda r: f"Accepted publickey for deploy from 10.0.{r(256)}.{r(256)} port {r(65536)} ssh2"),
    (8, "CRON", 6, lambda r: f"(root) CMD (   cd / && run-parts --report /etc/cron.hourly) #{r(9999)}"),
    (12, "shop", 6, lambda r: f"order {r(999999)} placed by customer {r(99999)} in {r(900)} ms"),
    (5, "postgres", 6, lambda r: f"checkpoint complete: wrote {r(9999)} buffers ({r(9)}.{r(9)}%); sync={r(9)}.00{r(9)} s"),
    (3, "kernel", 6, lambda r: f"[{r(99999)}.{r(999999)}] IPv6: ADDRCONF(NETDEV_CHANGE): veth{r(9999)}: link becomes ready"),
]
FAILURES = [
    (1, "shop", 3, lambda r: f"order {r(999999)} failed: dial tcp 10.0.0.5:5432: connect: connection refused"),
    (1, "kernel", 3, lambda r: f"Out of memory: Killed process {r(9999)} (java) total-vm:{r(9999999)}kB, anon-rss:{r(9999999)}kB"),
    (1, "shop", 3, lambda r: "Traceback (most recent call last):\n"
        + "".join(f'  File "/srv/app/m{n}.py", line {r(900)}, in f{n}\n    return g(x)\n' for n in range(8))
        + "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) could not connect to server: Connection refused"),
    (1, "nginx", 3, lambda r: f"connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.{r(256)}.{r(256)}"),
]


def field(name, value):
    """A field as journals are exported."""
    value = value.encode()
    if b"\n" in value:
        return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def entries(every):
    """Exported entries, of which one in `every` tells of a failure."""
    draw = random.Random(7)
    at = 1_795_500_000_000_000
    for number in range(ENTRIES):
        at += draw.randrange(1000, 400_000)
        kinds = FAILURES if number % every == every // 2 else ORDINARY
        _, name, priority, message = draw.choices(kinds, [kind[0] for kind in kinds])[0]
        fields = {
            "__REALTIME_TIMESTAMP": str(at), "__MONOTONIC_TIMESTAMP": str(at - 1_795_499_990_000_000), "_BOOT_ID": BOOT,
            "MESSAGE": message(draw.randrange), "PRIORITY": str(priority), "SYSLOG_FACILITY": "3",
            "SYSLOG_IDENTIFIER": name, "_PID": str(draw.randrange(300, 900)), "_UID": "0", "_GID": "0", "_COMM": name,
            "_EXE": f"/usr/sbin/{name}", "_CMDLINE": f"/usr/sbin/{name} --config /etc/{name}.conf",
            "_SYSTEMD_CGROUP": f"/system.slice/{name}.service", "_SYSTEMD_UNIT": f"{name}.service",
            "_SYSTEMD_SLICE": "system.slice", "_TRANSPORT": "stdout", "_MACHINE_ID": MACHINE, "_HOSTNAME": "web-1",
            "_SOURCE_REALTIME_TIMESTAMP": str(at - draw.randrange(1, 400)),
        }
        yield b"".join(field(key, value) for key, value in fields.items()) + b"\n"


def make(folder, remote):
    folder.mkdir(parents=True, exist_ok=True)
    for name, every in [("ordinary", 5000), ("failures", 4)]:
        path = folder / f"{name}.journal"
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([remote, "--seal=no", "-o", path, "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for entry in entries(every):
            writer.stdin.write(entry)
        writer.stdin.close()
        if writer.wait() != 0:
            raise SystemExit(f"{remote}: exit code {writer.returncode}")


def cpu_seconds(command):
    """User and system time of a command, whose output is thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # 3: something could not be read in full, which a journal that is open for writing may cause.
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"{command[0]}: exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(journal, args):
    printed = [args.journalctl, "--no-pager", "-q", "--file", journal, "-o"]
    programs = {
        "journalctl -o export": [*printed, "export"],
        "journalctl -o json": [*printed, "json"],
        "incident scan": [args.incident, "scan", journal, "-q", "--format", "json"],
    }
    times = {name: [] for name in programs}
    for _ in range(args.runs):
        for name, command in programs.items():
            times[name].append(cpu_seconds(command))

    size = os.path.getsize(journal) / 1e6
    print(f"{journal.name}, {size:.1f} MB, CPU seconds, median of {args.runs}\n")
    print("| program | s | MB/s | export / this |\n|---|---|---|---|")
    for name, seconds in times.items():
        ratio = statistics.median(export / own for export, own in zip(times["journalctl -o export"], seconds))
        median = statistics.median(seconds)
        print(f"| {name} | {median:.3f} | {size / median:.0f} | {ratio:.1f} |")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("journals", type=Path, nargs="*")
    parser.add_argument("--make", type=Path, metavar="FOLDER")
    parser.add_argument("--remote", default="/lib/systemd/systemd-journal-remote")
    parser.add_argument("--incident", type=Path, default=ROOT / "target/release/incident")
    parser.add_argument("--journalctl", default="journalctl")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    if args.make:
        make(args.make, args.remote)
    for journal in args.journals:
        compare(journal, args)


if __name__ == "__main__":
    main()
