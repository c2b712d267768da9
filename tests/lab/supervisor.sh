#!/usr/bin/env bash
# Makes captures for the pages of supervisor/ again: tests/lab/supervisor.sh FOLDER. Needs supervisor.
source "$(dirname "$0")/common.sh"
need supervisord
cat > s.conf <<CONF
[supervisord]
logfile=$work/supervisord.log
pidfile=$work/s.pid
[program:missing]
command=/nonexistent/uvicorn
[program:quick]
command=/bin/sh -c "exit 1"
CONF
supervisord -n -c s.conf > /dev/null 2>&1 & pid=$!
sleep 12
kill "$pid"; wait "$pid"
grep spawnerr supervisord.log | keep supervisor/spawn-error
grep 'exited: quick' supervisord.log | keep supervisor/exited-too-quickly
grep 'gave up' supervisord.log | keep supervisor/fatal
