// What `npm run test:long` runs, in order. docs/testing.md says what is long, and why.

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} what one line: what it shows
 * @property {number} minutes about how long it takes on two cores
 * @property {readonly [string, ...string[]]} command
 * @property {Readonly<Record<string, string>>} [env]
 */

/**
 * A test file that `npm test` leaves out.
 *
 * @param {string} name
 * @param {string} what
 * @param {number} minutes
 * @param {string} file
 * @param {Readonly<Record<string, string>>} [env]
 * @returns {Stage}
 */
function file(name, what, minutes, file, env = {}) {
  return { name, what, minutes, command: ['node', 'scripts/test.mjs', file], env }
}

/**
 * @param {string} name
 * @param {string} what
 * @param {number} minutes
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Stage}
 */
function script(name, what, minutes, script, ...args) {
  return { name, what, minutes, command: ['npm', 'run', '--silent', script, '--', ...args] }
}

/** @type {readonly Stage[]} */
export const stages = []
