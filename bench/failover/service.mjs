// One candidate in a process of its own, of this library or of npm etcd3, that does what it is told and tells what it
// sees, on the clock of the machine. It must not know what is measured.
import { readdirSync, readFileSync } from 'node:fs'
import { Etcd3 } from 'etcd3'
import { Candidate, Etcd, Session } from '../../dist/index.js'

const {
  library,
  endpoint,
  election,
  name,
  session: options,
  elections = 1,
} = JSON.parse(process.argv[2])
const now = () => Number(process.hrtime.bigint()) / 1e6
const tell = (event, fact = {}) => process.send({ event, at: now(), ...fact })

/** Of each thread of this process, by its id, in ticks of 10 ms. */
function ticks() {
  return new Map(
    readdirSync('/proc/self/task').map((id) => {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
      return [id, Number(fields[11]) + Number(fields[12])]
    }),
  )
}

let look = () => false
async function ours() {
  const etcd = new Etcd({ endpoints: [endpoint] })
  const session = new Session(etcd, options)
  session.on('guardianStarted', ({ pid }) => tell('guardian', { pid }))
  session.on('workerStarted', () => tell('worker', { threads: [...ticks().keys()] }))
  const before = [...ticks().keys()]
  await session.open()
  tell('open', { threads: before })
  const candidates = Array.from(
    { length: elections },
    (_, index) =>
      new Candidate(session, {
        election: index === 0 ? election : `${election}-${index}`,
        name,
      }),
  )
  for (;;) {
    const [leadership] = await Promise.all(candidates.map((candidate) => candidate.campaign()))
    look = () => leadership.isValid()
    tell('elected')
    await leadership.ended
  }
}

/** As its documentation has it. */
async function etcd3() {
  const client = new Etcd3({ hosts: [endpoint] })
  const campaign = client.election(election, options.ttl).campaign(name)
  let leads = false
  look = () => leads
  campaign.on('elected', () => {
    leads = true
    tell('elected')
  })
  campaign.on('error', () => {
    leads = false
    tell('lost')
  })
  tell('open')
}

process.on('message', ({ do: what, ms }) => {
  if (what === 'block') {
    const end = now() + ms
    tell('blocking')
    while (now() < end);
    tell('unblocked', { leads: look() })
  }
  // As a computation does as far as this process can tell, without taking processors from the others.
  if (what === 'sleep') {
    tell('blocking')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    tell('unblocked', { leads: look() })
  }
  if (what === 'look') tell('looked', { leads: look() })
  if (what === 'ticks') tell('ticks', { ticks: [...ticks()] })
})
process.on('disconnect', () => process.exit())

await (library === 'etcd3' ? etcd3() : ours())
