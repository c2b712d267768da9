#!/usr/bin/env bash
# Makes captures for the pages of ci/ again: tests/lab/ci.sh FOLDER. Each tool that is not installed is left out.
source "$(dirname "$0")/common.sh"
printf 'import unittest\nclass Cart(unittest.TestCase):\n    def test_total(self):\n        self.assertEqual(3, 4)\nunittest.main()\n' > test_cart.py
command -v python3 > /dev/null && python3 test_cart.py 2>&1 | keep ci/tests-failed-unittest
printf 'require("node:test")("total", () => require("node:assert").strictEqual(3, 4))\n' > cart.test.js
command -v node > /dev/null && node --test cart.test.js 2>&1 | keep ci/tests-failed-node
printf 'int main(void) { return total; }\n' > cart.c
command -v gcc > /dev/null && gcc cart.c 2>&1 | keep ci/compile-error-gcc
printf 'fn main() { let total: u8 = "3"; }\n' > cart.rs
command -v rustc > /dev/null && rustc cart.rs 2>&1 | keep ci/compile-error-rustc
printf 'all:\n\t@sh -c '"'"'kill -KILL $$$$'"'"'\n' > Makefile
command -v make > /dev/null && make 2>&1 | keep ci/exit-137
exit 0
