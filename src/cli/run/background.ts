// Whether this process is in the background of its terminal. It must not know why that is asked.

import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Whether input is a terminal at which somebody else is being typed to. False where there is no /proc to tell. */
export function inputIsNotOurs(): boolean {
  if (!isatty(0)) return false
  try {
    const line = readFileSync('/proc/self/stat', 'utf8')
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    const [group, terminal, foreground] = [fields[2], fields[4], fields[5]].map(Number)
    // Without a terminal of its own, nobody has put it in the background.
    return terminal !== 0 && group !== foreground
  } catch {
    return false
  }
}
