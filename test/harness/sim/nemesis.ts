// Draws the faults of a schedule: what fails, when and for how long.

import type { Cluster } from './cluster.js'
import type { Oracle } from './oracle.js'
import type { Service } from './service.js'

/** What the nemesis can change. */
export interface Stage {
  readonly cluster: Cluster
  readonly oracle: Oracle
  readonly services: Service[]
  readonly random: () => number
  /**
   * True: hosts may sleep. False: their wall clocks may be set back. No lease survives both at
   * once.
   */
  readonly sleeps: boolean
  readonly after: (ms: number, work: () => void) => void
  readonly note: (what: string) => void
  /** Starts a new service in the place of a killed one. */
  readonly replace: (service: Service) => void
}

interface Fault {
  readonly name: string
  readonly weight: number
  /** Starts the fault. The returned function ends it; undefined: there is nothing to end. */
  strike(stage: Stage): (() => void) | undefined
}

function pick<T>(random: () => number, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)]
}

/** Picks the leader more often than the others: it has the most to lose. */
function pickService({ random, oracle, services }: Stage): Service | undefined {
  const leader = oracle.valid()[0]?.service
  return leader !== undefined && random() < 0.5 ? leader : pick(random, services)
}

function onWay(name: string, weight: number, state: 'cut' | 'held' | 'deaf' | 'mute'): Fault {
  return {
    name,
    weight,
    strike: (stage) => {
      const { random, note } = stage
      const service = pickService(stage)
      if (service === undefined) return undefined
      note(`${name}: ${service.process.name}`)
      service.network.state = state
      return () => {
        service.network.state = 'up'
        service.network.pump()
        if (state !== 'held' && random() < 0.5) service.network.reset()
      }
    },
  }
}

function onProcess(name: string, weight: number, how: (service: Service) => void): Fault {
  return {
    name,
    weight,
    strike: (stage) => {
      const { note, oracle } = stage
      const service = pickService(stage)
      if (service?.process.isRunning !== true) return undefined
      note(`${name}: ${service.process.name}`)
      how(service)
      return () => {
        note(`resume: ${service.process.name}`)
        service.process.resume(() => {
          oracle.look()
        })
      }
    },
  }
}

function onCandidacy(
  name: string,
  weight: number,
  how: (cluster: Cluster, candidacy: { key: string; lease: bigint }) => void,
): Fault {
  return {
    name,
    weight,
    strike: ({ cluster, random, note, oracle }) => {
      const all = oracle.candidacies()
      const candidacy = random() < 0.6 ? all[0] : pick(random, all)
      if (candidacy === undefined || cluster.isDown) return undefined
      note(`${name}: ${candidacy.key}`)
      oracle.tampersWith(candidacy.token)
      how(cluster, candidacy)
      return undefined
    },
  }
}

