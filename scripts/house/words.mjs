// The private words that this project has given up. docs/glossary.md has the words in their place.

/** Banned as part of any identifier, and in comments. */
export const privateWords = [
  'abandonable',
  'attendant',
  'attendants',
  'contender',
  'contenders',
  'contest',
  'contestant',
  'departed',
  'departure',
  'fate',
  'interventions',
  'predecessor',
  'predecessors',
  'realm',
  'straggler',
  'stragglers',
  'tenure',
]

/** Banned as whole identifiers: ordinary English words that once had a private meaning. */
export const privateNames = [
  'charge',
  'Charge',
  'following',
  'Following',
  'gate',
  'Gate',
  'Guarding',
  'Keeping',
  'Naming',
  'reach',
  'Reach',
  'Renewing',
  'Slices',
]

/**
 * Splits an identifier into words: `rosterFeedOf2` has roster, feed and of.
 *
 * @param {string} identifier
 * @returns {string[]}
 */
export function wordsOf(identifier) {
  return identifier.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)?.map((word) => word.toLowerCase()) ?? []
}
