#!/usr/bin/env bash
# Makes captures for the pages of sys/ that tell of systemd again: tests/lab/sys.sh FOLDER. Needs root, unshare, systemd.
# A manager for units of a user runs with its own journal in namespaces where /run, /tmp and /var/log are empty: a manager
# of a system would run systemd-tmpfiles, which empties the real /tmp.
source "$(dirname "$0")/common.sh"
need unshare journalctl
[ -x /lib/systemd/systemd ] && [ "$(id -u)" = 0 ] || { echo "left out, needs root and systemd" >&2; exit 0; }
unit() { printf '[Unit]\nDescription=%s\n' "$2" > "units/$1"; cat >> "units/$1"; }
mkdir units
printf 'StartLimitIntervalSec=60\nStartLimitBurst=3\n[Service]\nExecStart=/bin/sh -c "sleep 0.2; exit 3"\nRestart=on-failure\nRestartSec=100ms\n' | unit api.service 'Shop API'
printf '[Service]\nExecStart=/bin/sh -c "kill -SEGV $$$$"\n' | unit worker.service 'Shop worker'
printf '[Service]\nExecStart=/srv/shop/bin/mailer --queue mail\n' | unit mailer.service 'Shop mailer'
printf '[Service]\nExecStartPre=/bin/false\nExecStart=/bin/true\nType=oneshot\n' | unit migrate.service 'Shop migrations'
printf 'Requires=migrate.service\nAfter=migrate.service\n[Service]\nExecStart=/bin/true\n' | unit admin.service 'Shop admin'
printf '[Service]\nExecStart=/bin/sh -c "for i in $(seq 400); do echo line $i; done; sleep 5; echo again"\n' | unit chatty.service 'Shop exporter'
printf '[Path]\nPathExists=/run/u\n' | unit queue.path 'Shop queue'
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' | unit queue.service 'Shop queue'
printf 'Wants=api.service worker.service mailer.service migrate.service admin.service chatty.service queue.path\n' | unit lab.target Lab
cat > inside.sh <<'INSIDE'
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && mount -t tmpfs tmpfs /var/tmp && mount -t cgroup2 none /sys/fs/cgroup || exit 1
mkdir -p /run/systemd/{system,journal,journald.conf.d} /run/u/systemd/user /run/log/journal
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=3s\nRateLimitBurst=100\nReadKMsg=no\n' > /run/systemd/journald.conf.d/lab.conf
cp units/* /run/u/systemd/user/
mount -t tmpfs tmpfs /tmp
hostname web-01
export XDG_RUNTIME_DIR=/run/u HOME=/run/u
/lib/systemd/systemd-journald & journal=$!
sleep 1
/lib/systemd/systemd --user --unit=lab.target --log-target=journal --log-level=info & manager=$!
sleep 8; kill -KILL $manager; sleep 1
journalctl --file '/run/log/journal/*/*.journal' -o short
kill $journal
INSIDE
timeout -k 1 30 unshare -m -p -f -C -u --kill-child --mount-proc bash inside.sh > all.txt 2>/dev/null
of() { grep -E "$1" all.txt; }
of ' api\.service' | keep sys/systemd-start-limit
of ' queue\.(path|service)' | keep sys/systemd-start-limit@path
of '(worker|mailer)\.service' | keep sys/systemd-main-process-exited
of '(migrate|admin)\.service' | keep sys/systemd-dependency-failed
of 'Suppressed|Missed' | keep sys/log-messages-dropped
