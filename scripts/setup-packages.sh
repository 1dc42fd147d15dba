#!/bin/sh
# Installs the npm packages of the lock file, quietly. `make` calls this when the lock file changed.
set -eu
cd "$(dirname "$0")/.."

node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${node_major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
  echo "Sluice needs Node.js 20 or newer with npm, to install its own Node.js 24." >&2
  echo "Found: node ${node_major:-none}, npm $(npm --version 2>/dev/null || echo none)." >&2
  echo "On Debian and Ubuntu: apt-get install nodejs npm, or https://nodejs.org" >&2
  exit 1
fi

echo "Installing npm packages (first run, or package-lock.json changed) ..."
npm ci --no-fund --no-audit --loglevel=error >/dev/null

if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  # The package `node` fetches its binary in an install script, which some configurations forbid.
  npm rebuild --foreground-scripts --loglevel=error node >/dev/null
fi
node_modules/.bin/node --version >/dev/null
