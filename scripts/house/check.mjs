// `npm run check:house`: checks what the linter cannot. src has no circle of imports, exports no
// name twice unless the glossary says why, and holds no private word; no comment line is over 100
// columns.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { circles, declaredNames, importsOf, overlongComments, privateWordsIn } from './source.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const maxColumns = 100

/** @param {string[]} patterns */
function filesOf(...patterns) {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  })
  return list.split('\n').filter((file) => /\.(ts|mjs|js)$/.test(file) && !file.includes('/gen/'))
}

/** @param {string} file */
function read(file) {
  return { file, text: readFileSync(join(root, file), 'utf8') }
}

/** Names that the glossary allows to be exported twice: the first column of its table of them. */
function namesAllowedTwice() {
  const glossary = readFileSync(join(root, 'docs/glossary.md'), 'utf8')
  const [, section = ''] = glossary.split(/^## Names that occur twice.*$/m)
  return new Set([...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name))
}

const library = filesOf('src').map(read)
const everything = filesOf('src', 'test', 'bench', 'scripts', 'examples').map(read)
/** @type {string[]} */
const findings = []

for (const circle of circles(library.map(importsOf))) {
  findings.push(`a circle of imports: ${circle.join(' → ')}`)
}

/** @type {Map<string, string[]>} */
const exported = new Map()
for (const source of library) {
  for (const name of declaredNames(source)) {
    exported.set(name, [...(exported.get(name) ?? []), source.file])
  }
}
const allowed = namesAllowedTwice()
for (const [name, files] of exported) {
  if (files.length > 1 && !allowed.has(name)) {
    findings.push(`'${name}' is exported by ${files.join(' and ')}: one word for one thing`)
  }
}

for (const source of library) {
  for (const { line, word } of privateWordsIn(source)) {
    findings.push(
      `${source.file}:${String(line)}: '${word}' is a private word: see docs/glossary.md`,
    )
  }
}

for (const source of everything) {
  for (const line of overlongComments(source, maxColumns)) {
    findings.push(
      `${source.file}:${String(line)}: a comment line over ${String(maxColumns)} columns`,
    )
  }
}

for (const finding of findings) console.error(finding)
if (findings.length > 0) {
  console.error(`${String(findings.length)} findings: see CONTRIBUTING.md, "House rules"`)
  process.exitCode = 1
}
