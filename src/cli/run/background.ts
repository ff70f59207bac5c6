// Whether this process is in the background of its terminal.

import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Whether what is typed at the terminal goes to another job. False where there is no /proc. */
export function isInBackground(): boolean {
  if (!isatty(0)) return false
  try {
    const line = readFileSync('/proc/self/stat', 'utf8')
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    const [group, terminal, foreground] = [fields[2], fields[4], fields[5]].map(Number)
    // A process without a controlling terminal has not been put in the background.
    return terminal !== 0 && group !== foreground
  } catch {
    return false
  }
}
