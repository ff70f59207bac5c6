// What `etcd-elect/devserver` exports.

export { DevServer } from './devserver.js'
export type { DevServerOptions } from './options.js'
export type { Clock } from '../base/clock.js'
export { InvalidArgumentError } from '../base/errors.js'
