// A client that wants little, beside those that want much: it puts, and watches what it puts.

import { expect } from 'vitest'
import { RawEtcd } from '../../../conformance/raw/etcd.js'

/** It wants little: resolves with false after a moment. */
function pause(): Promise<boolean> {
  return new Promise((resolve) => setTimeout(resolve, 5, false))
}

export class Bystander {
  readonly #etcd: RawEtcd
  readonly #watched: ReturnType<RawEtcd['watch']>
  #puts = 0

  private constructor(etcd: RawEtcd) {
    this.#etcd = etcd
    this.#watched = etcd.watch({ key: 'bystander' })
  }

  static async at(endpoint: string): Promise<Bystander> {
    const bystander = new Bystander(new RawEtcd(endpoint))
    await bystander.#watched.next()
    return bystander
  }

  /** Its put is answered, and told to it once and in order. */
  async isServed(): Promise<void> {
    this.#puts += 1
    const value = String(this.#puts)
    await this.#etcd.put({ key: 'bystander', value })
    expect((await this.#watched.next()).events?.map(({ kv }) => kv?.value)).toEqual([value])
  }

  /** It is served all the while. */
  async during<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => true,
      () => true,
    )
    do await this.isServed()
    while (!(await Promise.race([done, pause()])))
    return await work
  }

  /** Makes the server forget what was before now. */
  async compact(): Promise<void> {
    await this.isServed()
    const revision = await this.#etcd.revision()
    await this.#etcd.compact({ revision, physical: true })
  }

  close(): void {
    this.#watched.cancel()
    this.#etcd.close()
  }
}
