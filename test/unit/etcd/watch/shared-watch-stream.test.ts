import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../../../src/base/clock.js'
import { encode } from '../../../../src/election/keys.js'
import { Members } from '../../../../src/etcd/cluster/members.js'
import { type Credentials, SignIn } from '../../../../src/etcd/cluster/sign-in.js'
import { Streams } from '../../../../src/etcd/cluster/streams.js'
import {
  SharedWatchStream,
  type Watch,
  type WatchSink,
} from '../../../../src/etcd/watch/shared-watch-stream.js'
import { parseEndpoint } from '../../../../src/etcd/wire/endpoint.js'
import { Auth } from '../../../../src/etcd/wire/gen/auth_pb.js'
import {
  KV,
  RangeRequestSchema,
  Watch as WatchService,
  type WatchRequest,
} from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { settled, TestClock } from '../../../../src/testing/test-clock.js'
import { FakeCluster, type FakeStream } from '../../../support/fake-cluster.js'

const method = WatchService.method.watch
const { range } = KV.method

/** A watch, and what it has reported. */
interface Watched {
  readonly watch: Watch
  readonly reports: string[]
}

class Setup {
  readonly clock = new TestClock()
  readonly cluster = new FakeCluster(this.clock)
  readonly watches: SharedWatchStream
  readonly members: Members
  /** How long sinks have taken so far: time that passes within a turn of the event loop. */
  workedMs = 0

  constructor(credentials?: Credentials) {
    this.members = new Members(
      ['a:1', 'b:1', 'c:1'].map((url) => parseEndpoint(url)),
      this.cluster.connect,
      this.clock,
      () => 0,
    )
    const signIn = new SignIn(credentials)
    const clock: Clock = {
      monotonicMs: () => this.clock.monotonicMs() + this.workedMs,
      wallMs: () => this.clock.wallMs(),
      setTimer: (delayMs, callback) => this.clock.setTimer(delayMs, callback),
    }
    // Pauses are as long as they get: 50, 100, 200, … ms.
    const random = (): number => 1
    const streams = new Streams(signIn, 2_000)
    this.watches = new SharedWatchStream({ members: this.members, streams, signIn, clock, random })
  }

  watch(from: bigint, election = 'jobs', onEvents = (): void => undefined): Watched {
    const reports: string[] = []
    const sink: WatchSink = {
      events: (events) => {
        reports.push(`events ${events.map(({ kv }) => String(kv?.modRevision)).join(' ')}`)
        onEvents()
      },
      progress: (revision) => reports.push(`progress ${String(revision)}`),
      behind: () => reports.push('behind'),
      compacted: () => reports.push('compacted'),
      refused: (error) => reports.push(`refused ${error.name}`),
    }
    const range = { key: encode(`${election}/`), rangeEnd: encode(`${election}0`) }
    return { watch: this.watches.watch(range, from, sink), reports }
  }

  get stream(): FakeStream<typeof method.input, typeof method.output> {
    return this.cluster.stream(method)
  }

  /** The members that streams were opened to, in order. */
  get opened(): string[] {
    return this.cluster.streams(method).map(({ url }) => url)
  }

  /** What was sent on the present stream. */
  get sent(): string[] {
    return this.stream.sent.map(describeRequest)
  }

  /** etcd has made this watch, and is at this revision. */
  confirm(watchId: bigint, revision = 9n): void {
    this.stream.message({ watchId, created: true, header: { revision } })
  }

  /** Something happened at these revisions. */
  happened(watchId: bigint, ...revisions: bigint[]): void {
    const events = revisions.map((modRevision) => ({ kv: { modRevision } }))
    this.stream.message({ watchId, events, header: { revision: revisions.at(-1) ?? 0n } })
  }

  progressed(watchId: bigint, revision: bigint): void {
    this.stream.message({ watchId, header: { revision } })
  }

  /** etcd refuses the oldest creation that it has not answered. */
  refuse(cancelReason: string): void {
    this.stream.message({ watchId: -1n, created: true, canceled: true, cancelReason })
  }
}

