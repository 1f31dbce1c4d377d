#!/bin/sh
# Prints the first Python on the PATH that is 3.11 or newer.
for name in python3 python3.12 python3.13 python3.11 python3.14 python; do
  if "$name" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$name"
    exit 0
  fi
done
echo "no-python-3.11-found"
