// Opens streams signed in: what is sent before the token is there waits for it.
// It must not know what goes over the streams, nor when to open the next one.

import type { DescMessage, DescMethodBiDiStreaming, MessageShape } from '@bufbuild/protobuf'
import type { Member } from './members.js'
import { verdictOn } from './failure.js'
import type { SignIn } from './sign-in.js'
import { type OutgoingStream, RpcError, Status, type StreamSink } from '../wire/transport.js'

export class Streams {
  readonly #signIn: SignIn
  readonly #signInTimeoutMs: number

  constructor(signIn: SignIn, signInTimeoutMs: number) {
    this.#signIn = signIn
    this.#signInTimeoutMs = signInTimeoutMs
  }

  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    member: Member,
    sink: StreamSink<MessageShape<O>>,
  ): OutgoingStream<MessageShape<I>> {
    let used = this.#signIn.metadata
    const watched: StreamSink<MessageShape<O>> = {
      message: (message) => {
        sink.message(message)
      },
      closed: (error) => {
        if (verdictOn(error) === 'signIn') this.#signIn.forget(used)
        sink.closed(error)
      },
    }
    if (used !== undefined) return member.duplex(method, used, watched)

    let cancelled = false
    let stream: OutgoingStream<MessageShape<I>> | undefined
    const waiting: MessageShape<I>[] = []
    this.#signIn.first(member, this.#signInTimeoutMs).then(
      (signedIn) => {
        if (cancelled) return
        used = signedIn
        stream = member.duplex(method, signedIn, watched)
        for (const message of waiting.splice(0)) stream.send(message)
      },
      (error: unknown) => {
        if (!cancelled) sink.closed(asRpcError(error))
      },
    )
    return {
      send: (message) => {
        if (stream === undefined) waiting.push(message)
        else stream.send(message)
      },
      cancel: () => {
        cancelled = true
        stream?.cancel()
      },
    }
  }
}

function asRpcError(error: unknown): RpcError {
  return error instanceof RpcError
    ? error
    : new RpcError(Status.unknown, String(error), { cause: error })
}
