// How each cost grows with the number of elections, candidates or observers, as drawings. Pure: a result in, SVG out.
// It must not know how anything was measured.
import { parse, View } from 'vega'
import { compile } from 'vega-lite'
import { median } from './stats.mjs'

const names = {
  ours: 'etcd-elect',
  etcd3: 'npm etcd3',
  Go: 'Go concurrency',
  raw: 'raw nested Txns',
  'raw Txn': 'raw Txn',
}
const colours = {
  [names.ours]: '#0b62a4',
  [names.etcd3]: '#c1440e',
  [names.Go]: '#2e8b57',
  [names.raw]: '#7f7f7f',
  [names['raw Txn']]: '#7f7f7f',
}

/** SVGs by name. */
export async function plots(result) {
  const { many, observers } = result
  const led = (key) => manyPoints(many, (row) => row.led?.[key])
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
      // What was not taken over has no time.
      manyPoints(many, ({ count, takenOver }) =>
        takenOver?.elected === count ? takenOver.lastMs : undefined,
      ),
    ),
    observers: await draw(
      'From a proclamation to the last of N observers',
      'observers',
      'ms',
      manyPoints(observers, ({ lastMs }) => lastMs),
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
function manyPoints(rows, valueOf) {
  const groups = new Map()
  for (const row of rows) {
    const value = valueOf(row)
    if (!(value > 0)) continue
    const key = JSON.stringify([row.count, row.subject])
    groups.set(key, [...(groups.get(key) ?? []), value])
  }
  return [...groups].map(([key, values]) => {
    const [n, subject] = JSON.parse(key)
    return { n, value: Number(median(values).toPrecision(4)), who: names[subject] }
  })
}

function handoverPoints({ runs }) {
  const cases = runs.find(({ fsync }) => !fsync)?.cases ?? []
  return cases.flatMap(({ title, contenders }) => {
    const n = /^handover by resign, ([\d]+) candidates$/.exec(title)?.[1]
    if (n === undefined) return []
    return contenders
      .filter(({ name }) => names[name] !== undefined)
      .map((of) => ({
        n: Number(n),
        value: Number(of.median.toPrecision(4)),
        who: names[of.name],
      }))
  })
}

async function draw(title, x, y, values) {
  const domain = Object.keys(colours).filter((who) => values.some((each) => each.who === who))
  const scale = { domain, range: domain.map((who) => colours[who]) }
  const { spec } = compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    width: 480,
    height: 300,
    background: 'white',
    data: { values },
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
