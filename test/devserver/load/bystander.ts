// A client with a small load beside those with a large one: it puts values and watches them.

import { expect } from 'vitest'
import { RawEtcd } from '../conformance/raw/etcd.js'

/** Keeps the bystander's load small. Resolves with false. */
function shortPause(): Promise<boolean> {
  return new Promise((resolve) => setTimeout(resolve, 5, false))
}

export class Bystander {
  readonly #etcd: RawEtcd
  readonly #watch: ReturnType<RawEtcd['watch']>
  #puts = 0

  private constructor(etcd: RawEtcd) {
    this.#etcd = etcd
    this.#watch = etcd.watch({ key: 'bystander' })
  }

  static async at(endpoint: string): Promise<Bystander> {
    const bystander = new Bystander(new RawEtcd(endpoint))
    await bystander.#watch.next()
    return bystander
  }

  /** Expects that its put is answered, and arrives on its watch once and in order. */
  async expectServed(): Promise<void> {
    this.#puts += 1
    const value = String(this.#puts)
    await this.#etcd.put({ key: 'bystander', value })
    expect((await this.#watch.next()).events?.map(({ kv }) => kv?.value)).toEqual([value])
  }

  /** Expects that it is served all the time until the work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => true,
      () => true,
    )
    do await this.expectServed()
    while (!(await Promise.race([done, shortPause()])))
    return await work
  }

  /** Compacts the server's history up to now. */
  async compact(): Promise<void> {
    await this.expectServed()
    const revision = await this.#etcd.revision()
    await this.#etcd.compact({ revision, physical: true })
  }

  close(): void {
    this.#watch.cancel()
    this.#etcd.close()
  }
}
