// All faults of the harness.

import { candidateFaults } from './candidates.js'
import { clockFaults } from './clocks.js'
import type { Fault } from './fault.js'
import { handFaults } from './hands.js'
import { memberFaults } from './members.js'
import { partitionFaults } from './partitions.js'
import { wayFaults } from './ways.js'

export const faults: readonly Fault[] = [
  ...candidateFaults,
  ...wayFaults,
  ...memberFaults,
  ...partitionFaults,
  ...handFaults,
  ...clockFaults,
]
