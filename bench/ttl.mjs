// `npm run bench:ttl`: how long nobody leads after the leader died, stepped down or lost its way to etcd, by TTL. It prints
// the table that docs/operations.md shows. These are waits of seconds, so a busy machine changes little.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startEtcd, versionOf } from './etcd.mjs'
import { Etcd, Observer } from '../dist/index.js'

const usage = `npm run bench:ttl -- [options]
  --ttl N       a TTL to measure, in seconds; may be repeated (default 2, 5, 10)
  --rounds N    how often each is measured (default 5)
  --etcd PATH   the etcd to start (default: the one on the PATH)`

const elect = fileURLToPath(new URL('../dist/cli/elect.js', import.meta.url))
const program = 'setInterval(() => undefined, 1000)'

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        ttl: { type: 'string', multiple: true, default: ['2', '5', '10'] },
        rounds: { type: 'string', default: '5' },
        etcd: { type: 'string', default: 'etcd' },
      },
    })
    const numbers = [values.rounds, ...values.ttl].map(Number)
    if (numbers.some((number) => !Number.isInteger(number) || number < 1)) {
      throw new Error('--ttl and --rounds: expected whole numbers from 1 up')
    }
    return { rounds: numbers[0], ttls: numbers.slice(1), etcd: values.etcd }
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    return process.exit(2)
  }
}

/** What ends the leadership of `elect run`, and what it leaves to be cleaned up. */
const endings = {
  'killed (SIGKILL)': (leader) => leader.child.kill('SIGKILL'),
  'stopped (SIGSTOP)': (leader) => leader.child.kill('SIGSTOP'),
  'cut off from etcd': (leader) => leader.way.cut(),
  'asked to end (SIGTERM)': (leader) => leader.child.kill('SIGTERM'),
}

/** A way to etcd of one's own, which can go dead without a word. */
async function wayTo(endpoint) {
  const { port } = new URL(endpoint)
  const sockets = new Set()
  let isCut = false
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from)
      from.on('data', (bytes) => isCut || to.write(bytes))
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    cut: () => (isCut = true),
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function contender(name, election, ttl, endpoint) {
  const way = await wayTo(endpoint)
  const flags = ['--ttl', String(ttl), '--name', name, '--endpoints', way.endpoint, '--quiet']
  const command = [process.execPath, '-e', program]
  const child = spawn(elect, ['run', election, '--forever', ...flags, '--', ...command], {
    stdio: 'ignore',
    detached: true,
  })
  const gone = once(child, 'exit')
  return {
    child,
    way,
    end: async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await gone
      way.close()
    },
  }
}

/** Milliseconds from the ending until somebody else leads; undefined when it came to nothing. */
async function gap(ttl, end, endpoint) {
  const election = `ttl/${process.pid}/${Math.random()}`
  const etcd = new Etcd({ endpoints: endpoint })
  const observer = new Observer(etcd, { election })
  const contenders = []
  try {
    await observer.start()
    contenders.push(await contender('first', election, ttl, endpoint))
    await leads(observer, 'first')
    contenders.push(await contender('second', election, ttl, endpoint))
    await queueOf(observer, 2)
    // At any moment between two renewals.
    await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * ((ttl * 1000) / 3)))
    // On a machine that is too busy for its TTL, the first one may have lost it already.
    if (observer.leader?.name !== 'first') return undefined
    const from = performance.now()
    end(contenders[0])
    await leads(observer, 'second')
    return performance.now() - from
  } finally {
    await Promise.all(contenders.map((each) => each.end()))
    await observer.stop()
    await etcd.close()
  }
}

async function leads(observer, name) {
  for await (const leader of observer) if (leader?.name === name) return
}

async function queueOf(observer, length) {
  while (observer.candidates.length < length) await new Promise((resolve) => setTimeout(resolve, 5))
}

const seconds = (ms) => (ms / 1000).toFixed(2)

function cell(times) {
  const sorted = times.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]
  return `${seconds(median)} s (${seconds(sorted[0])} to ${seconds(sorted.at(-1))})`
}

const { rounds, ttls, etcd: path } = readOptions()
const server = await startEtcd({ path, fsync: false })
try {
  const rows = []
  for (const ttl of ttls) {
    const cells = []
    for (const [what, end] of Object.entries(endings)) {
      console.error(`TTL ${ttl}, ${what} …`)
      // Each in a queue of its own, all at once: they wait, and hardly work.
      const times = []
      while (times.length < rounds) {
        // Each in a queue of its own, some at once: they wait, and hardly work.
        const missing = Array.from({ length: Math.min(rounds - times.length, 5) }, () =>
          gap(ttl, end, server.endpoint),
        )
        times.push(...(await Promise.all(missing)).filter((time) => time !== undefined))
      }
      cells.push(cell(times))
    }
    rows.push([String(ttl), ...cells])
  }
  const version = await versionOf(server.endpoint)
  console.log(
    `Median of ${rounds} (shortest to longest), ${new Date().toISOString().slice(0, 10)}, etcd ${version}, Node.js ${process.versions.node}:\n`,
  )
  console.log(`| \`--ttl\` | ${Object.keys(endings).join(' | ')} |`)
  console.log(
    `| --- | ${Object.keys(endings)
      .map(() => '---')
      .join(' | ')} |`,
  )
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
} finally {
  await server.close()
}
