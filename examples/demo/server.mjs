// An etcd for the demo: the one that is installed, on free ports of loopback, with its data thrown away afterwards.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export async function startServer() {
  const [clientPort, peerPort] = [await freePort(), await freePort()]
  const endpoint = `http://127.0.0.1:${clientPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-demo-'))
  const flags = {
    'data-dir': dir,
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
  }
  const etcd = spawn(
    'etcd',
    Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    { stdio: 'ignore' },
  )
  const gone = once(etcd, 'exit')
  const remove = () => rmSync(dir, { recursive: true, force: true })
  try {
    await once(etcd, 'spawn')
  } catch {
    gone.catch(() => undefined)
    remove()
    throw new Error(
      'no etcd is installed here: install it (on Debian: apt-get install etcd-server), or name one with --endpoints',
    )
  }
  return {
    endpoint,
    announcement: `etcd at ${endpoint}, for this demo only`,
    async close() {
      etcd.kill('SIGKILL')
      await gone
      remove()
    },
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