function describeRequest({ requestUnion }: WatchRequest): string {
  switch (requestUnion.case) {
    case 'createRequest': {
      const { watchId, key, startRevision, filters } = requestUnion.value
      return filters.length > 0
        ? `probe ${String(watchId)}`
        : `create ${String(watchId)} ${Buffer.from(key).toString()} ${String(startRevision)}`
    }
    case 'cancelRequest':
      return `cancel ${String(requestUnion.value.watchId)}`
    default:
      return String(requestUnion.case)
  }
}

/** A stream with one confirmed watch, whose id is 1, from revision 10 on. */
async function oneWatch(): Promise<Setup & { watched: Watched }> {
  const setup = new Setup()
  const watched = setup.watch(10n)
  await settled()
  setup.confirm(1n)
  return Object.assign(setup, { watched })
}

describe('the watches of a client', () => {
  test('share one stream, each from the revision that it asks for', async () => {
    const setup = new Setup()
    setup.watch(10n)
    setup.watch(20n, 'others')
    await settled()
    setup.watch(30n, 'later')
    await settled()
    expect(setup.opened).toEqual(['a:1'])
    expect(setup.sent).toEqual(['create 1 jobs/ 10', 'create 2 others/ 20', 'create 3 later/ 30'])
  })

  test('report events and progress, each to its own sink', async () => {
    const setup = new Setup()
    const jobs = setup.watch(10n)
    const others = setup.watch(10n, 'others')
    await settled()
    setup.confirm(1n)
    setup.confirm(2n)
    setup.happened(1n, 10n, 11n, 11n)
    setup.progressed(1n, 15n)
    setup.happened(2n, 12n)
    expect(jobs.reports).toEqual(['events 10 11 11', 'progress 15'])
    expect(others.reports).toEqual(['events 12'])
  })

  test('that are cancelled before they are sent are not sent', async () => {
    const setup = new Setup()
    const first = setup.watch(10n)
    setup.watch(10n, 'others')
    first.watch.cancel()
    await settled()
    expect(setup.sent).toEqual(['create 2 others/ 10'])
  })

  test('that are cancelled report nothing more, and are cancelled in etcd', async () => {
    const setup = await oneWatch()
    setup.watch(10n, 'others')
    await settled()
    setup.watched.watch.cancel()
    setup.watched.watch.cancel()
    setup.happened(1n, 10n)
    await settled()
    expect(setup.watched.reports).toEqual([])
    expect(setup.sent.at(-1)).toBe('cancel 1')
    expect(setup.sent).toHaveLength(3)
    expect(setup.stream.isOpen).toBe(true)
  })

  test('close the stream with the last of them, and open one for the next', async () => {
    const setup = await oneWatch()
    setup.watched.watch.cancel()
    await settled()
    expect(setup.stream.isOpen).toBe(false)
    setup.watch(30n)
    await settled()
    expect(setup.sent).toEqual(['create 2 jobs/ 30'])
  })

  test('are all over when the client is closed', async () => {
    const setup = await oneWatch()
    setup.watches.close()
    expect(setup.stream.isOpen).toBe(false)
    await setup.clock.advance(60_000)
    expect(setup.opened).toEqual(['a:1'])
    expect(setup.watched.reports).toEqual([])
  })
})