export const faults: readonly Fault[] = [
  onWay('cut a client off', 3, 'cut'),
  onWay('hold a client’s messages', 2, 'held'),
  onWay('lose a client’s answers', 2, 'deaf'),
  onWay('lose a client’s requests', 2, 'mute'),
  onProcess('stop a process', 3, ({ process }) => {
    process.stop()
  }),
  onCandidacy('delete a key by hand', 2, ({ member }, { key }) => {
    member.store.write((writer) => {
      writer.delete(key)
    })
  }),
  onCandidacy('revoke a lease by hand', 2, ({ member }, { lease }) => {
    if (member.lessor.has(lease)) member.revoke(lease)
  }),
  {
    name: 'slow a client down',
    weight: 2,
    strike: ({ services, random, note }) => {
      const service = pick(random, services)
      if (service === undefined) return undefined
      note(`slow a client down: ${service.process.name}`)
      service.network.slowMs = 50 + random() * 1_500
      return () => {
        service.network.slowMs = 0
      }
    },
  },
  {
    name: 'stop a process while it renews, then cut it off',
    weight: 2,
    strike: (stage) => {
      const { random, note, after, oracle } = stage
      const service = pickService(stage)
      if (service === undefined) return undefined
      const { process, network } = service
      let isOver = false
      const resume = (): void => {
        process.resume(() => {
          oracle.look()
        })
      }
      network.whenRenewing = () => {
        network.whenRenewing = undefined
        note(`stop a process while it renews, then cut it off: ${process.name}`)
        process.stop()
        after(500 + random() * 1_500, () => {
          resume()
          after(20 + random() * 200, () => {
            if (!isOver) network.state = 'cut'
          })
        })
      }
      return () => {
        isOver = true
        network.whenRenewing = undefined
        network.state = 'up'
        resume()
      }
    },
  },
  {
    name: 'part a client and the member that leads etcd from the others',
    weight: 2,
    strike: (stage) => {
      const { cluster, random, note, after } = stage
      const service = pickService(stage)
      if (service === undefined || cluster.isDown) return undefined
      if (cluster.states.some((state) => state !== 'well')) return undefined
      const index = Math.floor(random() * 3)
      note(`${service.process.name} reaches only member ${String(index)}, which led etcd`)
      cluster.elect()
      cluster.states[index] = 'stale'
      service.network.reachesOnly = index
      service.network.reset()
      // A real member notices within one or two election timeouts; this one is slow.
      after(2_000 + random() * 8_000, () => {
        if (cluster.states[index] === 'stale') cluster.states[index] = 'well'
      })
      return () => {
        if (cluster.states[index] === 'stale') cluster.states[index] = 'well'
        service.network.reachesOnly = undefined
      }
    },
  },
  {
    name: 'reset connections',
    weight: 2,
    strike: ({ services, random, note }) => {
      const service = pick(random, services)
      note(`reset connections: ${service?.process.name ?? 'nobody'}`)
      service?.network.reset()
      return undefined
    },
  },
  {
    name: 'let a machine sleep, or set its clock back',
    weight: 2,
    strike: (stage) => {
      if (stage.sleeps) {
        return onProcess('let a machine sleep', 1, ({ process }) => {
          process.sleep()
        }).strike(stage)
      }
      const service = pickService(stage)
      if (service === undefined) return undefined
      stage.note(`set a wall clock back, with the line cut: ${service.process.name}`)
      service.process.stepWallClock(-stage.random() * 20_000)
      service.network.state = 'cut'
      return () => {
        service.network.state = 'up'
      }
    },
  },
  {
    name: 'set a wall clock ahead',
    weight: 1,
    strike: ({ services, random, note }) => {
      const service = pick(random, services)
      note(`set a wall clock ahead: ${service?.process.name ?? 'nobody'}`)
      service?.process.stepWallClock(random() * 20_000)
      return undefined
    },
  },
  {
    name: 'kill a process',
    weight: 2,
    strike: ({ services, random, note, replace }) => {
      const service = pick(random, services)
      if (service === undefined) return undefined
      note(`kill a process: ${service.process.name}`)
      service.process.kill()
      service.network.reset()
      return () => {
        replace(service)
      }
    },
  },
  {
    name: 'void tokens',
    weight: 1,
    strike: ({ services, random, note }) => {
      const service = pick(
        random,
        services.filter(({ character }) => character.signsIn),
      )
      if (service === undefined) return undefined
      note(`void tokens: ${service.process.name}`)
      service.network.voidTokens = 1 + Math.floor(random() * 2)
      return () => {
        service.network.voidTokens = 0
      }
    },
  },
  {
    name: 'compact',
    weight: 2,
    strike: ({ cluster: { member }, note }) => {
      note('compact')
      if (member.store.compactRevision < member.store.revision) {
        member.store.compact(member.store.revision)
      }
      return undefined
    },
  },
  {
    name: 'restart etcd',
    weight: 1,
    strike: ({ cluster, services, note }) => {
      if (cluster.isDown) return undefined
      note('stop etcd')
      cluster.host.stop()
      for (const { network } of services) network.reset()
      return () => {
        note('start etcd')
        cluster.host.start(undefined)
      }
    },
  },
  {
    name: 'a member hangs, or lags',
    weight: 2,
    strike: ({ cluster, services, random, note }) => {
      const index = Math.floor(random() * 3)
      if (cluster.states[index] !== 'well') return undefined
      const state = random() < 0.5 ? 'paused' : 'lagging'
      note(`member ${String(index)} is ${state}`)
      cluster.states[index] = state
      return () => {
        cluster.states[index] = 'well'
        for (const { network } of services) network.pump()
      }
    },
  },
  {
    name: 'pause the member that leads etcd',
    weight: 3,
    strike: (stage) => {
      const { cluster, services, random, note, after, oracle } = stage
      if (cluster.isDown || cluster.states.some((state) => state !== 'well')) return undefined
      const index = Math.floor(random() * 3)
      note(`member ${String(index)}, which leads etcd, is paused`)
      cluster.states[index] = 'paused'
      after(1_000 + random() * 1_000, () => {
        if (cluster.states[index] !== 'paused' || cluster.isDown) return
        note('another member leads etcd')
        cluster.elect()
      })
      return () => {
        note(`member ${String(index)} resumes`)
        cluster.states[index] = 'stale'
        for (const { network } of services) network.pump()
        after(random() * 2_000, () => {
          cluster.states[index] = 'well'
          for (const { network } of services) network.pump()
          if (random() > 0.5 || cluster.isDown) return
          const ended = pick(random, oracle.candidacies())
          if (ended === undefined || !cluster.member.lessor.has(ended.lease)) return
          note(`etcd ends a lease that was renewed: ${ended.key}`)
          oracle.tampersWith(ended.token)
          cluster.member.revoke(ended.lease)
        })
      }
    },
  },
  {
    name: 'send late copies',
    weight: 2,
    strike: ({ cluster, note }) => {
      note('late copies of requests arrive')
      cluster.duplicates = true
      return () => {
        cluster.duplicates = false
      }
    },
  },
]

const totalWeight = faults.reduce((sum, { weight }) => sum + weight, 0)

export function drawFault(random: () => number): Fault {
  let left = random() * totalWeight
  for (const fault of faults) {
    left -= fault.weight
    if (left < 0) return fault
  }
  throw new Error('no fault was drawn')
}
