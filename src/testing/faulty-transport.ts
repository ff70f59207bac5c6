// A transport on which a test lets things go wrong. It must not know which things, nor what is said on it.

import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodUnary,
  MessageShape,
} from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.js'
import { asRpcError } from '../devserver/rpc.js'
import {
  type Metadata,
  type OutgoingStream,
  RpcError,
  Status,
  type StreamSink,
  type Transport,
  type UnaryOptions,
} from '../etcd/wire/transport.js'
import { Lane, type LineState } from './line.js'

/** What goes wrong on the way between one client and the server. */
export interface Trouble {
  readonly state: LineState
  /** How this use of a method is to fail, if it is. */
  failure(method: string): RpcError | undefined
  drops(kind: 'dropRequest' | 'dropAnswer', method: string): boolean
  delayMs(method: string): number
}

/** Nobody reads it; without one, an error is made each time, at a price. */
const noLongerAwaited = 'no longer awaited'

/** Something that is under way. */
interface Exchange {
  readonly isStream: boolean
  readonly lanes: readonly Lane[]
  fail(error: RpcError): void
}

export class FaultyTransport implements Transport {
  readonly #inner: Transport
  readonly #trouble: Trouble
  readonly #clock: Clock
  readonly #exchanges = new Set<Exchange>()
  readonly #closed: () => void

  /**
   * @param closed is told when the client is done with it.
   */
  constructor(
    inner: Transport,
    trouble: Trouble,
    clock: Clock,
    closed: () => void = () => undefined,
  ) {
    this.#inner = inner
    this.#trouble = trouble
    this.#clock = clock
    this.#closed = closed
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    { metadata, timeoutMs, signal }: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const { name } = method
      const there = this.#lane()
      const back = this.#lane()
      const givenUp = new AbortController()
      const over = (): void => {
        this.#exchanges.delete(exchange)
        cancelTimer()
        signal?.removeEventListener('abort', abort)
        there.mute()
        back.mute()
        givenUp.abort(noLongerAwaited)
      }
      const fail = (error: RpcError): void => {
        over()
        reject(error)
      }
      const abort = (): void => {
        fail(new RpcError(Status.cancelled, 'the call was given up'))
      }
      const exchange: Exchange = { isStream: false, lanes: [there, back], fail }
      const cancelTimer = this.#clock.setTimer(timeoutMs, () => {
        fail(new RpcError(Status.deadlineExceeded, `no answer within ${String(timeoutMs)} ms`))
      })
      this.#exchanges.add(exchange)
      if (signal?.aborted === true) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, { once: true })
      const failure = this.#trouble.failure(name)
      if (failure !== undefined) {
        fail(failure)
        return
      }
      const answered = (settle: () => void): void => {
        if (this.#trouble.drops('dropAnswer', name)) back.mute()
        back.put(this.#trouble.delayMs(name), () => {
          over()
          settle()
        })
      }
      if (this.#trouble.drops('dropRequest', name)) there.mute()
      there.put(this.#trouble.delayMs(name), () => {
        const options = { metadata, timeoutMs, signal: givenUp.signal }
        this.#inner.unary(method, request, options).then(
          (answer) => {
            answered(() => {
              resolve(answer)
            })
          },
          (error: unknown) => {
            answered(() => {
              reject(asRpcError(error))
            })
          },
        )
      })
    })
  }

  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    metadata: Metadata,
    sink: StreamSink<MessageShape<O>>,
  ): OutgoingStream<MessageShape<I>> {
    const { name } = method
    const there = this.#lane()
    const back = this.#lane()
    let inner: OutgoingStream<MessageShape<I>> | undefined
    const over = (): void => {
      this.#exchanges.delete(exchange)
      there.mute()
      back.mute()
      inner?.cancel()
    }
    const fail = (error: RpcError): void => {
      if (!this.#exchanges.has(exchange)) return
      over()
      sink.closed(error)
    }
    /** Later, because whoever opens a stream or sends on it does not expect to be called meanwhile. */
    const failIfAsked = (): boolean => {
      const failure = this.#trouble.failure(name)
      if (failure !== undefined) {
        queueMicrotask(() => {
          fail(failure)
        })
      }
      return failure !== undefined
    }
    const exchange: Exchange = { isStream: true, lanes: [there, back], fail }
    this.#exchanges.add(exchange)
    if (!failIfAsked()) {
      there.put(this.#trouble.delayMs(name), () => {
        inner = this.#inner.duplex(method, metadata, {
          message: (message) => {
            if (this.#trouble.drops('dropAnswer', name)) back.mute()
            back.put(this.#trouble.delayMs(name), () => {
              sink.message(message)
            })
          },
          closed: (error) => {
            back.put(this.#trouble.delayMs(name), () => {
              fail(error)
            })
          },
        })
      })
    }
    return {
      send: (message) => {
        if (failIfAsked()) return
        if (this.#trouble.drops('dropRequest', name)) there.mute()
        there.put(this.#trouble.delayMs(name), () => {
          inner?.send(message)
        })
      },
      cancel: over,
    }
  }

  close(): void {
    this.fail(() => true, new RpcError(Status.cancelled, 'the transport was closed'))
    this.#inner.close()
    this.#closed()
  }

  /** The line is up again: what was held goes on its way. */
  resume(): void {
    for (const { lanes } of [...this.#exchanges]) for (const lane of lanes) lane.pump()
  }

  fail(which: (exchange: { readonly isStream: boolean }) => boolean, error: RpcError): void {
    for (const exchange of [...this.#exchanges].filter(which)) exchange.fail(error)
  }

  #lane(): Lane {
    return new Lane(this.#clock, () => this.#trouble.state)
  }
}