describe('when the stream ends', () => {
  test('each watch goes on with the next member, from the revision after the last it saw', async () => {
    const setup = await oneWatch()
    setup.watch(10n, 'progress')
    setup.watch(10n, 'nothing')
    await settled()
    setup.confirm(2n)
    setup.confirm(3n)
    setup.happened(1n, 10n, 12n)
    setup.progressed(2n, 15n)
    setup.stream.end()
    await setup.clock.advance(50)
    expect(setup.opened).toEqual(['a:1', 'b:1'])
    expect(setup.sent).toEqual([
      'create 1 jobs/ 13',
      'create 2 progress/ 16',
      'create 3 nothing/ 10',
    ])
  })

  test('the next pause is longer, until a watch is confirmed', async () => {
    const setup = await oneWatch()
    for (const pauseMs of [50, 100, 200, 400, 800, 1_000, 1_000]) {
      const { length } = setup.opened
      setup.stream.end()
      await setup.clock.advance(pauseMs - 1)
      expect(setup.opened).toHaveLength(length)
      await setup.clock.advance(1)
      expect(setup.opened).toHaveLength(length + 1)
    }
    setup.confirm(1n)
    setup.stream.end()
    await setup.clock.advance(50)
    expect(setup.opened).toHaveLength(9)
  })

  test('a watch that is made during the pause waits for it', async () => {
    const setup = await oneWatch()
    setup.stream.end()
    setup.watch(20n, 'others')
    await settled()
    expect(setup.opened).toEqual(['a:1'])
    await setup.clock.advance(50)
    expect(setup.sent.toSorted()).toEqual(['create 1 jobs/ 10', 'create 2 others/ 20'])
  })

  test('no other is opened if the last watch is cancelled during the pause', async () => {
    const setup = await oneWatch()
    setup.stream.end()
    setup.watched.watch.cancel()
    await setup.clock.advance(60_000)
    expect(setup.opened).toEqual(['a:1'])
  })

  test('a cancellation that the old stream did not send is not sent on the next', async () => {
    const setup = await oneWatch()
    setup.watch(10n, 'others')
    await settled()
    setup.watched.watch.cancel()
    setup.stream.end()
    await setup.clock.advance(50)
    expect(setup.sent).toEqual(['create 2 others/ 10'])
  })

  test('creations that it did not answer are not awaited on the next', async () => {
    const setup = new Setup()
    setup.watch(10n)
    await settled()
    setup.stream.end()
    await setup.clock.advance(50)
    setup.confirm(1n)
    const other = setup.watch(20n, 'others')
    await settled()
    setup.confirm(2n, 19n)
    setup.happened(2n, 20n)
    expect(other.reports).toEqual(['events 20'])
    expect(setup.opened).toHaveLength(2)
  })

  test('messages that were received and not handled yet come again on the next', async () => {
    const setup = new Setup()
    const { reports } = setup.watch(10n, 'jobs', () => {
      setup.workedMs += 100
    })
    await settled()
    setup.confirm(1n)
    setup.happened(1n, 10n)
    setup.happened(1n, 11n)
    expect(reports).toEqual(['events 10'])
    setup.stream.end()
    await setup.clock.advance(50)
    expect(setup.sent).toEqual(['create 1 jobs/ 11'])
    expect(reports).toEqual(['events 10'])
  })
})

test('many messages are handled in slices, with turns of the event loop in between', async () => {
  const setup = new Setup()
  const { reports } = setup.watch(10n, 'jobs', () => {
    setup.workedMs += 6
  })
  await settled()
  setup.confirm(1n)
  for (const revision of [10n, 11n, 12n, 13n, 14n]) setup.happened(1n, revision)
  expect(reports).toEqual(['events 10', 'events 11'])
  await settled()
  expect(reports).toHaveLength(4)
  await settled()
  expect(reports).toHaveLength(5)
})

