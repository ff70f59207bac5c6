// Draws how each cost grows with the number of elections, candidates or observers. Pure: a result
// in, SVG out.

import type { Cost, Kind, Many, Result } from './result.js'
import { median } from './stats.js'

const names: Readonly<Record<string, string>> = {
  ours: 'etcd-elect',
  etcd3: 'npm etcd3',
  Go: 'Go concurrency',
  raw: 'raw nested Txns',
  'raw Txn': 'raw Txn',
}
const colours: Readonly<Record<string, string>> = {
  'etcd-elect': '#0b62a4',
  'npm etcd3': '#c1440e',
  'Go concurrency': '#2e8b57',
  'raw nested Txns': '#7f7f7f',
  'raw Txn': '#7f7f7f',
}

interface Point {
  readonly n: number
  readonly value: number
  readonly who: string
}

/** SVGs by name. */
export async function plots(result: Result): Promise<Readonly<Record<string, string>>> {
  const { many, observers } = result
  const led = (key: keyof Cost): Point[] => medians(many, (row: Many) => row.led?.[key])
  return {
    led: await draw('Time to lead N elections in one process', 'elections', 'ms', led('ms')),
    memory: await draw(
      'Growth of the process for leading N elections',
      'elections',
      'MB of memory (RSS)',
      led('rssMb'),
    ),
    takeover: await draw(
      'From the loss of all leaders to the last of N takeovers',
      'elections',
      'ms',
      // Elections that were not taken over have no time.
      medians(many, ({ count, takenOver }) =>
        takenOver?.elected === count ? takenOver.lastMs : undefined,
      ),
    ),
    observers: await draw(
      'From a proclamation to the last of N observers',
      'observers',
      'ms',
      medians(observers, ({ lastMs }) => lastMs),
    ),
    handover: await draw(
      'Handover by resign with N candidates',
      'candidates',
      'ms',
      handoverPoints(result),
    ),
  }
}

/** The median of each subject at each size. */
function medians<R extends { readonly count: number; readonly subject: Kind }>(
  rows: readonly R[],
  valueOf: (row: R) => number | undefined,
): Point[] {
  const groups = new Map<string, { n: number; who: string; values: number[] }>()
  for (const row of rows) {
    const value = valueOf(row)
    if (value === undefined || !(value > 0)) continue
    const { count: n, subject } = row
    const key = `${n} ${subject}`
    const group = groups.get(key) ?? { n, who: names[subject] ?? subject, values: [] }
    group.values.push(value)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ n, who, values }) => ({
    n,
    value: Number(median(values).toPrecision(4)),
    who,
  }))
}

function handoverPoints({ runs }: Result): Point[] {
  const cases = runs.find(({ fsync }) => !fsync)?.cases ?? []
  return cases.flatMap(({ title, contenders }) => {
    const n = /^handover by resign, ([\d]+) candidates$/.exec(title)?.[1]
    if (n === undefined) return []
    return contenders.flatMap(({ name, median: middle }) => {
      const who = names[name]
      return who === undefined ? [] : [{ n: Number(n), value: Number(middle.toPrecision(4)), who }]
    })
  })
}

async function draw(
  title: string,
  x: string,
  y: string,
  values: readonly Point[],
): Promise<string> {
  // Loaded on demand: the drawing packages load slowly.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  const domain = Object.keys(colours).filter((who) => values.some((each) => each.who === who))
  const scale = { domain, range: domain.map((who) => colours[who] ?? 'black') }
  const { spec } = compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    width: 480,
    height: 300,
    background: 'white',
    data: { values: [...values] },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'n', type: 'quantitative', title: x, scale: { type: 'log' } },
      y: { field: 'value', type: 'quantitative', title: y, scale: { type: 'log' } },
      color: { field: 'who', type: 'nominal', title: null, scale },
    },
  })
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG()
  return `${svg}\n`
}
