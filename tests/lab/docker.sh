#!/usr/bin/env bash
# Makes captures for the pages of docker/ that need no daemon again: tests/lab/docker.sh FOLDER. Needs the client of Docker.
source "$(dirname "$0")/common.sh"
need docker
{ docker -H "unix://$work/docker.sock" ps; docker -H tcp://127.0.0.1:18399 ps; } 2>&1 | keep docker/daemon-unreachable
