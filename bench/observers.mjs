// Many observers of one election in one process: from the leader's proclamation to the first and to the last of them.
// It must not know how they observe.
import { randomUUID } from 'node:crypto'
import { Subject } from './subject.mjs'

const ttl = 60

/** @returns `[{ subject, count, firstMs, lastMs, rssMb, heapMb }]`, one for each round. */
export async function measureObservers({ counts, rounds, subjects, endpoint, say }) {
  const measured = []
  for (const count of counts) {
    for (let round = 0; round < rounds(count); round++) {
      for (const subject of subjects(count, round).filter((each) => each !== 'raw')) {
        say(`${count} observers: ${subject} …`)
        try {
          measured.push({ subject, count, ...(await measureOne(endpoint, subject, count)) })
        } catch (error) {
          measured.push({ subject, count, failed: error.message })
        }
      }
    }
  }
  return measured
}

async function measureOne(endpoint, subject, count) {
  const process = await Subject.start(subject, endpoint)
  try {
    const { heapMb: heapBefore } = await process.ask({ do: 'rest' })
    const before = process.usage()
    await process.ask({ do: 'observe', prefix: `bench/${randomUUID()}`, count, ttl }, 30_000)
    const { heapMb } = await process.ask({ do: 'rest' })
    const after = process.usage()
    const { firstAt, lastAt } = await process.ask({ do: 'inform' }, 20_000)
    return {
      firstMs: firstAt,
      lastMs: lastAt,
      rssMb: (after?.rssMb ?? NaN) - (before?.rssMb ?? NaN),
      heapMb: heapMb === undefined ? undefined : heapMb - heapBefore,
    }
  } finally {
    await process.kill()
  }
}
