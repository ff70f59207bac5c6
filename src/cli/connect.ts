// Makes an etcd client from flags and variables.

import { Etcd, type EtcdOptions, InvalidArgumentError, optionsFromEnv } from './library.js'
import { parseDuration } from './option-values.js'
import { usageError } from './errors.js'
import type { Context } from './definition/command-spec.js'

interface ConnectionFlags {
  readonly endpoints?: string
  readonly cacert?: string
  readonly cert?: string
  readonly key?: string
  readonly user?: string
  readonly password?: string
  readonly commandTimeout?: string
}

const flagByVariable: Readonly<Record<string, keyof ConnectionFlags>> = {
  ETCDCTL_ENDPOINTS: 'endpoints',
  ETCDCTL_CACERT: 'cacert',
  ETCDCTL_CERT: 'cert',
  ETCDCTL_KEY: 'key',
  ETCDCTL_USER: 'user',
  ETCDCTL_PASSWORD: 'password',
}

/** @throws a usage error or an InvalidArgumentError that names the wrong flag or variable. */
export function connectionOptionsOf({ options, env }: Context): EtcdOptions {
  const flags = options as ConnectionFlags
  const given = Object.entries(flagByVariable).flatMap(([variable, flag]) => {
    const value = flags[flag]
    return value === undefined ? [] : [[variable, value] as const]
  })
  const fromFlags = Object.fromEntries(given)
  const merged = { ...env, ...fromFlags }
  const { ETCDCTL_USER } = fromFlags
  // A password in --user wins over ETCDCTL_PASSWORD, which may belong to another user.
  if (ETCDCTL_USER?.includes(':') === true && fromFlags['ETCDCTL_PASSWORD'] === undefined) {
    delete merged['ETCDCTL_PASSWORD']
  }
  const timeout = flags.commandTimeout ?? (env['ETCDCTL_COMMAND_TIMEOUT'] || '5s')
  const callTimeoutMs = parseDuration('--command-timeout', timeout)
  if (callTimeoutMs < 1)
    throw usageError(`--command-timeout: expected more than 0, got '${timeout}'`)
  try {
    return {
      ...optionsFromEnv(merged),
      callTimeoutMs,
      attemptTimeoutMs: Math.min(2_000, callTimeoutMs),
    }
  } catch (error) {
    const flag = error instanceof InvalidArgumentError && flagByVariable[error.option]
    if (typeof flag !== 'string' || flags[flag] === undefined) throw error
    throw usageError((error as Error).message.replaceAll(/ETCDCTL_[A-Z]+/g, toFlag))
  }
}

/** Does no I/O: the client connects when it is first used. */
export function connect(context: Context): Etcd {
  return new Etcd(connectionOptionsOf(context))
}

function toFlag(variable: string): string {
  return `--${flagByVariable[variable] ?? variable}`
}
