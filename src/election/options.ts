// The options that name an election and a candidate.

import type { Check } from '../base/options/checks.js'
import { checkElection, checkName } from './keys.js'

export const electionName: Check<string> = {
  type: '`string`',
  parse: (_option, value) => checkElection(value),
}

export const candidateName: Check<string> = {
  type: '`string`',
  parse: (option, value) => checkName(value, option),
}
