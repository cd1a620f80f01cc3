#!/bin/sh
# Deploys a version, one at a time in the whole cluster: flotilla lock deploy -- ./deploy.sh VERSION [SECONDS]
set -eu
echo "$1 begins"
sleep "${2:-1}"
code=0
flotilla put /deployed "$1" --fence "$FLOTILLA_FENCE" >/dev/null || code=$?
case $code in
  0) echo "$1 is deployed" ;;
  5) echo "$1 came too late" ;; # somebody else deploys by now
  *) echo "$1 may not be deployed" >&2 ;; # such as without a majority
esac
exit "$code"
