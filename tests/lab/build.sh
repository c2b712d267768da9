#!/usr/bin/env bash
# Makes captures for the pages of build/ and git/ again: tests/lab/build.sh FOLDER. Needs gcc, make, git (no network).
source "$(dirname "$0")/common.sh"
need gcc make git
printf '#include <libshop/cart.h>\nint main(void) { return 0; }\n' > header.c
gcc -c header.c 2>&1 | keep build/missing-header
printf 'int total(int);\nint main(void) { return total(1); }\n' > link.c
gcc -o shop link.c 2>&1 | keep build/linker-error
printf 'all: shop.o\nshop.o: shop.c cart.h\n\tcc -c shop.c\n' > Makefile
make 2>&1 | keep build/make-no-rule
printf 'all:\n\t@echo building; exit 3\n' > Makefile
make 2>&1 | keep build/make-error
git init -q repo && cd repo && git config user.email ci@shop.example && git config user.name ci
echo one > cart && git add cart && git commit -q -m one && git checkout -q -b other && echo two > cart && git commit -qam two
git checkout -q - && echo three > cart && git commit -qam three
git merge other 2>&1 | keep git/merge-conflict
