// Sets the seed of all property tests: the same in each run, so that results do not differ between
// runs. PROPERTY_SEED=random draws a seed, PROPERTY_SEED=N sets it; a failure prints the seed.

import fc from 'fast-check'

const { PROPERTY_SEED: asked = '1' } = process.env

const seed = asked === 'random' ? Date.now() % 2 ** 31 : Number(asked)
if (!Number.isSafeInteger(seed)) {
  throw new Error(`PROPERTY_SEED: expected an integer or 'random', got '${asked}'`)
}

fc.configureGlobal({ seed })
