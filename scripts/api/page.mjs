// Lays one report out as a page.
import { format, resolveConfig } from 'prettier'

/**
 * Resolves with its text.
 *
 * @param {string} specifier what users import
 * @param {string} extracted
 * @param {ReadonlySet<string>} values
 * @param {string} path
 */
export async function page(specifier, extracted, values, path) {
  const text = `# What \`${specifier}\` exports

Made by \`npm run api\`. What has no \`export\` cannot be imported, but types of what can name it.

\`\`\`ts
${marked(plain(extracted), values).trim()}
\`\`\`
`
  return format(text, { ...(await resolveConfig(path)), filepath: path })
}

/**
 * Removes API Extractor's remarks on documentation and release tags.
 *
 * @param {string} extracted
 */
function plain(extracted) {
  return extracted
    .replaceAll(/^( *\/\/)(?: @public)?(.*?)(?: \(undocumented\))?$/gm, '$1$2')
    .replaceAll(/^ *\/\/(?: \(No @packageDocumentation.*)?\n/gm, '')
}

const value = /^export (?:abstract )?(?:class|const|enum|function|let|namespace) (\w+)/gm

/**
 * Marks as a type what looks like a value and is none.
 *
 * @param {string} declarations
 * @param {ReadonlySet<string>} values
 */
function marked(declarations, values) {
  return declarations.replaceAll(value, (line, /** @type {string} */ name) =>
    values.has(name) ? line : `// Only the type can be imported.\n${line}`,
  )
}
