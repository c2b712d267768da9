#!/usr/bin/env bash
# Makes captures for the pages of java/ again: tests/lab/java.sh FOLDER. Needs a JDK from 11 on (no network).
source "$(dirname "$0")/common.sh"
need java
program() { # ID BODY [OPTIONS]
  printf 'import java.util.*;\npublic class Shop {\n  static Map<String, int[]> carts = new HashMap<>();\n  static int depth(int n) { return depth(n + 1) + 1; }\n  public static void main(String[] a) throws Exception {\n    %s\n  }\n}\n' "$2" > Shop.java
  java ${3:-} Shop.java 2>&1 | keep "$1"
}
program java/null-pointer 'System.out.println(carts.get("user-7").length);'
program java/uncaught-exception 'throw new IllegalStateException("no configuration");'
program java/stack-overflow 'System.out.println(depth(0));'
program java/out-of-memory 'List<long[]> all = new ArrayList<>(); while (true) all.add(new long[1 << 16]);' -Xmx64m
program java/class-not-found 'Class.forName("com.example.shop.Cart");'
