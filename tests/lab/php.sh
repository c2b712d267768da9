#!/usr/bin/env bash
# Makes captures for the pages of php/ and ruby/ again: tests/lab/php.sh FOLDER. Needs php-cli and ruby (no network).
source "$(dirname "$0")/common.sh"
need php ruby
echo '<?php $cart = null; $cart->total();' > fatal.php
php -d log_errors=1 -d display_errors=0 -d error_log= fatal.php 2>&1 | keep php/fatal-error
echo '<?php ini_set("memory_limit", "8M"); $all = []; while (true) $all[] = str_repeat("x", 1 << 20);' > memory.php
php -d log_errors=1 -d display_errors=0 -d error_log= memory.php 2>&1 | keep php/memory-exhausted
printf 'source "https://rubygems.org"\ngem "nosuchgem-shop"\n' > Gemfile
echo 'require "bundler/setup"' > app.rb
BUNDLE_FROZEN=false ruby app.rb 2>&1 | keep ruby/bundler-gem-missing