describe('a quiet stream', () => {
  test('is probed after 2 s: with a watch that reports nothing, then with its end', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(1_999)
    expect(setup.sent).toHaveLength(1)
    await setup.clock.advance(1)
    expect(setup.sent.slice(1)).toEqual(['probe 2'])
    setup.confirm(2n)
    await setup.clock.advance(2_000)
    expect(setup.sent.slice(1)).toEqual(['probe 2', 'cancel 2'])
    setup.stream.message({ watchId: 2n, canceled: true })
    await setup.clock.advance(2_000)
    expect(setup.sent.slice(1)).toEqual(['probe 2', 'cancel 2', 'probe 3'])
    expect(setup.opened).toEqual(['a:1'])
    expect(setup.watched.reports).toEqual([])
  })

  test('is probed 2 s after the last message, whatever that was about', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(1_500)
    setup.progressed(1n, 15n)
    await setup.clock.advance(1_999)
    expect(setup.sent).toHaveLength(1)
    await setup.clock.advance(1)
    expect(setup.sent).toHaveLength(2)
  })

  test('is given up with its connection after 2 s more, for another member', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(3_999)
    expect(setup.stream.isOpen).toBe(true)
    await setup.clock.advance(1)
    expect(setup.stream.isOpen).toBe(false)
    await setup.clock.advance(50)
    expect(setup.opened).toEqual(['a:1', 'b:1'])
    expect(setup.sent).toEqual(['create 1 jobs/ 10'])
    // To a:1 there is no connection left: the next stream to it needs another one.
    for (const pauseMs of [100, 200]) {
      setup.stream.end()
      await setup.clock.advance(pauseMs)
    }
    expect(setup.cluster.connected).toEqual(['a:1', 'b:1', 'c:1', 'a:1'])
  })

  test('is given up alone when its connection is alive', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(3_000)
    const options = { metadata: {}, timeoutMs: 5_000 }
    const answer = setup.members.preferred.unary(range, create(RangeRequestSchema), options)
    setup.cluster.call(range).answer({})
    await answer
    await setup.clock.advance(1_000)
    expect(setup.stream.isOpen).toBe(false)
    for (const pauseMs of [50, 100, 200]) {
      await setup.clock.advance(pauseMs)
      setup.stream.end()
    }
    expect(setup.opened).toEqual(['a:1', 'b:1', 'c:1', 'a:1'])
    expect(setup.cluster.connected).toEqual(['a:1', 'b:1', 'c:1'])
  })

  test('is probed anew after another stream was opened in between', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(2_000)
    setup.stream.end()
    await setup.clock.advance(50)
    setup.confirm(1n)
    await setup.clock.advance(2_000)
    expect(setup.sent).toEqual(['create 1 jobs/ 10', 'probe 3'])
  })

  test('is given up too when no message ever came', async () => {
    const setup = new Setup()
    setup.watch(10n)
    await setup.clock.advance(4_050)
    expect(setup.opened).toEqual(['a:1', 'b:1'])
  })

  test('whose probe is refused is alive, and is probed with another one', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(2_000)
    setup.refuse('etcdserver: permission denied')
    await setup.clock.advance(2_000)
    expect(setup.sent.slice(1)).toEqual(['probe 2', 'probe 3'])
    expect(setup.opened).toEqual(['a:1'])
    expect(setup.watched.reports).toEqual([])
  })
})

describe('a creation', () => {
  test('that etcd skips shows that it does not know the watch: another stream is opened', async () => {
    const setup = new Setup()
    setup.watch(10n)
    setup.watch(20n, 'others')
    await settled()
    setup.confirm(2n)
    expect(setup.stream.isOpen).toBe(false)
    await setup.clock.advance(50)
    expect(setup.opened).toEqual(['a:1', 'b:1'])
    expect(setup.sent).toEqual(['create 1 jobs/ 10', 'create 2 others/ 20'])
  })

  test('that is refused ends the oldest watch that was not answered for, and no other', async () => {
    const setup = new Setup()
    const all = ['first', 'second', 'third'].map((election) => setup.watch(10n, election))
    await settled()
    setup.confirm(1n)
    setup.refuse('etcdserver: permission denied')
    setup.confirm(3n)
    for (const id of [1n, 2n, 3n]) setup.happened(id, 11n)
    expect(all.map(({ reports }) => reports)).toEqual([
      ['events 11'],
      ['refused AuthError'],
      ['events 11'],
    ])
    expect(setup.opened).toEqual(['a:1'])
  })

  test('that is refused of a cancelled watch concerns no other', async () => {
    const setup = new Setup()
    const first = setup.watch(10n)
    const second = setup.watch(10n, 'others')
    await settled()
    first.watch.cancel()
    setup.refuse('etcdserver: permission denied')
    setup.confirm(2n)
    setup.happened(2n, 11n)
    expect(first.reports).toEqual([])
    expect(second.reports).toEqual(['events 11'])
  })
})

