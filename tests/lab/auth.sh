#!/usr/bin/env bash
# Makes captures for the pages of auth/ again: tests/lab/auth.sh FOLDER. Needs python3 with pip, and npm (network).
source "$(dirname "$0")/common.sh"
need python3
python3 -m venv venv && venv/bin/pip -q install pyjwt python-jose openai || exit 0
texts() { while IFS='|' read -r name text; do printf "$text" > check.py; echo "== $name"; venv/bin/python check.py 2>&1; done; }
texts <<'TEXTS' | keep auth/jwt-invalid
PyJWT, another key|import jwt\njwt.decode(jwt.encode({"sub": "7"}, "a" * 32, "HS256"), "b" * 32, ["HS256"])\n
PyJWT, cut off|import jwt\njwt.decode("eyJhbGciOiJIUzI1NiJ9", "b" * 32, ["HS256"])\n
PyJWT, for another|import jwt\njwt.decode(jwt.encode({"aud": "shop"}, "a" * 32, "HS256"), "a" * 32, ["HS256"], audience="admin")\n
python-jose, another key|from jose import jwt\njwt.decode(jwt.encode({"sub": "7"}, "a", "HS256"), "b", ["HS256"])\n
TEXTS
texts <<'TEXTS' | keep auth/token-expired
PyJWT|import jwt\njwt.decode(jwt.encode({"exp": 1}, "a" * 32, "HS256"), "a" * 32, ["HS256"])\n
python-jose|from jose import jwt\njwt.decode(jwt.encode({"exp": 1}, "a", "HS256"), "a", ["HS256"])\n
TEXTS
echo '== openai' > key.txt; printf 'import openai\nopenai.OpenAI()\n' > key.py; env -u OPENAI_API_KEY venv/bin/python key.py >> key.txt 2>&1
keep auth/missing-credentials < key.txt
command -v npm > /dev/null && npm install --silent --no-fund jsonwebtoken > /dev/null 2>&1 || exit 0
{ echo 'const jwt = require("jsonwebtoken"); jwt.verify(jwt.sign({sub: 7}, "a"), "b")' > other.js; node other.js 2>&1
  echo 'const jwt = require("jsonwebtoken"); jwt.verify("abc", "b")' > cut.js; node cut.js 2>&1; } | keep auth/jwt-invalid-node
echo 'const jwt = require("jsonwebtoken"); jwt.verify(jwt.sign({exp: 1}, "a"), "a")' > old.js; node old.js 2>&1 | keep auth/token-expired-node
