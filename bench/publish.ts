// `npm run bench:publish`: writes docs/performance.md and its plots anew from the stored data; `npm
// run bench -- --write` measures first. With --check it changes nothing, and fails when the page or
// a plot differs from the data.

import { publish, stale } from './page.js'

if (process.argv.includes('--check')) {
  const old = await stale()
  if (old.length > 0) {
    console.error(`not what docs/performance/data.json makes of them: ${old.join(', ')}`)
    process.exitCode = 1
  }
} else {
  await publish()
}
