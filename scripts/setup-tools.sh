#!/bin/sh
# Installs the programs that the tests start (test/support/programs.tsv) with apt when run as root;
# otherwise says what is missing and how to install it. Nothing is printed when nothing is missing.
# Arguments limit it to the packages named.
set -eu
cd "$(dirname "$0")/.."

missing=''
while IFS="$(printf '\t')" read -r program package; do
  case $program in /*) ;; *) continue ;; esac
  [ -e "$program" ] && continue
  if [ $# -gt 0 ]; then
    case " $* " in *" $package "*) ;; *) continue ;; esac
  fi
  case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
done <test/support/programs.tsv
[ -z "$missing" ] && exit 0

command="apt-get install --no-install-recommends$missing"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed:$missing. The tests that need them are skipped; to run them: sudo $command" >&2
  exit 0
fi

echo "Installing$missing ..."
# Debian starts a daemon when its package is installed. The tests start their own, on ports of
# their own, so nothing of this may run by itself afterwards.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 1' INT TERM
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get -qq update && apt-get -qq install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
  cat "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"