describe('with a user', () => {
  async function signedIn(): Promise<Setup & { watched: Watched }> {
    const setup = new Setup({ user: 'u', password: 'p' })
    let tokens = 0
    setup.cluster.onCall = () => {
      setup.cluster.call(Auth.method.authenticate).answer({ token: `token ${String(++tokens)}` })
    }
    const watched = setup.watch(10n)
    await settled()
    return Object.assign(setup, { watched })
  }

  test('a first denial may be about the token: the client signs in again', async () => {
    const setup = await signedIn()
    expect(setup.stream.metadata).toMatchObject({ token: 'token 1' })
    setup.refuse('rpc error: code = PermissionDenied desc = etcdserver: permission denied')
    expect(setup.watched.reports).toEqual([])
    await setup.clock.advance(50)
    expect(setup.stream.metadata).toMatchObject({ token: 'token 2' })
    setup.confirm(1n)
    setup.happened(1n, 10n)
    expect(setup.watched.reports).toEqual(['events 10'])
  })

  test('a second denial in a row is about rights', async () => {
    const setup = await signedIn()
    setup.refuse('etcdserver: permission denied')
    await setup.clock.advance(50)
    setup.refuse('etcdserver: permission denied')
    expect(setup.watched.reports).toEqual(['refused AuthError'])
    await setup.clock.advance(60_000)
    expect(setup.opened).toHaveLength(2)
  })

  test('a denial after the watch was served is a first one again', async () => {
    const setup = await signedIn()
    setup.refuse('etcdserver: permission denied')
    await setup.clock.advance(50)
    setup.confirm(1n)
    setup.stream.message({ watchId: 1n, canceled: true, cancelReason: 'invalid auth token' })
    expect(setup.watched.reports).toEqual([])
    await setup.clock.advance(100)
    expect(setup.opened).toHaveLength(3)
  })
})

describe('a watch that etcd ends', () => {
  test('because of a compaction is over, and the others go on', async () => {
    const setup = await oneWatch()
    const other = setup.watch(20n, 'others')
    await settled()
    setup.confirm(2n, 59n)
    setup.stream.message({ watchId: 1n, canceled: true, compactRevision: 50n })
    setup.happened(1n, 60n)
    setup.happened(2n, 60n)
    expect(setup.watched.reports).toEqual(['compacted'])
    expect(other.reports).toEqual(['events 60'])
    setup.stream.end()
    await setup.clock.advance(50)
    expect(setup.sent).toEqual(['create 2 others/ 61'])
  })

  test('for no known reason goes on with another member', async () => {
    const setup = await oneWatch()
    setup.happened(1n, 10n)
    setup.stream.message({ watchId: 1n, canceled: true, cancelReason: 'going away' })
    await setup.clock.advance(50)
    expect(setup.opened).toEqual(['a:1', 'b:1'])
    expect(setup.sent).toEqual(['create 1 jobs/ 11'])
    expect(setup.watched.reports).toEqual(['events 10'])
  })
})

describe('a member', () => {
  test.each([
    ['that lacks what the watch has reported is behind', 11n, ['behind']],
    ['that knows exactly that is not', 12n, []],
    ['that knows more is not', 30n, []],
  ])('%s', async (_what, revision, reports) => {
    const setup = await oneWatch()
    setup.happened(1n, 12n)
    setup.watched.reports.length = 0
    setup.stream.end()
    await setup.clock.advance(50)
    setup.confirm(1n, revision)
    expect(setup.watched.reports).toEqual(reports)
  })

  test('that is behind serves the watch all the same', async () => {
    const setup = await oneWatch()
    setup.happened(1n, 12n)
    setup.stream.end()
    await setup.clock.advance(50)
    setup.confirm(1n, 3n)
    setup.happened(1n, 13n)
    expect(setup.watched.reports).toEqual(['events 12', 'behind', 'events 13'])
  })
})

describe('the time of the last message', () => {
  test('is when the watch was made until a member has confirmed it', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(1_000)
    const later = setup.watch(10n, 'others')
    await setup.clock.advance(500)
    setup.progressed(1n, 15n)
    expect(later.watch.heardAtMs).toBe(1_000)
    expect(setup.watched.watch.heardAtMs).toBe(1_500)
    await setup.clock.advance(100)
    setup.confirm(2n)
    expect(later.watch.heardAtMs).toBe(1_600)
    expect(setup.watched.watch.heardAtMs).toBe(1_600)
  })

  test('is that of the old stream until the next one has confirmed the watch', async () => {
    const setup = await oneWatch()
    await setup.clock.advance(1_000)
    setup.progressed(1n, 15n)
    setup.stream.end()
    await setup.clock.advance(500)
    expect(setup.opened).toHaveLength(2)
    expect(setup.watched.watch.heardAtMs).toBe(1_000)
    setup.confirm(1n)
    expect(setup.watched.watch.heardAtMs).toBe(1_500)
  })
})
