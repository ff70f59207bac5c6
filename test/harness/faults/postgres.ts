// A real PostgreSQL on a Unix socket, which a candidate that is cut off from etcd can still reach.

import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { chmod, chown } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { Client } from 'pg'
import { run } from '../../support/command.js'
import { Guardian } from '../../support/guardian.js'
import { until } from '../../support/until.js'

const debian = '/usr/lib/postgresql'

/**
 * The folder of the server's programs, which Debian keeps by version; undefined when there is none.
 */
export function postgresPrograms(): string | undefined {
  if (!existsSync(debian)) return undefined
  const newest = readdirSync(debian).sort((a, b) => Number(b) - Number(a))[0]
  const dir = newest === undefined ? undefined : join(debian, newest, 'bin')
  return dir !== undefined && existsSync(join(dir, 'postgres')) ? dir : undefined
}

export class Postgres {
  readonly socketDir: string
  readonly #guardian: Guardian
  readonly #stop: () => Promise<void>

  private constructor(socketDir: string, guardian: Guardian, stop: () => Promise<void>) {
    this.socketDir = socketDir
    this.#guardian = guardian
    this.#stop = stop
  }

  static async start(programs: string): Promise<Postgres> {
    const socketDir = mkdtempSync(join(tmpdir(), 'etcd-elect-postgres-'))
    const guardian = new Guardian(socketDir)
    const data = join(socketDir, 'data')
    mkdirSync(data, { mode: 0o700 })
    // PostgreSQL refuses to run as root.
    const isRoot = process.getuid?.() === 0
    const owner = isRoot ? await ownerOf('postgres') : undefined
    if (owner !== undefined) {
      await chown(socketDir, owner.uid, owner.gid)
      await chown(data, owner.uid, owner.gid)
      await chmod(socketDir, 0o755)
    }
    const as = owner === undefined ? {} : owner
    await exited(
      spawn(join(programs, 'initdb'), ['-D', data, '-U', 'faults', '-A', 'trust', '-N'], {
        ...as,
        stdio: 'ignore',
      }),
    )
    const server = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-k', socketDir, '-h', '', '-F'],
      { ...as, stdio: 'ignore' },
    )
    guardian.watch(server.pid)
    const gone = new Promise((resolve) => server.once('exit', resolve))
    const postgres = new Postgres(socketDir, guardian, async () => {
      server.kill('SIGINT')
      await gone
      guardian.watch(undefined)
    })
    await until(() => postgres.#query('SELECT 1').then(() => true), {
      what: 'PostgreSQL to answer',
    })
    await postgres.#query(
      'CREATE TABLE register (election text, fenced boolean, token bigint, place bigint, PRIMARY KEY (election, fenced))',
    )
    return postgres
  }

  /** Makes empty registers for a new round. */
  async reset(election: string): Promise<void> {
    await this.#query('DELETE FROM register WHERE election = $1', [election])
    await this.#query('INSERT INTO register VALUES ($1, true, 0, 0), ($1, false, 0, 0)', [election])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await this.#guardian[Symbol.asyncDispose]()
  }

  async #query(sql: string, values: unknown[] = []): Promise<void> {
    const client = new Client({ host: this.socketDir, user: 'faults', database: 'postgres' })
    await client.connect()
    try {
      await client.query(sql, values)
    } finally {
      await client.end()
    }
  }
}

async function ownerOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, user])).stdout)),
  )
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${user}`)
  return { uid, gid }
}

function exited(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`expected initdb to succeed, but it ended with ${String(code)}`))
    })
  })
}
