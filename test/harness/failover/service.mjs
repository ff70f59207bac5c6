// A service as users write one. It takes commands, and reports what happens to it as lines of JSON.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Candidate, Etcd, Session, shutdownSignal } from 'etcd-elect'

const { name, election, etcd: options, session: sessionOptions, lead } = JSON.parse(process.argv[2])

let isHealthy = true
const workers = []
process.on('worker', (worker) => workers.push(worker))

function tell(event, fact = {}) {
  const exact = (_, value) => (typeof value === 'bigint' ? value.toString(16) : value)
  process.stdout.write(`${JSON.stringify({ event, ...fact }, exact)}\n`)
}

const etcd = new Etcd(options)
const healthy = sessionOptions.healthy && (() => isHealthy)
const session = new Session(etcd, { ...sessionOptions, healthy })
for (const event of [
  'opened',
  'lost',
  'guardianStarted',
  'guardianLost',
  'workerStarted',
  'workerLost',
])
  session.on(event, (fact) => tell(event, fact))
const candidate = new Candidate(session, { election, name })

function elected({ term, fencingToken, ended }) {
  tell('elected', { term, fencingToken })
  void ended.then((end) => tell('ended', { end }))
}

const commands = {
  exit: () => process.exit(3),
  throw() {
    throw new Error('a bug, on purpose')
  },
  /**
   * Starts a child like a service's long-running ones: it inherits open files, and outlives its
   * parent.
   */
  child() {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.unref()
    tell('child', { pid: child.pid })
  },
  block(ms) {
    const end = performance.now() + ms
    while (performance.now() < end);
    tell('unblocked', { isValid: candidate.leadership?.isValid() ?? false })
  },
  terminateWorker: () => workers.at(-1)?.terminate(),
  healthy: (value) => (isHealthy = value),
  orphan() {
    session.orphan()
    void etcd.close()
  },
  async close() {
    await session.close()
    await etcd.close()
  },
  look: () => tell('looked', { isValid: candidate.leadership?.isValid() ?? false }),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const [command, value] = JSON.parse(line)
  void commands[command](value)
})
// Nothing but the session may keep this process alive.
process.stdin.unref?.()

if (lead) {
  await candidate.lead(
    async (leadership) => {
      elected(leadership)
      await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve))
      tell('asked', { reason: String(leadership.signal.reason) })
    },
    {
      signal: shutdownSignal(),
      onStop: (leadership) => tell('stopped', { isValid: leadership.isValid() }),
    },
  )
  await candidate.close()
  await session.close()
  await etcd.close()
  tell('left')
} else {
  elected(await candidate.campaign())
}
