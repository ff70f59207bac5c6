// An observer of this library, which writes down every change that it shows.

import { Etcd, Observer } from '../../../../src/index.js'
import { Recorder } from './recorder.js'
import { onCommand, task } from './task.js'

const recorder = new Recorder(task.log, task.uptimeOffset)
const etcd = new Etcd({
  endpoints: task.endpoints,
  user: task.user.name,
  password: task.user.password,
  callTimeoutMs: 5_000,
})
const observer = new Observer(etcd, { election: task.election })
const closing = new AbortController()

onCommand((command) => {
  if (command.do !== 'close') return
  closing.abort()
  void observer.stop()
})
setInterval(() => {
  recorder.write({ is: 'size', heapMb: process.memoryUsage().heapUsed / 2 ** 20 })
}, 1_000)

while (!closing.signal.aborted) {
  try {
    await observer.start()
    for await (const leader of observer) {
      const { revision } = observer
      const token = leader && String(leader.revision)
      recorder.write({ is: 'observed', revision: String(revision), token })
    }
  } catch (error) {
    recorder.write({ is: 'failed', call: 'observe', error: String(error) })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
await etcd.close()
recorder.write({ is: 'closed' })
process.exit(0)
