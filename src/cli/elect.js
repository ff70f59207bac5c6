#!/usr/bin/env sh
':' //; [ $$ -ne 1 ] && exec node -- "$0" "$@"
':' //; node -- "$0" "$@" <&0 & child=$!
':' //; for name in HUP TERM USR1 USR2 ALRM CONT; do trap "kill -$name $child" $name; done
':' //; if [ -t 0 ]; then trap : INT QUIT WINCH; else for name in INT QUIT WINCH; do trap "kill -$name $child" $name; done; fi
':' //; while wait $child; code=$?; kill -0 $child 2>/dev/null; do :; done; exit $code

// A program for two interpreters. Started as a command it is one for the shell, which hands over to Node.js at once; only
// as the first process of a container does the shell stay. Somebody there has to reap the children that others left behind,
// and Node.js reaps none but its own. It passes signals on, but not those that the terminal gives to all of its processes.
// For Node.js, the lines above are strings with comments.
import './main.js'
