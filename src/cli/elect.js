#!/usr/bin/env sh
':' //; [ $$ -ne 1 ] && exec node -- "$0" "$@"
':' //; node -- "$0" "$@" <&0 & child=$!
':' //; for name in HUP TERM USR1 USR2 ALRM CONT; do trap "kill -$name $child" $name; done
':' //; if [ -t 0 ]; then trap : INT QUIT WINCH
':' //; else for name in INT QUIT WINCH; do trap "kill -$name $child" $name; done; fi
':' //; while wait $child; code=$?; kill -0 $child 2>/dev/null; do :; done; exit $code

// This file is a shell script and a Node.js program. The shell runs the lines above and replaces
// itself with Node.js at once. Only as the first process of a container (pid 1) the shell stays:
// pid 1 has to reap the children that other processes left behind, and Node.js reaps only its own.
// The shell passes signals on, except those that the terminal sends to all of its processes.
// Node.js reads the lines above as strings with comments.
import './main.js'
