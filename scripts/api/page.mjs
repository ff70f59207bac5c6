// One report as a page, laid out like everything else here.
import { format, resolveConfig } from 'prettier'

/** Resolves with its text. */
export async function page(specifier, extracted, values, path) {
  const text = `# What \`${specifier}\` exports

Made by \`npm run api\`. What has no \`export\` cannot be imported, but types of what can name it.

\`\`\`ts
${marked(plain(extracted), values).trim()}
\`\`\`
`
  return format(text, { ...(await resolveConfig(path)), filepath: path })
}

/** Without API Extractor's remarks on what is documented and what is released. */
function plain(extracted) {
  return extracted
    .replaceAll(/^( *\/\/)(?: @public)?(.*?)(?: \(undocumented\))?$/gm, '$1$2')
    .replaceAll(/^ *\/\/(?: \(No @packageDocumentation.*)?\n/gm, '')
}

const value = /^export (?:abstract )?(?:class|const|enum|function|let|namespace) (\w+)/gm

/** Says of what looks like a value, and is none, that it is a type. */
function marked(declarations, values) {
  return declarations.replaceAll(value, (line, name) =>
    values.has(name) ? line : `// Only the type can be imported.\n${line}`,
  )
}
