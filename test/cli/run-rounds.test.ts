// No two copies of a program run at once under `elect run`, whichever of its processes is killed or
// stopped. `npm run test:run-rounds` plays more rounds (RUN_ROUNDS); RUN_ROUNDS_SEED changes them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { type BuiltCli, buildCli } from '../support/cli.js'
import { startEtcd } from '../support/etcd.js'
import { overlaps, parseBeats, playRounds } from './rounds.js'

const count = Number(process.env['RUN_ROUNDS'] ?? 8)
const seed = Number(process.env['RUN_ROUNDS_SEED'] ?? 1)

let cli: BuiltCli
beforeAll(async () => {
  cli = await buildCli()
})
afterAll(() => {
  cli.remove()
})

test('the check finds two copies that run at once', () => {
  const lines = ['7 a start 1.00', '7 a beat 1.50', '9 b start 1.49', '9 b stop 2.00', '']
  const runs = parseBeats(lines.join('\n'))
  expect(runs.map(({ token, first, last }) => [token, first, last])).toEqual([
    [7n, 1, 1.5],
    [9n, 1.49, 2],
  ])
  expect(overlaps(runs)).toHaveLength(1)
  expect(overlaps(parseBeats(lines.join('\n').replace('1.49', '1.50')))).toEqual([])
})

test(
  `no two copies run at once, over ${String(count)} rounds in which elect or its keeper is killed or stopped (seed ${String(seed)})`,
  async () => {
    await using etcd = await startEtcd()
    const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-rounds-'))
    onTestFinished(() => {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    })
    const history: string[] = []
    const random = seededRandom(seed)
    const { endpoint } = etcd
    const { runs, faults } = await playRounds({
      ...{ cli, endpoint, dir, count, random },
      log: (line) => history.push(line),
    })
    const beats = runs.reduce((sum, run) => sum + run.beats, 0)
    console.log(
      `${String(count)} rounds (${[...faults].map(([fault, times]) => `${fault}: ${String(times)}`).join(', ')}): ` +
        `${String(runs.length)} terms, ${String(beats)} beats, ${String(overlaps(runs).length)} overlaps`,
    )
    expect(runs.length).toBeGreaterThan(count)
    expect(overlaps(runs), history.join('\n')).toEqual([])
  },
  60_000 + count * 20_000,
)
