// Makes the client that flags and variables ask for. It must not know what is done with it.

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

/**
 * @throws a usage failure or an InvalidArgumentError naming the flag or variable that is not what it has to be.
 */
export function connectionOptionsOf({ options, env }: Context): EtcdOptions {
  const flags = options as ConnectionFlags
  const given = Object.entries(flagByVariable).flatMap(([variable, flag]) => {
    const value = flags[flag]
    // A name on the command line does not go with the password of another one.
    return value === undefined ? [] : [[variable, value] as const]
  })
  const ofFlags = Object.fromEntries(given)
  const merged = { ...env, ...ofFlags }
  const { ETCDCTL_USER } = ofFlags
  if (ETCDCTL_USER?.includes(':') === true && ofFlags['ETCDCTL_PASSWORD'] === undefined) {
    delete merged['ETCDCTL_PASSWORD']
  }
  const timeout = flags.commandTimeout ?? (env['ETCDCTL_COMMAND_TIMEOUT'] || '5s')
  const callTimeoutMs = parseDuration('--command-timeout', timeout)
  if (callTimeoutMs < 1)
    throw usageError(`--command-timeout: expected more than nothing, got '${timeout}'`)
  try {
    return {
      ...optionsFromEnv(merged),
      callTimeoutMs,
      attemptTimeoutMs: Math.min(2_000, callTimeoutMs),
    }
  } catch (error) {
    const flag = error instanceof InvalidArgumentError && flagByVariable[error.option]
    if (typeof flag !== 'string' || flags[flag] === undefined) throw error
    throw usageError((error as Error).message.replaceAll(/ETCDCTL_[A-Z]+/g, asFlag))
  }
}

/** A client; making it does no I/O. */
export function connect(context: Context): Etcd {
  return new Etcd(connectionOptionsOf(context))
}

function asFlag(variable: string): string {
  return `--${flagByVariable[variable] ?? variable}`
}
