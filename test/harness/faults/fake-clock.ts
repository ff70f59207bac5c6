// Sets the clocks of one process through libfaketime, where Debian puts it. etcd is out of its
// reach: Go programs do not ask libc for the time.

import { existsSync, writeFileSync } from 'node:fs'

const libraries = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`,
)

export function faketime(): string | undefined {
  return libraries.find((library) => existsSync(library))
}

export class FakeClock {
  /** Whether the monotonic clock is faked as well. */
  readonly all: boolean
  readonly #file: string

  constructor(file: string, { all }: { all: boolean }) {
    this.#file = file
    this.all = all
    this.set('+0')
  }

  /** As libfaketime reads it: `+10` is ten seconds ahead, `+0 x0.96` is slow. */
  set(time: string): void {
    writeFileSync(this.#file, `${time}\n`)
  }

  get env(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: faketime(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      ...(!this.all && { FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
    }
  }
}
