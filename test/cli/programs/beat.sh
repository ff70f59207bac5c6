#!/bin/sh
# A program that must not run twice. While it runs, it appends lines to the file $1, with the time
# of the kernel's clock: TOKEN NAME start|beat|stop SECONDS. $2 is what it does on SIGTERM: orderly
# ends, stubborn ignores it, and forking ends too but has a child at work that ignores it. Without
# $2, the fencing token decides.
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
