// The demo: three processes, one leader. The leader is killed, another takes over; that one resigns, the last takes over.
// Usage: node examples/demo/main.mjs [--endpoints http://127.0.0.1:2379,…]; without endpoints it needs no etcd.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { Etcd, Observer } from 'etcd-elect'
import { DevServer } from 'etcd-elect/devserver'

const values = readOptions()
const server =
  values.endpoints === undefined ? await DevServer.start({ log: console.log }) : undefined
const endpoints = values.endpoints ?? server.endpoint
const election = `demo/${process.pid}`
const ttl = process.env.TTL ?? '2'
const children = new Map()
const terms = []
let told = () => undefined

function start(name) {
  const child = fork(new URL('./candidate.mjs', import.meta.url), {
    env: { ...process.env, ENDPOINTS: endpoints, ELECTION: election, NAME: name, TTL: ttl },
  })
  children.set(name, child)
  child.on('message', (fact) => {
    if (fact.elected !== undefined) {
      terms.push({ name: fact.elected, token: BigInt(fact.token), at: fact.at })
      console.log(`  ${fact.elected} leads, fencing token ${fact.token}`)
    } else {
      console.log(`  ${fact.ended} stopped working: ${fact.how}`)
    }
    told()
  })
  child.on('exit', (code) => {
    children.delete(name)
    if (code !== null && code !== 0) {
      console.error(`${name} failed with exit code ${code}`)
      process.exitCode = 1
    }
    told()
  })
}

/** Rejects, with a message that says what to do, when no etcd is there. */
async function answers() {
  const etcd = new Etcd({ endpoints: endpoints.split(','), callTimeoutMs: 3_000 })
  await new Observer(etcd, { election }).init().finally(() => etcd.close())
}

async function until(condition, what) {
  const timeout = AbortSignal.timeout(15_000)
  while (!condition()) {
    await new Promise((resolve, reject) => {
      told = resolve
      timeout.addEventListener('abort', () => reject(new Error(`waited 15 s in vain for ${what}`)))
    })
  }
}

function readOptions() {
  try {
    return parseArgs({ options: { endpoints: { type: 'string' } } }).values
  } catch (error) {
    return giveUp(error)
  }
}

function giveUp(error) {
  console.error(error.message)
  process.exit(1)
}

try {
  await answers()
  if (server === undefined) console.log(`etcd at ${endpoints}`)
  console.log(`three processes contest the election '${election}', TTL ${ttl} s`)
  for (const name of ['web-1', 'web-2', 'web-3']) start(name)
  await until(() => terms.length >= 1, 'a first leader')

  const first = terms[0].name
  console.log(`killing ${first} with SIGKILL, so that nobody can say goodbye`)
  const killedAt = Date.now()
  children.get(first).kill('SIGKILL')
  await until(() => terms.length >= 2, 'a second leader')
  const failover = terms[1].at - killedAt

  const second = terms[1].name
  console.log(`asking ${second} to resign`)
  const resignedAt = Date.now()
  children.get(second).send('resign')
  await until(() => terms.length >= 3, 'a third leader')
  const handover = terms[2].at - resignedAt

  console.log('stopping all')
  // The leader last, so that nobody is elected meanwhile who is about to stop.
  for (const [name, child] of children) if (name !== terms[2].name) child.send('stop')
  await until(() => children.size === 1, 'those who wait to end')
  children.get(terms[2].name)?.send('stop')
  await until(() => children.size === 0, 'the last process to end')

  const growing = terms.every(({ token }, index) => index === 0 || token > terms[index - 1].token)
  console.log('summary')
  console.log(`  leaders: ${terms.map(({ name }) => name).join(', ')}`)
  console.log(
    `  after a kill the next one led within ${failover} ms (the TTL is what it waits for)`,
  )
  console.log(`  after a resignation within ${handover} ms`)
  console.log(`  fencing tokens strictly growing: ${growing ? 'yes' : 'NO'}`)
  if (!growing) process.exitCode = 1
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  for (const child of children.values()) {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  await server?.close()
}
