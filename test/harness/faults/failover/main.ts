// `npm run test:failover`: fails leaders that have a guardian and a renewal worker again and again,
// and prints a summary by mode. It fails when two candidates believe at once that they lead, when a
// fencing token does not grow, or when a leader loses a leadership that it had to keep.

import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { scratch } from '../../bundle.js'
import { Random } from '../random.js'
import { violations } from './judge.js'
import { type Mode, modes, type Outcome } from './modes.js'
import { World } from './world.js'

const usage = `usage: npm run test:failover -- [options]
  --rounds N     how many times something is done to a leader (default 30)
  --seed S       decides what (default 1)
  --modes A,B    only these: ${modes.map(({ name }) => name).join(', ')}`

function complain(message: string): never {
  console.error(`${message}\n\n${usage}`)
  return process.exit(2)
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    modes: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) {
  complain(`--rounds: expected a whole number from 1 up, got '${values.rounds}'`)
}
const names = values.modes?.split(',')
const unknown = names?.find((name) => !modes.some((mode) => mode.name === name))
if (unknown !== undefined) complain(`--modes: expected names of modes, got '${unknown}'`)
const chosen = modes.filter(({ name }) => names === undefined || names.includes(name))

const outcomes = new Map<Mode, Outcome[]>(chosen.map((mode) => [mode, []]))

function summarize(): string {
  const lines = [...outcomes].map(([{ name }, all]) => {
    const followed = all.flatMap(({ followedMs }) => followedMs ?? []).toSorted((a, b) => a - b)
    const kept = all.flatMap((outcome) => outcome.kept ?? [])
    const at = (share: number): string =>
      (followed[Math.min(followed.length - 1, Math.floor(followed.length * share))] ?? 0).toFixed(0)
    const times =
      followed.length === 0
        ? ''
        : `followed after ${at(0.5)} ms at the median, ${at(0.99)} ms at the 99th percentile`
    const keeping = kept.length === 0 ? '' : `kept ${String(kept.filter(Boolean).length)}`
    return `${name.padEnd(30)} ${String(all.length).padStart(4)} × ${times}${keeping}`
  })
  return lines.join('\n')
}

const dir = scratch()
try {
  await using world = await World.make(dir)
  const random = new Random(values.seed)
  for (let round = 0; round < rounds; round++) {
    const draw = random.for(`round ${String(round)}`)
    const leader = await world.calm()
    const mode = draw.pick(chosen)
    const outcome = await mode.run(world, leader, draw)
    outcomes.get(mode)?.push(outcome)
    console.log(`${String(round + 1)}: ${mode.name}: ${leader.who}: ${JSON.stringify(outcome)}`)
  }
  await world.calm()
  const wrong = violations(world.history())
  const lost = [...outcomes.values()].flat().filter(({ kept }) => kept === false).length
  console.log(`\n${summarize()}\n`)
  for (const what of wrong) console.log(`VIOLATION ${what}`)
  console.log(`${String(wrong.length)} violations, ${String(lost)} lost that had to be kept`)
  process.exitCode = wrong.length + lost === 0 ? 0 : 1
} finally {
  rmSync(dir, { recursive: true, force: true })
}
