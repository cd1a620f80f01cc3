#!/bin/sh
# Deploys a version, one at a time in the whole cluster: flotilla lock deploy -- ./deploy.sh VERSION [SECONDS]
set -eu
echo "$1 begins"
sleep "${2:-1}"
if flotilla put /deployed "$1" --fence "$FLOTILLA_FENCE" >/dev/null; then
  echo "$1 is deployed"
else
  echo "$1 came too late" # somebody else deploys by now
fi
