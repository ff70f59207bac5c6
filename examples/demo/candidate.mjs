// One of the processes of the demo: a service of which exactly one instance should be at work.
import { Candidate, Etcd } from 'etcd-elect'

const { ENDPOINTS, ELECTION, NAME, TTL } = process.env
const etcd = new Etcd({ endpoints: ENDPOINTS.split(',') })
const candidate = new Candidate(etcd, { election: ELECTION, name: NAME, ttl: Number(TTL) })
const shutdown = new AbortController()

process.on('message', (order) => {
  if (order === 'resign') void candidate.resign()
  if (order === 'stop') shutdown.abort()
})

await candidate.lead(
  async (leadership) => {
    process.send({ at: Date.now(), elected: NAME, token: String(leadership.fencingToken) })
    // Here a real service works, with leadership.signal and leadership.fencingToken in hand.
    process.send({ at: Date.now(), ended: NAME, how: await stopped(leadership) })
  },
  { signal: shutdown.signal },
)
await candidate.close()
await etcd.close()
process.disconnect()

/** Resolves when this term's work has to stop, with the reason. */
async function stopped(leadership) {
  await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve))
  // Asked to stop, it still leads until the work has ended; otherwise the term is over.
  return leadership.isValid() ? 'asked to' : leadership.ended
}
