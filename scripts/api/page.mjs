// One report as a page, laid out like everything else here.
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
 * Without API Extractor's remarks on what is documented and what is released.
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
 * Says of what looks like a value, and is none, that it is a type.
 *
 * @param {string} declarations
 * @param {ReadonlySet<string>} values
 */
function marked(declarations, values) {
  return declarations.replaceAll(value, (line, /** @type {string} */ name) =>
    values.has(name) ? line : `// Only the type can be imported.\n${line}`,
  )
}
