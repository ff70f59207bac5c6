// Checks the flags of a command that campaigns.

import { hostname } from 'node:os'
import { cliDefaultTtlS } from './definition/campaign-options.js'
import type { Context } from './definition/command-spec.js'
import { usageError } from './errors.js'
import { parseDuration, parseInteger } from './option-values.js'

const cliMaxTtlS = 9_000_000_000

interface CampaignFlags {
  readonly name?: string
  readonly ttl?: string
  /** False for `--no-wait`. */
  readonly wait?: string | false
  readonly lockDelay?: true
}

export interface CampaignRequest {
  readonly election: string
  readonly name: string
  readonly ttlS: number
  /** Undefined waits for as long as it takes. */
  readonly waitMs: number | undefined
  readonly onlyIfFree: boolean
  /** Whether to outwait the lease of the former leader. */
  readonly lockDelay: boolean
}

/** @throws a usage error. */
export function campaignRequestOf({ args, options }: Context): CampaignRequest {
  const { name, ttl, wait, lockDelay = false } = options as CampaignFlags
  if (name === '') throw usageError("--name: expected a name, got ''")
  if (lockDelay && wait === false) {
    throw usageError('--lock-delay: cannot be combined with --no-wait, because it waits')
  }
  return {
    lockDelay,
    election: args[0] ?? '',
    name: name ?? hostname(),
    ttlS: ttl === undefined ? cliDefaultTtlS : parseInteger('--ttl', ttl, 1, cliMaxTtlS),
    waitMs: typeof wait === 'string' ? parseDuration('--wait', wait) : undefined,
    onlyIfFree: wait === false,
  }
}
