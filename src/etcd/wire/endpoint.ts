// Parses and checks the address of one etcd member.

import { InvalidArgumentError } from '../../base/errors.js'

/** A valid address. */
export interface Endpoint {
  /** As the user wrote it; error messages quote it. */
  readonly url: string
  /** What gRPC dials: `host:port` or `unix:/path`. */
  readonly target: string
  readonly tls: boolean
}

const expectation =
  "expected 'http://host:port', 'https://host:port', 'host:port', 'unix:/path' or 'unixs:/path'"

/**
 * Parses an endpoint in the forms that etcdctl takes. Without a scheme it means no TLS, as in
 * etcdctl.
 *
 * @param option the name that an error gives to the option
 * @throws {@link InvalidArgumentError} when the text has none of these forms
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
  const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  const port = /:(\d+)\/?$/.exec(text)?.[1]
  // URL takes hosts that DNS does not ('a,b'), and silently leaves out tabs and line ends.
  const isHost = /^([\w.-]+|\[[\da-f:.]+\])$/.test(url.hostname) && !/\s/.test(text)
  if (!isBare || !isHost || url.pathname !== '/' || port === undefined || Number(port) === 0) {
    return refuse()
  }
  return Object.freeze({ url: text, target: `${url.hostname}:${port}`, tls })
}
