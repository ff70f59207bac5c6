// Remembers which stages of `npm run test:long` have ended, and how, for one state of the source,
// so that a run can be cut off and continued.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * @typedef {object} Outcome
 * @property {boolean} passed
 * @property {number} seconds
 * @property {string} closingLine the last line that the stage printed
 */

/** @typedef {{ source: string, outcomes: Record<string, Outcome> }} State */

export class Progress {
  #file
  #source
  /** @type {Record<string, Outcome>} */
  #outcomes

  /**
   * @param {string} file
   * @param {string} source identifies the source that the stages test; outcomes of another do not
   * count
   */
  constructor(file, source) {
    this.#file = file
    this.#source = source
    const state = read(file)
    this.#outcomes = state?.source === source ? state.outcomes : {}
  }

  /** @param {string} stage */
  outcomeOf(stage) {
    return this.#outcomes[stage]
  }

  /**
   * @param {string} stage
   * @param {Outcome} outcome
   */
  record(stage, outcome) {
    this.#outcomes[stage] = outcome
    mkdirSync(dirname(this.#file), { recursive: true })
    // Writes the file whole or not at all, even when it is cut off here.
    const text = JSON.stringify({ source: this.#source, outcomes: this.#outcomes }, undefined, 2)
    writeFileSync(`${this.#file}.new`, text)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/**
 * @param {string} file
 * @returns {State | undefined}
 */
function read(file) {
  try {
    /** @type {State} */
    const state = JSON.parse(readFileSync(file, 'utf8'))
    return state
  } catch {
    return undefined
  }
}
