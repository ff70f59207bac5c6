// The floors of src, bottom first, and what each may import. docs/architecture.md draws them.
import { dirname, join, relative, sep } from 'node:path'

const etcd = ['etcd', 'etcd/wire']
const library = ['base', ...etcd, 'lease', 'election', 'session', 'candidate', 'observer']

/**
 * A floor is a folder of src, or a file that stands alone in it. It may always import its own
 * files.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const mayImport = {
  base: [],
  'etcd/wire': ['base'],
  'etcd/cluster': ['base', 'etcd/wire'],
  'etcd/txn': ['base', 'etcd/wire', 'etcd/cluster'],
  'etcd/watch': ['base', 'etcd/wire', 'etcd/cluster'],
  etcd: ['base', 'etcd/wire', 'etcd/cluster', 'etcd/txn', 'etcd/watch'],
  lease: ['base', ...etcd],
  guardian: ['base', 'etcd'],
  election: ['base', ...etcd, 'lease'],
  session: ['base', 'etcd', 'lease', 'guardian', 'election'],
  candidate: ['base', 'etcd', 'lease', 'election', 'session'],
  observer: ['base', 'etcd', 'election', 'session'],
  shutdown: ['base'],
  index: [...library, 'shutdown'],
  devserver: ['base', 'etcd/wire'],
  testing: ['base', ...etcd, 'election', 'devserver'],
  // The command's doors into the library, and the command behind them.
  'cli/library': ['index', 'base', ...etcd, 'etcd/cluster', 'lease', 'election', 'guardian'],
  'cli/devserver': ['devserver'],
  cli: ['cli/library', 'cli/devserver'],
}

/**
 * A guardian runs beside every process that has one, so it may load only Node.js, its own files and
 * the protocol.
 */
const guardianProgram = /^src\/guardian\/(program\/|protocol\.ts$)/

/**
 * The floor that a file of the repository stands on; undefined outside of src.
 *
 * @param {string} file its path from the root, with forward slashes
 * @returns {string | undefined}
 */
export function floorOf(file) {
  if (!file.startsWith('src/')) return undefined
  const [, ...parts] = file.replace(/\.[jt]s$/, '').split('/')
  const [first = '', second = ''] = parts
  if (/^src\/cli\/(library|devserver)\.[jt]s$/.test(file))
    return `cli/${second.replace(/\..*/, '')}`
  return first === 'etcd' && parts.length > 2 ? `etcd/${second}` : first
}

/**
 * Returns why the file may not import that; undefined when it may.
 *
 * @param {string} file its path from the root
 * @param {string} specifier as it stands in the import
 * @returns {string | undefined}
 */
export function whyNot(file, specifier) {
  const isOwn = specifier.startsWith('.')
  const target = join(dirname(file), specifier).split(sep).join('/')
  if (guardianProgram.test(file)) {
    const mayLoad = isOwn
      ? guardianProgram.test(target.replace(/\.js$/, '.ts'))
      : specifier.startsWith('node:')
    if (!mayLoad) return 'what a guardian loads runs beside every process that has one'
  }
  const from = floorOf(file)
  const to = isOwn ? floorOf(target) : undefined
  if (from === undefined || to === undefined || from === to) return undefined
  const allowed = mayImport[from]
  if (allowed === undefined) return `${from} is no floor of src: add it to scripts/house/floors.mjs`
  return allowed.includes(to) ? undefined : `${from} may not import ${to}: imports point down only`
}

/** @type {import('eslint').Rule.RuleModule} */
export const floorsRule = {
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/')
    /** @param {{ source?: import('estree').Expression | null | undefined }} node */
    const check = ({ source }) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return
      const message = whyNot(file, source.value)
      if (message !== undefined) context.report({ node: source, message })
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    }
  },
}
