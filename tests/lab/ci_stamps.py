"""Puts a CI system's stamp before each line."""
import sys
t = 1763797211.1234567
for line in sys.stdin:
    t += 0.0313
    s = int(t)
    print(f"2025-11-22T{s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}.{int((t - s) * 1e7):07}Z {line.rstrip()}")
