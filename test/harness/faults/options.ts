// The options of `npm run test:faults`.

import { parseArgs } from 'node:util'
import { freshSeed } from '../fresh-seed.js'
import { mutantsOf } from '../mutants.js'
import { faults } from './nemesis/all.js'

const mutants = mutantsOf('faults')

const usage = `usage: npm run test:faults -- [options]
  --minutes N       go on for so long (default 10)
  --rounds N        or for so many rounds
  --each N          or with every fault N times, alone
  --seed S          begin with this seed (default 1, for mutants a fresh one);
                    each round has the next one
  --subject NAME    elect (default), etcd3, mutant:NAME or mutants: each until it is caught,
                    within --rounds N (default 10)
  --only A;B        only these faults
  --count N         faults in a round (default 5)
  --ttl S           in seconds (default 3)
  --lock-delay      all candidates have lockDelay: then there is no excuse for an overlap
  --heal-within MS  beyond the TTL, all has to be well after a fault (default 3000)
  --etcd VERSION    debian (default) or one that was built, like 3.6.16
  --keep DIR        write down in DIR what happened in each round
  --list            name the faults and the mutants`

export interface Options {
  readonly minutes: number
  readonly rounds: number | undefined
  readonly each: number | undefined
  readonly seed: number
  readonly subject: string
  readonly only: readonly string[] | undefined
  readonly count: number
  readonly ttlS: number | undefined
  readonly lockDelay: boolean
  readonly healWithinMs: number
  readonly etcd: string
  readonly keep: string | undefined
}

class UsageError extends Error {}

function number(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const parsed = Number(value)
  if (Number.isInteger(parsed) && parsed > 0) return parsed
  throw new UsageError(`--${option}: expected a whole number above 0, got '${value}'`)
}

/** Reads the options. Ends the process after `--help` or `--list`, or on a wrong option. */
export function optionsFrom(args: string[]): Options {
  try {
    return parse(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}

function parse(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      rounds: { type: 'string' },
      each: { type: 'string' },
      seed: { type: 'string' },
      subject: { type: 'string', default: 'elect' },
      only: { type: 'string' },
      count: { type: 'string' },
      ttl: { type: 'string' },
      'lock-delay': { type: 'boolean', default: false },
      'heal-within': { type: 'string' },
      etcd: { type: 'string', default: 'debian' },
      keep: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) end(usage)
  if (values.list) {
    const lines = mutants.map(({ name, without }) => `mutant:${name}: without ${without}`)
    end([...faults.map(({ name }) => name), '', ...lines].join('\n'))
  }
  const only = values.only?.split(';')
  const known = faults.map(({ name }) => name)
  const unknown = only?.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new UsageError(`--only: expected names of faults (see --list), got '${unknown}'`)
  }
  const subjects = ['elect', 'etcd3', 'mutants', ...mutants.map(({ name }) => `mutant:${name}`)]
  if (!subjects.includes(values.subject)) {
    throw new UsageError(
      `--subject: expected one of ${subjects.join(', ')}, got '${values.subject}'`,
    )
  }
  return {
    minutes: number('minutes', values.minutes) ?? 10,
    rounds: number('rounds', values.rounds),
    each: number('each', values.each),
    seed: number('seed', values.seed) ?? (values.subject === 'mutants' ? freshSeed() : 1),
    subject: values.subject,
    only,
    count: number('count', values.count) ?? 5,
    ttlS: number('ttl', values.ttl),
    lockDelay: values['lock-delay'],
    healWithinMs: number('heal-within', values['heal-within']) ?? 3_000,
    etcd: values.etcd,
    keep: values.keep,
  }
}

function end(text: string): never {
  console.log(text)
  process.exit(0)
}
