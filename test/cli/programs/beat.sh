#!/bin/sh
# A program that must not run twice. It appends to the file $1, all the time that it runs, who it is and what the kernel's
# clock says: TOKEN NAME start|beat|stop SECONDS. $2 is how it takes SIGTERM: orderly, stubborn, or forking, which leaves the
# work to a grandchild that is stubborn as well. Without it, the term decides.
file=$1
mode=$2
say() {
  read -r now _ </proc/uptime
  echo "$ELECT_FENCING_TOKEN $ELECT_NAME $1 $now" >>"$file"
}
beat() {
  while :; do
    say beat
    sleep 0.01
  done
}
if [ -z "$mode" ]; then
  case $((ELECT_FENCING_TOKEN % 3)) in
  0) mode=orderly ;;
  1) mode=stubborn ;;
  2) mode=forking ;;
  esac
fi
say start
case $mode in
orderly) trap 'say stop; exit' TERM ;;
stubborn) trap '' TERM ;;
forking)
  (
    trap '' TERM
    beat
  ) &
  ;;
esac
beat
