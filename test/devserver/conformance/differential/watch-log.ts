// Records the events of each watch on one stream, and can wait until no event is outstanding.

import { Event_EventType as EventType } from '../../../../src/etcd/wire/gen/kv_pb.js'
import type { RawEtcd } from '../raw/etcd.js'

/** A key and a watch id that the sequences do not use. */
const fenceKey = '~fence'
const permanentWatch = 1000n

type CreateRequest = Parameters<RawEtcd['watch']>[0]
type Message = Awaited<ReturnType<ReturnType<RawEtcd['watch']>['next']>>
type Event = NonNullable<Message['events']>[number]

export class WatchLog {
  /**
   * By watch id. Events of several messages are joined: their split into messages depends on
   * timing.
   */
  readonly entries = new Map<bigint, unknown[]>()
  readonly #etcd: RawEtcd
  readonly #stream: ReturnType<RawEtcd['watch']>
  /** Whether a watch may still be catching up with the past. */
  #mayBeBehind = false
  #fenceCount = 0n

  constructor(etcd: RawEtcd) {
    this.#etcd = etcd
    this.#stream = etcd.watch()
  }

  async open(): Promise<void> {
    await this.create({ key: fenceKey, watchId: permanentWatch })
  }

  async create(createRequest: NonNullable<CreateRequest>): Promise<void> {
    this.#stream.send({ createRequest })
    await this.#readUntil(({ created }) => created === true)
    if (createRequest.startRevision !== 0n) this.#mayBeBehind = true
  }

  /** Canceling a missing watch gets no response, so this waits for a fence instead. */
  async cancel(watchId: bigint): Promise<void> {
    await this.settle()
    this.#stream.send({ cancelRequest: { watchId } })
    await this.#roundTrip()
  }

  /**
   * Waits until all events so far have arrived. Watches that are up to date get events in order: so
   * once one more event, the fence, arrives on the permanent watch, all earlier ones have arrived.
   * Watches that are behind catch up in rounds, in any order within a round: an event on a new
   * watch from the past shows that the round before it is complete, so this takes two such watches.
   */
  async settle(): Promise<void> {
    const { header } = await this.#etcd.put({ key: fenceKey })
    const revision = header?.revision ?? 0n
    const hasFence = (watchId: bigint) => (message: Message) =>
      (message.watchId ?? 0n) === watchId &&
      (message.events ?? []).some(({ kv }) => kv?.modRevision === revision)
    await this.#readUntil(hasFence(permanentWatch))
    if (!this.#mayBeBehind) return
    for (let round = 0; round < 2; round++) {
      const watchId = this.#nextFenceId()
      this.#stream.send({ createRequest: { key: fenceKey, startRevision: revision, watchId } })
      await this.#readUntil(hasFence(watchId))
      this.#stream.send({ cancelRequest: { watchId } })
      await this.#readUntil((message) => message.watchId === watchId && message.canceled === true)
    }
    this.#mayBeBehind = false
  }

  close(): void {
    this.#stream.cancel()
  }

  /**
   * A stream handles requests in order: when it has handled one more, it has handled all before.
   */
  async #roundTrip(): Promise<void> {
    const watchId = this.#nextFenceId()
    this.#stream.send({ createRequest: { key: fenceKey, watchId } })
    await this.#readUntil((message) => message.watchId === watchId && message.created === true)
    this.#stream.send({ cancelRequest: { watchId } })
    await this.#readUntil((message) => message.watchId === watchId && message.canceled === true)
  }

  #nextFenceId(): bigint {
    this.#fenceCount += 1n
    return permanentWatch + this.#fenceCount
  }

  async #readUntil(isLast: (message: Message) => boolean): Promise<void> {
    for (;;) {
      const message = await this.#stream.next()
      this.#record(message)
      if (isLast(message)) return
    }
  }

  #record(message: Message): void {
    const { watchId = 0n, header, created, canceled, compactRevision, cancelReason } = message
    if (watchId >= permanentWatch) return
    const entries = this.entries.get(watchId) ?? []
    this.entries.set(watchId, entries)
    if (created === true || canceled === true) {
      entries.push({ header, created, canceled, compactRevision, cancelReason })
    }
    entries.push(...(message.events ?? []).filter((event) => !isFence(event)))
  }
}

/**
 * Whether the event is a fence, which is not recorded: watches get the events of one revision in
 * any order, so a recorded watch may get a fence too late.
 */
function isFence({ type, kv }: Event): boolean {
  return kv?.key === fenceKey && type !== EventType.DELETE
}
