// What a process tells its guardian, and what the guardian tells it: one line of JSON each. It imports nothing, because
// the guardian loads it.

/** How a cluster is reached. */
export interface GuardianAccess {
  readonly endpoints: readonly { readonly target: string; readonly tls: boolean }[]
  /** PEM text. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
  readonly credentials: { readonly user: string; readonly password: string } | undefined
}

/** Clusters are numbered by whoever gives orders; lease ids are decimal. */
export type GuardianOrder =
  | { readonly do: 'connect'; readonly cluster: number; readonly access: GuardianAccess }
  | { readonly do: 'forget'; readonly cluster: number }
  /** What this process signs its own requests with: it is in use, and so does not run out. */
  | { readonly do: 'token'; readonly cluster: number; readonly token: string | undefined }
  | {
      readonly do: 'hold'
      readonly cluster: number
      readonly lease: string
      readonly ttlS: number
      /** A process that has to be gone too before the lease is revoked: it still ends what must not run twice. */
      readonly after?: number | undefined
    }
  /** Given back, or left to somebody else: no longer the guardian's business. */
  | { readonly do: 'release'; readonly cluster: number; readonly lease: string }

/** There is an open connection to a member of this cluster. */
export interface GuardianReport {
  readonly is: 'connected'
  readonly cluster: number
}

export function encodeLine(message: GuardianOrder | GuardianReport): string {
  return `${JSON.stringify(message)}\n`
}

/** Hands over each whole line; what comes after the last line end waits for more. */
export function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}
