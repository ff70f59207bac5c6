// A transport without sockets, for clients in the same process. Messages are encoded and decoded as
// on a wire, so that client and server share no objects, and arrive later, in order.

import {
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.js'
import {
  type Metadata,
  type OutgoingStream,
  RpcError,
  Status,
  type StreamSink,
  type Transport,
  type TransportFactory,
  type UnaryOptions,
} from '../etcd/wire/transport.js'
import { Call } from './call.js'
import { callUnary, openStream } from './dispatch.js'
import { asRpcError, type RequestSink, type RpcMethod, pathOf, type Router } from './rpc.js'

/**
 * @param router returns the member's router; called for each call and stream.
 */
export function inProcessTransport(router: () => Router, clock: Clock): TransportFactory {
  return () => new InProcessTransport(router, clock)
}

class InProcessTransport implements Transport {
  readonly #router: () => Router
  readonly #clock: Clock
  /** How to fail each call and stream in progress. */
  readonly #pending = new Set<(error: RpcError) => void>()

  constructor(router: () => Router, clock: Clock) {
    this.#router = router
    this.#clock = clock
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    { metadata, timeoutMs, signal }: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const bytes = toBinary(method.input, request)
      const call = new Call(metadata, bytes.length)
      const settle = (): void => {
        this.#pending.delete(fail)
        cancelTimer()
        signal?.removeEventListener('abort', abort)
        call.end()
      }
      const fail = (error: RpcError): void => {
        settle()
        reject(error)
      }
      const abort = (): void => {
        fail(new RpcError(Status.cancelled, 'the call was given up'))
      }
      const cancelTimer = this.#clock.setTimer(timeoutMs, () => {
        fail(new RpcError(Status.deadlineExceeded, `no answer within ${String(timeoutMs)} ms`))
      })
      this.#pending.add(fail)
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
      queueMicrotask(() => {
        if (call.isOver) return
        this.#call(method, bytes, call).then(
          (answer) => {
            if (call.isOver) return
            settle()
            resolve(fromBinary(method.output, answer))
          },
          (error: unknown) => {
            if (!call.isOver) fail(asRpcError(error))
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
    let isOver = false
    let requestSink: RequestSink<Uint8Array> | undefined
    /** Runs the work later, in order, unless the stream is over by then. */
    const enqueue = (work: () => void): void => {
      queueMicrotask(() => {
        if (!isOver) work()
      })
    }
    const end = (): void => {
      isOver = true
      this.#pending.delete(fail)
      requestSink?.closed?.()
    }
    const fail = (error: RpcError): void => {
      end()
      sink.closed(error)
    }
    const wire = {
      send: (bytes: Uint8Array) => {
        enqueue(() => {
          sink.message(fromBinary(method.output, bytes))
        })
      },
      isCongested: false,
      end: (error = new RpcError(Status.ok, '')) => {
        enqueue(() => {
          fail(error)
        })
      },
    }
    this.#pending.add(fail)
    enqueue(() => {
      try {
        requestSink = openStream(this.#find(method, 'stream'), wire, metadata)
      } catch (error) {
        fail(asRpcError(error))
      }
    })
    return {
      send: (message) => {
        const bytes = toBinary(method.input, message)
        enqueue(() => requestSink?.message(bytes))
      },
      cancel: () => {
        if (!isOver) end()
      },
    }
  }

  close(): void {
    const error = new RpcError(Status.cancelled, 'the transport was closed')
    for (const fail of [...this.#pending]) fail(error)
  }

  async #call(method: DescMethodUnary, bytes: Uint8Array, call: Call): Promise<Uint8Array> {
    return callUnary(this.#find(method, 'unary'), bytes, call)
  }

  #find<K extends RpcMethod['kind']>(
    method: DescMethodUnary | DescMethodBiDiStreaming,
    kind: K,
  ): RpcMethod & { readonly kind: K } {
    const found = this.#router().find(pathOf(method))
    if (!isOfKind(found, kind)) throw new Error(`${pathOf(method)} is not ${kind}`)
    return found
  }
}

function isOfKind<K extends RpcMethod['kind']>(
  method: RpcMethod,
  kind: K,
): method is RpcMethod & { readonly kind: K } {
  return method.kind === kind
}
