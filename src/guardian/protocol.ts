// The messages between a process and its guardian: one line of JSON each.

/** How a cluster is reached. */
export interface GuardianAccess {
  readonly endpoints: readonly { readonly target: string; readonly tls: boolean }[]
  /** PEM text. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
  readonly credentials: { readonly user: string; readonly password: string } | undefined
}

/** The supervisor numbers the clusters. Lease ids are decimal. */
export type GuardianOrder =
  | { readonly do: 'connect'; readonly cluster: number; readonly access: GuardianAccess }
  | { readonly do: 'forget'; readonly cluster: number }
  /** The sign-in token of the parent's own requests. Because it is in use, it does not expire. */
  | { readonly do: 'useToken'; readonly cluster: number; readonly token: string | undefined }
  | {
      readonly do: 'hold'
      readonly cluster: number
      readonly lease: string
      readonly ttlS: number
      /**
       * A process that must be gone too before the lease is revoked, because it still ends what
       * must not run twice.
       */
      readonly after?: number | undefined
    }
  /** The lease was given back, or left to another process: the guardian no longer revokes it. */
  | { readonly do: 'release'; readonly cluster: number; readonly lease: string }

/** The guardian has an open connection to a member of this cluster. */
export interface GuardianReport {
  readonly is: 'connected'
  readonly cluster: number
}

export function encodeLine(message: GuardianOrder | GuardianReport): string {
  return `${JSON.stringify(message)}\n`
}

/** Returns a function that takes text in pieces and passes on each line once it is whole. */
export function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}
