// The stages of `npm run test:long`, in order. docs/testing.md says what takes long, and why.

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} what one line: what it shows
 * @property {number} minutes about how long it takes on two cores
 * @property {readonly [string, ...string[]]} command
 * @property {Readonly<Record<string, string>>} [env]
 */

/**
 * A test file that `npm test` leaves out.
 *
 * @param {string} name
 * @param {string} what
 * @param {number} minutes
 * @param {string} file
 * @param {Readonly<Record<string, string>>} [env]
 * @returns {Stage}
 */
function file(name, what, minutes, file, env = {}) {
  return { name, what, minutes, command: ['node', 'scripts/test.mjs', file], env }
}

/**
 * @param {string} name
 * @param {string} what
 * @param {number} minutes
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Stage}
 */
function script(name, what, minutes, script, ...args) {
  return { name, what, minutes, command: ['npm', 'run', '--silent', script, '--', ...args] }
}

/** @type {readonly Stage[]} */
export const stages = [
  script(
    'simulation',
    '3,000 schedules of faults: never two leaders',
    3,
    'test:sim',
    '--count',
    '3000',
  ),
  script('simulation-mutants', 'the simulation catches every mutant', 1, 'test:sim', '--mutants'),
  script(
    'faults',
    'every fault once, on real etcds: never two leaders',
    5,
    'test:faults',
    '--each',
    '1',
  ),
  script(
    'fault-mutants',
    'the fault harness catches every mutant',
    12,
    'test:faults',
    '--subject',
    'mutants',
  ),
  script(
    'failover',
    'crashes and blocked event loops, 20 rounds',
    10,
    'test:failover',
    '--rounds',
    '20',
  ),
  file('outages', 'etcd is down for 30, 60 and 120 s', 5, 'test/etcd/outage.test.ts', {
    OUTAGES: '30,60,120',
  }),
  file('quiet', 'a quiet watch stays, on every etcd', 1, 'test/etcd/quiet.long.test.ts'),
  file(
    'run-rounds',
    '50 rounds of elect run killed and stopped',
    1,
    'test/cli/run-rounds.test.ts',
    { RUN_ROUNDS: '50' },
  ),
  file(
    'differential',
    'the devserver answers 200 sequences like etcd',
    2,
    'test/devserver/conformance/differential',
    { DIFF_RUNS: '200' },
  ),
  file('devserver-load', 'the devserver under load', 1, 'test/devserver/load/load.long.test.ts'),
  file(
    'devserver-slow',
    'clients of the devserver that do not read',
    1,
    'test/devserver/load/slow-watch.long.test.ts',
  ),
  file(
    'etcd-support',
    'the etcds of the tests start, stop and leave nothing',
    1,
    'test/support/etcd.long.test.ts',
  ),
  file(
    'bench',
    'the benchmarks run, and cost the requests they should',
    1,
    'test/docs/bench.long.test.ts',
  ),
]
