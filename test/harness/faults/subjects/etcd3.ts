// A candidate of npm etcd3's Election, used as its documentation shows: it campaigns, and campaigns
// again after an error.

import { type Campaign, Etcd3 } from 'etcd3'
import { Belief } from './belief.js'
import { Recorder } from './recorder.js'
import { Work } from './work.js'
import { onCommand, task } from './task.js'

const recorder = new Recorder(task.log, task.uptimeOffset)
const belief = new Belief(recorder)
const work = new Work(recorder)
const client = new Etcd3({ hosts: [...task.endpoints] })
// etcd3 puts its own prefix before the name; the world looks for the keys there.
const election = client.election(task.election, task.ttlS)
let stopping = false
let present: Campaign | undefined
let stepDown: () => void = () => undefined

onCommand((command) => {
  switch (command.do) {
    case 'block':
      belief.block(command.ms)
      return
    case 'resign':
      stepDown()
      return
    case 'close':
      stopping = true
      void Promise.resolve(present?.resign()).finally(() => {
        stepDown()
        recorder.write({ is: 'closed' })
        process.exit(0)
      })
      return
  }
  command satisfies never
})
setInterval(() => {
  recorder.write({ is: 'size', heapMb: process.memoryUsage().heapUsed / 2 ** 20 })
}, 1_000)

function campaign(): void {
  const mine = election.campaign(task.name)
  present = mine
  let token = ''
  let leads = false
  const over = (why: string): void => {
    if (leads) {
      leads = false
      belief.over()
      recorder.write({ is: 'ended', token, why })
    }
    if (!stopping && present === mine) setTimeout(campaign, 100)
    present = undefined
  }
  mine.on('elected', () => {
    // A campaign that is resigned while it waits emits this too.
    if (stopping) return
    // Private, but nothing else holds the create revision of its key.
    token = String((mine as unknown as { keyRevision: unknown }).keyRevision)
    leads = true
    recorder.write({ is: 'elected', token, term: '' })
    belief.in({ token, believes: () => leads })
    work.during(token, () => leads)
    stepDown = () => {
      if (!leads) return
      mine.resign().catch((error: unknown) => {
        recorder.write({ is: 'failed', call: 'resign', error: String(error) })
      })
      over('resigned')
    }
    setTimeout(stepDown, task.termMs * (0.5 + Math.random()))
  })
  mine.on('error', (error) => {
    over(String(error))
  })
}

campaign()
