// Finds what the house rules forbid in one source file. Pure: text in, findings out.
import { posix } from 'node:path'
import ts from 'typescript'
import { privateNames, privateWords, wordsOf } from './words.mjs'

/** @typedef {{ readonly file: string, readonly text: string }} Source */
/** @typedef {{ readonly file: string, readonly imports: readonly string[] }} Imports */

/** @param {Source} source */
function parse({ file, text }) {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
}

/**
 * Returns the files of the repository that this one imports, dynamic imports included.
 *
 * @param {Source} source
 * @returns {Imports}
 */
export function importsOf(source) {
  /** @type {string[]} */
  const imports = []
  /** @param {ts.Node | undefined} specifier */
  const add = (specifier) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return
    if (!specifier.text.startsWith('.')) return
    const target = posix.join(posix.dirname(source.file), specifier.text)
    imports.push(target.replace(/\.js$/, '.ts'))
  }
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0])
    }
    ts.forEachChild(node, visit)
  }
  visit(parse(source))
  return { file: source.file, imports }
}

/**
 * Returns each circle of imports once, as a path that ends where it begins.
 *
 * @param {readonly Imports[]} files
 * @returns {string[][]}
 */
export function circles(files) {
  const importsOfFile = new Map(files.map(({ file, imports }) => [file, imports]))
  /** @type {string[][]} */
  const found = []
  const done = new Set()
  /** @param {string} file @param {readonly string[]} path */
  const visit = (file, path) => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    for (const next of importsOfFile.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const { file } of files) visit(file, [])
  return found
}

/**
 * Returns the names that a file declares and exports; re-exports do not count.
 *
 * @param {Source} source
 * @returns {string[]}
 */
export function declaredNames(source) {
  return parse(source).statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
    if (!isExported) return []
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => name.getText())
    }
    const isNamed =
      ts.isClassDeclaration(statement) ||
      ts.isFunctionDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement)
    return isNamed && statement.name !== undefined ? [statement.name.text] : []
  })
}

/**
 * @param {Source} source
 * @returns {{ line: number, word: string }[]}
 */
export function privateWordsIn(source) {
  const tree = parse(source)
  /** @type {{ line: number, word: string }[]} */
  const found = []
  /** @param {number} position */
  const lineOf = (position) => tree.getLineAndCharacterOfPosition(position).line + 1
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const name = node.text.replace(/^#/, '')
      const word = privateNames.includes(name)
        ? name
        : wordsOf(name).find((part) => privateWords.includes(part))
      if (word !== undefined) found.push({ line: lineOf(node.getStart()), word })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  for (const { position, text } of commentsOf(tree)) {
    for (const { 0: word, index } of text.matchAll(/[A-Za-z]+/g)) {
      if (privateWords.includes(word.toLowerCase()))
        found.push({ line: lineOf(position + index), word })
    }
  }
  return found
}

/**
 * Returns the lines whose comments exceed the limit, except lines with an address, which cannot be
 * broken.
 *
 * @param {Source} source
 * @param {number} maxColumns
 * @returns {number[]}
 */
export function overlongComments({ file, text }, maxColumns) {
  const tree = parse({ file, text })
  return commentsOf(tree).flatMap((comment) => {
    const first = tree.getLineAndCharacterOfPosition(comment.position)
    return comment.text.split('\n').flatMap((line, index) => {
      const columns = (index === 0 ? first.character : 0) + line.length
      return columns > maxColumns && !/https?:\/\//.test(line) ? [first.line + 1 + index] : []
    })
  })
}

/**
 * @param {ts.SourceFile} tree
 * @returns {{ position: number, text: string }[]}
 */
function commentsOf(tree) {
  const { text } = tree
  /** @type {Map<number, string>} */
  const comments = new Map()
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isJSDoc(node)) return
    const children = node.getChildren(tree)
    for (const child of children) visit(child)
    if (children.length > 0) return
    for (const ranges of [
      ts.getLeadingCommentRanges(text, node.pos),
      ts.getTrailingCommentRanges(text, node.end),
    ]) {
      for (const { pos, end } of ranges ?? []) comments.set(pos, text.slice(pos, end))
    }
  }
  visit(tree)
  return [...comments].map(([position, comment]) => ({ position, text: comment }))
}
