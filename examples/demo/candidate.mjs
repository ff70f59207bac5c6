// One of the processes of the demo: a service of which exactly one instance should be at work.
import { Candidate, Etcd } from 'etcd-elect'

const { ENDPOINTS, ELECTION, NAME } = process.env
const etcd = new Etcd({ endpoints: ENDPOINTS.split(',') })
const candidate = new Candidate(etcd, { election: ELECTION, name: NAME, ttl: 2 })
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

/** Why this term's work has to stop. */
async function stopped(leadership) {
  const asked = new Promise((resolve) => {
    leadership.signal.addEventListener('abort', () => resolve('asked to stop'), { once: true })
  })
  return Promise.race([leadership.ended, asked])
}
