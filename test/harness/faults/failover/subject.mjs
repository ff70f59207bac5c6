// A candidate with a guardian and a renewal worker. It writes down when it believes that it leads,
// as lines of JSON.
import { appendFileSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Candidate, Etcd, Session } from '../../../../dist/index.js'

const { name, endpoints, log, session: options } = JSON.parse(process.argv[2])
const now = () => Number(process.hrtime.bigint()) / 1e6
const note = (entry) =>
  appendFileSync(log, `${JSON.stringify({ who: name, at: now(), ...entry })}\n`)

const lookEveryMs = 2
/** A kill loses at most this much of the last belief. */
const writeEveryMs = 20

let term
let from
let to
let wroteAt = 0
function write() {
  if (term !== undefined && from !== undefined && to > from) {
    note({ is: 'believed', token: term.token, from, to })
    from = to
  }
  wroteAt = now()
}
/** Reads the clock before it asks, so that no belief is written down as longer than it was. */
function look() {
  const at = now()
  if (term?.leadership.isValid()) {
    from ??= at
    to = at
    if (at - wroteAt > writeEveryMs) write()
  } else {
    write()
    from = undefined
  }
}
setInterval(look, lookEveryMs)

const etcd = new Etcd({ endpoints, callTimeoutMs: 5_000 })
const threads = () => readdirSync('/proc/self/task')
const before = threads()
const session = new Session(etcd, options)
session.on('guardianStarted', ({ pid }) => note({ is: 'guardian', pid }))
session.on('guardianLost', ({ reason }) => note({ is: 'guardianLost', reason }))
session.on('workerStarted', () => {
  note({
    is: 'worker',
    threads: threads()
      .filter((id) => !before.includes(id))
      .map(Number),
  })
})
session.on('workerLost', ({ reason }) => note({ is: 'workerLost', reason }))
const candidate = new Candidate(session, { election: 'contested', name })
const stop = new AbortController()

const commands = {
  /** Computes for so long, and keeps asking whether it still leads. */
  block(ms) {
    const end = now() + ms
    note({ is: 'blocked', ms })
    while (now() < end) look()
    note({ is: 'unblocked', leads: candidate.leadership?.isValid() ?? false })
  },
  /** Collects garbage again and again, in a heap that takes long to collect. */
  collect(ms) {
    const heap = Array.from({ length: 1_500_000 }, (_, index) => ({ index, next: { index } }))
    const end = now() + ms
    note({ is: 'blocked', ms })
    while (now() < end) {
      globalThis.gc()
      look()
    }
    note({ is: 'unblocked', leads: candidate.leadership?.isValid() ?? false, size: heap.length })
  },
  close: () => stop.abort(),
}
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [command, value] = JSON.parse(line)
    commands[command](value)
  })
  // The parent process is gone.
  .on('close', () => process.exit(1))

await candidate.lead(
  async (leadership) => {
    term = { token: String(leadership.fencingToken), leadership }
    note({ is: 'elected', token: term.token })
    look()
    await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve))
    look()
    write()
    note({ is: 'ended', token: term.token })
  },
  { signal: stop.signal },
)
await session.close()
await etcd.close()
note({ is: 'left' })
process.exit(0)
