// The commands of a subject, by name: what each takes, and what it answers. Types only.
// bench/go/main.go has the same.

/** How many elections, or observers of one election. */
export interface Many {
  readonly prefix: string
  readonly count: number
  readonly ttl: number
}

export interface Took {
  readonly ms: number
}

/** Times are those of the day, in milliseconds; there are none when nothing was won. */
export interface Taken {
  readonly count: number
  readonly firstAt?: number | undefined
  readonly lastAt?: number | undefined
  readonly loopMaxMs?: number
  /** Of each, when there are few. */
  readonly each?: readonly number[]
}

/** Times are milliseconds from the proclamation. */
export interface Informed {
  readonly firstAt: number
  readonly lastAt: number
}

/** Commands that only the Go program has, for cases of one operation at a time. */
interface Single {
  readonly prefix?: string
  readonly count?: number
  readonly ttl: number
}
type SingleName =
  'campaign' | 'handOver' | 'open' | 'openAndCampaign' | 'put' | 'queue' | 'requeue' | 'watch'

interface ManyCommands {
  /** Collects garbage, so that only memory in use remains. */
  rest: (given: object) => { readonly heapMb?: number }
  lead: (given: Many) => Took
  /** With a session each. */
  leadApart: (given: Many) => undefined
  wait: (given: Many) => Took
  taken: (given: { readonly count: number }) => Taken
  leadEach: (given: Many) => undefined
  waitEach: (given: Many) => undefined
  observe: (given: Many) => undefined
  inform: (given: object) => Informed
}

export type Commands = ManyCommands & Record<SingleName, (given: Single) => Partial<Took>>

export type CommandName = keyof Commands
export type Given<K extends CommandName> = Parameters<Commands[K]>[0]
export type Answer<K extends CommandName> = ReturnType<Commands[K]>
export type Command<K extends CommandName> = Given<K> & { readonly do: K }
export type SingleCommand = Omit<Command<SingleName>, 'ttl'>

/** The handlers of the commands; a subject may lack some. */
export type Handlers = {
  readonly [K in keyof ManyCommands]?: (given: Given<K>) => Answer<K> | Promise<Answer<K>>
}
