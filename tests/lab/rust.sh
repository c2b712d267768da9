#!/usr/bin/env bash
# Makes captures for the pages of rust/ again: tests/lab/rust.sh FOLDER. Needs rustc (no network).
source "$(dirname "$0")/common.sh"
need rustc
program() { # ID BODY
  printf 'fn main() {\n    %s\n}\n' "$2" > main.rs
  rustc -A warnings -o shop main.rs && ./shop 2>&1 | keep "$1"
}
program rust/panic 'let port: u16 = std::env::args().nth(1).unwrap_or("http".into()).parse().unwrap(); println!("{port}");'
program rust/borrow-mut 'let cart = std::cell::RefCell::new(1); let one = cart.borrow(); *cart.borrow_mut() += *one;'
