// `npm run test:faults`: plays rounds of faults, each from a seed, and prints a summary. See
// docs/faults.md.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../support/command.js'
import { bundle, scratch } from '../bundle.js'
import type { Mutation } from '../mutation.js'
import { type JudgedBy, mutantsOf } from '../mutants.js'
import { faketime } from './fake-clock.js'
import { now } from './host-clock.js'
import { mayMakeNamespaces } from './network.js'
import { faults } from './nemesis/all.js'
import type { Fault } from './nemesis/fault.js'
import { optionsFrom } from './options.js'
import { Postgres, postgresPrograms } from './postgres.js'
import { asTable, type Summary, summarize, violationsOf } from './report.js'
import { draw, playRound, type Round } from './round.js'
import type { Ability } from './world.js'

// Ends this process when its parent is gone.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.exit(1)
}, 500).unref()

const mutants = mutantsOf('faults')
const options = optionsFrom(process.argv.slice(2))
const dir = scratch()
const programs = postgresPrograms()
const postgres = programs === undefined ? undefined : await Postgres.start(programs)
if (postgres === undefined) {
  console.log('no PostgreSQL (Debian: apt-get install postgresql): writes go to etcd only')
}

async function abilitiesOf(subject: string): Promise<ReadonlySet<Ability>> {
  const has = (command: string): Promise<boolean> =>
    run(command, ['-V']).then(
      ({ code }) => code === 0,
      () => false,
    )
  const abilities: [Ability, boolean][] = [
    ['namespaces', mayMakeNamespaces()],
    ['strace', await has('strace')],
    ['faketime', faketime() !== undefined],
    ['sign in', subject !== 'etcd3'],
  ]
  return new Set(abilities.flatMap(([ability, there]) => (there ? [ability] : [])))
}

interface Play {
  readonly subject: string
  readonly seed: number
  readonly slots: readonly (readonly Fault[])[]
  readonly ttlS: number
  readonly mutant?: Mutation | undefined
}

async function play({ subject, seed, slots, ttlS, mutant }: Play): Promise<Round> {
  const logs = join(dir, `${subject.replace(':', '-')}-${String(seed)}`)
  mkdirSync(logs)
  const round = await playRound({
    seed: String(seed),
    program: await bundle(
      `faults/subjects/${subject === 'etcd3' ? 'etcd3' : 'elect'}`,
      dir,
      mutant,
    ),
    observer: await bundle('faults/subjects/observer', dir),
    keyPrefix: subject === 'etcd3' ? 'election/' : '',
    version: options.etcd,
    candidates: 3,
    ttlS,
    lockDelay: options.lockDelay,
    postgres,
    dir: logs,
    slots,
    // A new leader waits for former leaders.
    healWithinMs: options.healWithinMs + (options.lockDelay ? 1.1 * ttlS * 1_000 + 200 : 0),
  })
  rmSync(logs, { recursive: true })
  if (options.keep !== undefined) {
    mkdirSync(options.keep, { recursive: true })
    const lines = round.history.map((entry) => JSON.stringify(entry))
    writeFileSync(
      join(options.keep, `${subject.replace(':', '-')}-${String(seed)}.jsonl`),
      lines.join('\n'),
    )
  }
  tell(round)
  return round
}

function tell(round: Round): void {
  const { seed, verdict, history } = round
  const done = history.flatMap((entry) =>
    entry.is === 'fault' ? [`${entry.fault} (${entry.on})`] : [],
  )
  console.log(`seed ${seed}: ${String(verdict.terms)} terms: ${done.join('; ')}`)
  for (const { rule, what, during } of violationsOf(round)) {
    console.log(`  VIOLATION ${rule}: ${what} [${during.join(' + ')}]`)
  }
  for (const { excused, what } of verdict.overlaps) {
    if (excused) console.log(`  excused overlap: ${what}`)
  }
}

function chosenFaults(subject: string, abilities: ReadonlySet<Ability>, only?: readonly string[]) {
  const wanted = faults.filter(({ name }) => only?.includes(name) ?? true)
  const possible = wanted.filter(({ needs }) => needs === undefined || abilities.has(needs))
  if (possible.length === 0) throw new Error(`${subject}: none of these faults is possible here`)
  const leftOut = wanted.flatMap(({ name, needs }) =>
    needs === undefined || abilities.has(needs) ? [] : [{ fault: name, needs }],
  )
  return { possible, leftOut }
}

/** Yields the faults of each round, for as long as the options ask for. */
function* rounds(possible: readonly Fault[]): Generator<Fault[][]> {
  if (options.each !== undefined) {
    const all = possible.flatMap((fault) => Array<Fault[]>(options.each ?? 0).fill([fault]))
    while (all.length > 0) yield all.splice(0, options.count)
    return
  }
  const endAt = now() + options.minutes * 60_000
  const more = (index: number): boolean =>
    options.rounds === undefined ? now() < endAt : index < options.rounds
  for (let index = 0; more(index); index++) {
    yield draw(String(options.seed + index), possible, options.count)
  }
}

async function many(subject: string): Promise<boolean> {
  const mutant = mutants.find(({ name }) => subject === `mutant:${name}`)
  const abilities = await abilitiesOf(subject)
  const { possible, leftOut } = chosenFaults(
    subject,
    abilities,
    options.only ?? mutant?.faults.faults,
  )
  const ttlS = options.ttlS ?? mutant?.faults.ttlS ?? 3
  const played: Round[] = []
  for (const slots of rounds(possible)) {
    const seed = options.seed + played.length
    played.push(await play({ subject, seed, slots, ttlS, mutant }))
  }
  const { etcd, lockDelay } = options
  const summary: Summary = summarize(played, { subject, etcd, lockDelay, leftOut })
  console.log(`\n${asTable(summary)}\n`)
  console.log(JSON.stringify(summary))
  return summary.violations.length === 0
}

/** Plays rounds of each mutant until it is caught. */
async function everyMutant(): Promise<boolean> {
  console.log(`--seed ${String(options.seed)}`)
  const most = options.rounds ?? 10
  let allCaught = true
  for (const mutant of mutants) {
    const round = await caughtInRound(mutant, most)
    allCaught &&= round !== undefined
    const how =
      round === undefined
        ? `NOT CAUGHT in ${String(most)} rounds`
        : `caught in round ${String(round)} of at most ${String(most)}`
    console.log(`${how}: mutant:${mutant.name}, without ${mutant.without}: ${mutant.faults.shows}`)
  }
  return allCaught
}

/** Resolves with the round, counted from 1, in which the mutant was caught. */
async function caughtInRound(
  mutant: JudgedBy<'faults'>,
  most: number,
): Promise<number | undefined> {
  const subject = `mutant:${mutant.name}`
  const { shows, faults: sensitiveTo } = mutant.faults
  const { possible } = chosenFaults(
    subject,
    await abilitiesOf('elect'),
    options.only ?? sensitiveTo,
  )
  const ttlS = options.ttlS ?? mutant.faults.ttlS ?? 3
  for (let index = 0; index < most; index++) {
    const seed = options.seed + index
    const slots = draw(String(seed), possible, options.count)
    const { verdict } = await play({ subject, seed, slots, ttlS, mutant })
    if (verdict.violations.some(({ rule }) => rule === shows)) return index + 1
  }
  return undefined
}

try {
  const well = options.subject === 'mutants' ? await everyMutant() : await many(options.subject)
  process.exitCode = well ? 0 : 1
} finally {
  await postgres?.[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
}
