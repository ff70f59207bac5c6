// All commands, in the order of the help.

import type { CommandSpec } from '../definition/command-spec.js'
import { campaign } from './campaign.js'
import { candidates } from './candidates.js'
import { completion } from './completion.js'
import { demo } from './demo.js'
import { dev } from './dev.js'
import { doctor } from './doctor.js'
import { leader } from './leader.js'
import { list } from './list.js'
import { observe } from './observe.js'
import { proclaim } from './proclaim.js'
import { resign } from './resign.js'
import { run } from './run.js'

export const commands: readonly CommandSpec[] = [
  run,
  campaign,
  observe,
  leader,
  candidates,
  list,
  resign,
  proclaim,
  doctor,
  dev,
  demo,
  completion,
]
