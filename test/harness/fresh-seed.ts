// Draws a seed at random. The caller prints it, so that anybody can replay it.

import { randomInt } from 'node:crypto'

export function freshSeed(): number {
  return randomInt(1, 2 ** 31)
}
