#!/usr/bin/env bash
# Makes captures for the pages of go/ again: tests/lab/go.sh FOLDER. Needs golang (no network).
source "$(dirname "$0")/common.sh"
need go
export GOFLAGS=-mod=mod GOPROXY=off GOCACHE="$work/cache"
program() { # ID BODY [IMPORTS]
  mkdir -p p && printf 'module example.org/shop\n\ngo 1.19\n' > p/go.mod
  printf 'package main\n\nimport (\n%s\n)\n\nfunc main() {\n%s\n}\n' "${3:-}" "$2" > p/main.go
  (cd p && go build -o shop . && ./shop) 2>&1 | keep "$1"
}
program go/panic-nil-deref '	var cart *struct{ Total int }
	println(cart.Total)'
program go/index-out-of-range '	prices := []int{1, 2}
	println(prices[len(prices)+3])'
program go/panic '	panic("no configuration")'
program go/deadlock '	orders := make(chan int)
	orders <- 1'
program go/concurrent-map '	m := map[int]int{}
	for i := 0; i < 4; i++ {
		go func() { for n := 0; ; n++ { m[n%8] = n } }()
	}
	time.Sleep(5 * time.Second)' '	"time"'
program go/context-deadline '	ctx, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	<-ctx.Done()
	log.Fatal("order 7: ", ctx.Err())' '	"context"
	"log"
	"time"'
mkdir m && printf 'module example.org/shop\n\ngo 1.19\n' > m/go.mod
printf 'package main\n\nimport _ "example.org/nosuch/cart"\n\nfunc main() {}\n' > m/main.go
(cd m && GOFLAGS= go build .) 2>&1 | keep go/module-error
