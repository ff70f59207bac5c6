// A transport that loses, holds, delays and fails messages as a test has requested.

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
import { Lane, type LineState } from './lane.js'

/** What goes wrong between one client and the server. */
export interface LineFaults {
  readonly state: LineState
  /** The error with which this use of a method has to fail, if any. */
  failure(method: string): RpcError | undefined
  drops(kind: 'dropRequest' | 'dropAnswer', method: string): boolean
  delayMs(method: string): number
}

/** Never read; but without a reason, `abort()` would create an error each time, which is slow. */
const abortReason = 'no longer awaited'

/** A call or a stream in progress. */
interface Exchange {
  readonly isStream: boolean
  readonly lanes: readonly Lane[]
  fail(error: RpcError): void
}

export class FaultyTransport implements Transport {
  readonly #inner: Transport
  readonly #faults: LineFaults
  readonly #clock: Clock
  readonly #exchanges = new Set<Exchange>()
  readonly #onClose: () => void

  /**
   * @param onClose called when the client closes the transport.
   */
  constructor(
    inner: Transport,
    faults: LineFaults,
    clock: Clock,
    onClose: () => void = () => undefined,
  ) {
    this.#inner = inner
    this.#faults = faults
    this.#clock = clock
    this.#onClose = onClose
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    { metadata, timeoutMs, signal }: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const { name } = method
      const outbound = this.#lane()
      const inbound = this.#lane()
      const innerCall = new AbortController()
      const finish = (): void => {
        this.#exchanges.delete(exchange)
        cancelTimer()
        signal?.removeEventListener('abort', abort)
        outbound.mute()
        inbound.mute()
        innerCall.abort(abortReason)
      }
      const fail = (error: RpcError): void => {
        finish()
        reject(error)
      }
      const abort = (): void => {
        fail(new RpcError(Status.cancelled, 'the call was given up'))
      }
      const exchange: Exchange = { isStream: false, lanes: [outbound, inbound], fail }
      const cancelTimer = this.#clock.setTimer(timeoutMs, () => {
        fail(new RpcError(Status.deadlineExceeded, `no answer within ${String(timeoutMs)} ms`))
      })
      this.#exchanges.add(exchange)
      if (signal?.aborted === true) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, { once: true })
      const failure = this.#faults.failure(name)
      if (failure !== undefined) {
        fail(failure)
        return
      }
      const deliverAnswer = (settle: () => void): void => {
        if (this.#faults.drops('dropAnswer', name)) inbound.mute()
        inbound.put(this.#faults.delayMs(name), () => {
          finish()
          settle()
        })
      }
      if (this.#faults.drops('dropRequest', name)) outbound.mute()
      outbound.put(this.#faults.delayMs(name), () => {
        const options = { metadata, timeoutMs, signal: innerCall.signal }
        this.#inner.unary(method, request, options).then(
          (answer) => {
            deliverAnswer(() => {
              resolve(answer)
            })
          },
          (error: unknown) => {
            deliverAnswer(() => {
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
    const outbound = this.#lane()
    const inbound = this.#lane()
    let inner: OutgoingStream<MessageShape<I>> | undefined
    const finish = (): void => {
      this.#exchanges.delete(exchange)
      outbound.mute()
      inbound.mute()
      inner?.cancel()
    }
    const fail = (error: RpcError): void => {
      if (!this.#exchanges.has(exchange)) return
      finish()
      sink.closed(error)
    }
    /**
     * Fails later, because a caller that opens a stream or sends on it must not be called back yet.
     */
    const failIfRequested = (): boolean => {
      const failure = this.#faults.failure(name)
      if (failure !== undefined) {
        queueMicrotask(() => {
          fail(failure)
        })
      }
      return failure !== undefined
    }
    const exchange: Exchange = { isStream: true, lanes: [outbound, inbound], fail }
    this.#exchanges.add(exchange)
    if (!failIfRequested()) {
      outbound.put(this.#faults.delayMs(name), () => {
        inner = this.#inner.duplex(method, metadata, {
          message: (message) => {
            if (this.#faults.drops('dropAnswer', name)) inbound.mute()
            inbound.put(this.#faults.delayMs(name), () => {
              sink.message(message)
            })
          },
          closed: (error) => {
            inbound.put(this.#faults.delayMs(name), () => {
              fail(error)
            })
          },
        })
      })
    }
    return {
      send: (message) => {
        if (failIfRequested()) return
        if (this.#faults.drops('dropRequest', name)) outbound.mute()
        outbound.put(this.#faults.delayMs(name), () => {
          inner?.send(message)
        })
      },
      cancel: finish,
    }
  }

  close(): void {
    this.fail(() => true, new RpcError(Status.cancelled, 'the transport was closed'))
    this.#inner.close()
    this.#onClose()
  }

  /** Delivers held messages. To be called when the line is up again. */
  deliverHeld(): void {
    for (const { lanes } of [...this.#exchanges]) for (const lane of lanes) lane.deliverDue()
  }

  fail(matches: (exchange: { readonly isStream: boolean }) => boolean, error: RpcError): void {
    for (const exchange of [...this.#exchanges].filter(matches)) exchange.fail(error)
  }

  #lane(): Lane {
    return new Lane(this.#clock, () => this.#faults.state)
  }
}
