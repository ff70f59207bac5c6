// One address of one etcd member, parsed and checked once. It must not know how connections are made.

import { InvalidArgumentError } from '../../base/errors.js'

/** An address that has been checked. */
export interface Endpoint {
  /** As the user wrote it; it stands in messages. */
  readonly url: string
  /** What gRPC dials: `host:port` or `unix:/path`. */
  readonly target: string
  readonly tls: boolean
}

const expectation =
  "expected 'http://host:port', 'https://host:port', 'host:port', 'unix:/path' or 'unixs:/path'"

/**
 * Parses one endpoint in the forms that etcdctl takes. Without a scheme it is plain text, as in etcdctl.
 *
 * @throws {@link InvalidArgumentError} when it is none of them.
 */
export function parseEndpoint(text: unknown, option = 'endpoints'): Endpoint {
  const refuse = (): never => {
    throw new InvalidArgumentError(option, expectation, text)
  }
  if (typeof text !== 'string' || text === '' || text !== text.trim()) return refuse()
  const socket = /^(unixs?):(?:\/\/)?(\/?[^/].*)$/.exec(text)
  if (socket?.[2] !== undefined) {
    return Object.freeze({ url: text, target: `unix:${socket[2]}`, tls: socket[1] === 'unixs' })
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^https?:\/\//i.test(text)) return refuse()
  const tls = /^https:/i.test(text)
  const withScheme = /^https?:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(withScheme)) return refuse()
  const url = new URL(withScheme)
  const bare = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  const port = /:(\d+)\/?$/.exec(text)?.[1]
  // URL takes more for a host than DNS does ('a,b'), and leaves out tabs and line ends without a word.
  const isHost = /^([\w.-]+|\[[\da-f:.]+\])$/.test(url.hostname) && !/\s/.test(text)
  if (!bare || !isHost || url.pathname !== '/' || port === undefined || Number(port) === 0) {
    return refuse()
  }
  return Object.freeze({ url: text, target: `${url.hostname}:${port}`, tls })
}
