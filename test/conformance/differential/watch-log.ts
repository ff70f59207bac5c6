// One watch stream and what each watch on it was told, with a way to know that nothing is still to come.
// It must not know what should be told.

import { Event_EventType as EventType } from '../../../src/etcd/wire/gen/kv_pb.js'
import type { RawEtcd } from '../raw/etcd.js'

/** Keys and ids that the sequences themselves do not use. */
const fenceKey = '~fence'
const standing = 1000n

type CreateRequest = Parameters<RawEtcd['watch']>[0]
type Message = Awaited<ReturnType<ReturnType<RawEtcd['watch']>['next']>>
type Event = NonNullable<Message['events']>[number]

export class WatchLog {
  /** By watch id. The events of several messages are joined, for how they are cut depends on timing. */
  readonly told = new Map<bigint, unknown[]>()
  readonly #etcd: RawEtcd
  readonly #stream: ReturnType<RawEtcd['watch']>
  /** Whether some watch may still be catching up with the past. */
  #behind = false
  #fences = 0n

  constructor(etcd: RawEtcd) {
    this.#etcd = etcd
    this.#stream = etcd.watch()
  }

  async open(): Promise<void> {
    await this.create({ key: fenceKey, watchId: standing })
  }

  async create(createRequest: NonNullable<CreateRequest>): Promise<void> {
    this.#stream.send({ createRequest })
    await this.#until(({ created }) => created === true)
    if (createRequest.startRevision !== 0n) this.#behind = true
  }

  /** Canceling what is not there is answered by silence, so there is nothing to wait for but a fence. */
  async cancel(watchId: bigint): Promise<void> {
    await this.settle()
    this.#stream.send({ cancelRequest: { watchId } })
    await this.#roundTrip()
  }

  /**
   * Until all that has happened is told. Watches that are up to date are told in the order of what happens, so one
   * more event on a watch of ours shows that all came. Those that catch up are served in rounds, in any order within
   * a round: a late watch of ours that was served shows that the round before it is complete, so it takes two.
   */
  async settle(): Promise<void> {
    const { header } = await this.#etcd.put({ key: fenceKey })
    const revision = header?.revision ?? 0n
    const tells = (watchId: bigint) => (message: Message) =>
      (message.watchId ?? 0n) === watchId &&
      (message.events ?? []).some(({ kv }) => kv?.modRevision === revision)
    await this.#until(tells(standing))
    if (!this.#behind) return
    for (let round = 0; round < 2; round++) {
      const watchId = this.#nextFence()
      this.#stream.send({ createRequest: { key: fenceKey, startRevision: revision, watchId } })
      await this.#until(tells(watchId))
      this.#stream.send({ cancelRequest: { watchId } })
      await this.#until((message) => message.watchId === watchId && message.canceled === true)
    }
    this.#behind = false
  }

  close(): void {
    this.#stream.cancel()
  }

  /** A stream handles what it is asked in order: when it has done one thing more, it has done all before it. */
  async #roundTrip(): Promise<void> {
    const watchId = this.#nextFence()
    this.#stream.send({ createRequest: { key: fenceKey, watchId } })
    await this.#until((message) => message.watchId === watchId && message.created === true)
    this.#stream.send({ cancelRequest: { watchId } })
    await this.#until((message) => message.watchId === watchId && message.canceled === true)
  }

  #nextFence(): bigint {
    this.#fences += 1n
    return standing + this.#fences
  }

  async #until(done: (message: Message) => boolean): Promise<void> {
    for (;;) {
      const message = await this.#stream.next()
      this.#record(message)
      if (done(message)) return
    }
  }

  #record(message: Message): void {
    const { watchId = 0n, header, created, canceled, compactRevision, cancelReason } = message
    if (watchId >= standing) return
    const entries = this.told.get(watchId) ?? []
    this.told.set(watchId, entries)
    if (created === true || canceled === true) {
      entries.push({ header, created, canceled, compactRevision, cancelReason })
    }
    entries.push(...(message.events ?? []).filter((event) => !isFence(event)))
  }
}

/** Of watches that are told one revision, any may come first: one that sees our fence may be told of it too late. */
function isFence({ type, kv }: Event): boolean {
  return kv?.key === fenceKey && type !== EventType.DELETE
}
