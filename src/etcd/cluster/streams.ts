// Opens streams with a sign-in token; messages that are sent before the token is there wait for it.

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
    let metadata = this.#signIn.metadata
    const sinkWithSignIn: StreamSink<MessageShape<O>> = {
      message: (message) => {
        sink.message(message)
      },
      closed: (error) => {
        if (verdictOn(error) === 'signIn') this.#signIn.forget(metadata)
        sink.closed(error)
      },
    }
    if (metadata !== undefined) return member.duplex(method, metadata, sinkWithSignIn)

    let isCancelled = false
    let stream: OutgoingStream<MessageShape<I>> | undefined
    const unsent: MessageShape<I>[] = []
    this.#signIn.authenticate(member, this.#signInTimeoutMs).then(
      (signedIn) => {
        if (isCancelled) return
        metadata = signedIn
        stream = member.duplex(method, signedIn, sinkWithSignIn)
        for (const message of unsent.splice(0)) stream.send(message)
      },
      (error: unknown) => {
        if (!isCancelled) sink.closed(asRpcError(error))
      },
    )
    return {
      send: (message) => {
        if (stream === undefined) unsent.push(message)
        else stream.send(message)
      },
      cancel: () => {
        isCancelled = true
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
