# Sourced by the labs of the families: a folder for the captures, a place to work in, and `keep ID`, which writes what
# it reads to FOLDER/ID.txt ("/" in the ID becomes "-") with the paths of a server.
set -uo pipefail
out=${1:?folder for the captures}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
keep() { sed -e "s#$work#/srv/app#g" -e "s#\b$(hostname)\b#web-01#g" > "$out/${1//\//-}.txt"; }
need() { for program in "$@"; do command -v "$program" > /dev/null || { echo "left out, not installed: $program" >&2; exit 0; }; done; }
