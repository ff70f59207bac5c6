// `npm run test:sim`: plays schedules, each from its seed, and prints a summary. A schedule that
// breaks a rule is printed to the last message; `--seed` plays it again.

import { parseArgs } from 'node:util'
import { freshSeed } from '../fresh-seed.js'
import { mutantsOf } from '../mutants.js'
import { hunt } from './hunt.js'
import { load } from './load.js'
import type { Result } from './simulate.js'

const mutants = mutantsOf('sim')

const usage = `usage: npm run test:sim -- [options]
  --seed S        begin with this seed (default 1, with --mutants a fresh one);
                  each schedule has the next one
  --count N       so many schedules (default 1000)
  --minutes N     or for so long
  --mutant NAME   with one safeguard switched off: ${mutants.map(({ name }) => name).join(', ')}
  --mutants       every mutant, each until it is caught; fails if one survives as many schedules
                  as it may take
  --lock-delay B  true or false (default: what the mutant needs, or as the seed says)
  --slower-by F   clocks that are slower than clockDrift allows, by this fraction
  --trace N       print the last N lines of a schedule that finds something (default 60)
  --go-on         go on after a violation`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    count: { type: 'string', default: '1000' },
    minutes: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    'lock-delay': { type: 'string' },
    'slower-by': { type: 'string', default: '0' },
    trace: { type: 'string', default: '60' },
    'go-on': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) console.log(usage)
else process.exitCode = values.mutants ? await playMutants() : await play()

async function play(): Promise<number> {
  const mutant =
    values.mutant === undefined ? undefined : mutants.find(({ name }) => name === values.mutant)
  if (values.mutant !== undefined && mutant === undefined) throw new Error(usage)
  const { simulate } = await load(mutant)
  const asked = values['lock-delay']
  const lockDelay = asked === undefined ? mutant?.sim.lockDelay : asked === 'true'
  const options = {
    slowerBy: Number(values['slower-by']),
    ...(lockDelay === undefined ? {} : { lockDelay }),
  }
  const startedMs = performance.now()
  const endMs =
    values.minutes === undefined ? Infinity : startedMs + Number(values.minutes) * 60_000
  const first = Number(values.seed ?? 1)
  const count = values.minutes === undefined ? Number(values.count) : Infinity
  const sum = {
    schedules: 0,
    failed: 0,
    terms: 0,
    faults: 0,
    requests: 0,
    hours: 0,
    excused: 0,
    excusedMs: 0,
  }
  for (let seed = first; seed < first + count && performance.now() < endMs; seed++) {
    const result = await simulate(seed, options)
    sum.schedules += 1
    sum.terms += result.terms
    sum.faults += result.faults
    sum.requests += result.requests
    sum.hours += result.virtualMs / 3_600_000
    sum.excused += result.excused.count
    sum.excusedMs = Math.max(sum.excusedMs, result.excused.longestMs)
    if (result.violations.length === 0) continue
    sum.failed += 1
    print(result)
    if (!values['go-on']) break
  }
  const minutes = (performance.now() - startedMs) / 60_000
  console.log(
    `${String(sum.schedules)} schedules, ${String(sum.failed)} of them with violations, ${(sum.schedules / minutes).toFixed(0)} a minute; ` +
      `${sum.hours.toFixed(1)} hours of virtual time, ${String(sum.faults)} faults, ${String(sum.terms)} terms, ${String(sum.requests)} requests; ` +
      `${String(sum.excused)} overlaps after a hand or etcd had ended a lease, without lockDelay, the longest ${sum.excusedMs.toFixed(0)} ms`,
  )
  return sum.failed === 0 ? 0 : 1
}

async function playMutants(): Promise<number> {
  const first = values.seed === undefined ? freshSeed() : Number(values.seed)
  console.log(`--seed ${String(first)}`)
  let survivors = 0
  for (const mutant of mutants) {
    const { within, shows } = mutant.sim
    const taken = await hunt(mutant, first)
    if (taken === undefined) survivors += 1
    const how =
      taken === undefined
        ? `SURVIVES ${String(within)} schedules`
        : `caught by schedule ${String(taken)} of at most ${String(within)}`
    console.log(`${mutant.name.padEnd(24)} ${how}: ${shows}`)
  }
  return survivors === 0 ? 0 : 1
}

function print({ seed, lockDelay: delayed, violations, trace }: Result): void {
  console.log(`\nseed ${String(seed)}, lockDelay ${String(delayed)}`)
  const last = Number(values.trace)
  if (last > 0) console.log(trace.slice(-last).join('\n'))
  for (const { atMs, rule, what } of violations) {
    console.log(`VIOLATION at ${(atMs / 1000).toFixed(4)}: ${rule}: ${what}`)
  }
}
