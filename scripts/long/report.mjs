// Writes the report of `npm run test:long`: one page with a row for each stage. Pure.

/** @import { Stage } from './stages.mjs' */
/** @import { Outcome } from './progress.mjs' */

/**
 * @param {readonly Stage[]} stages
 * @param {(name: string) => Outcome | undefined} outcomeOf
 * @returns {string}
 */
export function closingLine(stages, outcomeOf) {
  const outcomes = stages.map(({ name }) => outcomeOf(name))
  const passed = outcomes.filter((outcome) => outcome?.passed === true).length
  const failed = outcomes.filter((outcome) => outcome?.passed === false).length
  const skipped = outcomes.length - passed - failed
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`
}

/**
 * @param {readonly Stage[]} stages
 * @param {(name: string) => Outcome | undefined} outcomeOf
 * @param {{ commit: string, node: string, date: string }} of
 * @returns {string}
 */
export function report(stages, outcomeOf, { commit, node, date }) {
  const rows = stages.map(({ name, what }) => {
    const outcome = outcomeOf(name)
    const result = outcome === undefined ? 'not run' : outcome.passed ? 'passed' : '**failed**'
    const took = outcome === undefined ? '' : duration(outcome.seconds)
    return `| ${name} | ${what} | ${result} | ${took} | ${outcome?.closingLine ?? ''} |`
  })
  return [
    '# The long tests',
    '',
    `Commit ${commit}, Node ${node}, ${date}: ${closingLine(stages, outcomeOf)}.`,
    '',
    '| stage | what it shows | result | took | its last line |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.round(seconds)
  return whole < 60
    ? `${String(whole)} s`
    : `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`
}
