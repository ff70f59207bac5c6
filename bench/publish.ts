// `npm run bench:publish`: makes docs/performance.md and its plots anew from the data that is
// there; `npm run bench -- --write` measures first. With --check it changes nothing and fails when
// page or plots are not what the data makes of them.

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
