// Reads the Markdown pages of this repository: fences, headings, links.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const notOurs = new Set(['node_modules', 'dist', 'coverage', 'api'])

/** All pages, as paths from the root. */
export function pages(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !notOurs.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return pages(path)
      return entry.name.endsWith('.md') ? [path] : []
    })
}

export function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** A block of code. */
export interface Fence {
  readonly page: string
  /** The line on which it begins, for messages. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** The text of `<!-- test: … -->` right above it. */
  readonly directive: string | undefined
}

interface Line {
  readonly text: string
  readonly number: number
}

export function fences(page: string): Fence[] {
  const found: Fence[] = []
  let directive: string | undefined
  let open: { language: string; line: number; code: string[] } | undefined
  for (const { text, number } of lines(page)) {
    const fence = /^```(\w*)/.exec(text)
    if (open !== undefined) {
      if (fence === null) {
        open.code.push(text)
      } else {
        const { language, line, code } = open
        found.push({ page, line, language, code: code.join('\n'), directive })
        open = undefined
        directive = undefined
      }
    } else if (fence !== null) {
      open = { language: fence[1] ?? '', line: number, code: [] }
    } else if (text !== '') {
      directive = /^<!-- test: (.*) -->$/.exec(text)?.[1]
    }
  }
  return found
}

/**
 * The snippets after `@example` in doc comments.
 */
export function examples(source: string): Fence[] {
  const found: Fence[] = []
  let open: { line: number; code: string[] } | undefined
  for (const { text, number } of lines(source)) {
    const comment = /^ *\* ?(.*)$/.exec(text)?.[1]
    if (open !== undefined && (comment === undefined || /^(@|\/)/.test(comment))) {
      const { line, code } = open
      found.push({
        page: source,
        line,
        language: 'js',
        code: code.join('\n'),
        directive: undefined,
      })
      open = undefined
    }
    if (comment === '@example') open = { line: number, code: [] }
    else if (comment !== undefined) open?.code.push(comment)
  }
  return found
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchors(page: string): Set<string> {
  const found = new Set<string>()
  for (const { text } of prose(page)) {
    const heading = /^#+ (.*)$/.exec(text)?.[1]
    if (heading === undefined) continue
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = plain.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    let unique = slug
    for (let copy = 1; found.has(unique); copy++) unique = `${slug}-${String(copy)}`
    found.add(unique)
  }
  return found
}

export interface Link {
  readonly page: string
  readonly line: number
  readonly text: string
  readonly target: string
}

export function links(page: string): Link[] {
  return prose(page).flatMap(({ text, number }) =>
    [...text.matchAll(/\[((?:`[^`]*`|[^\]`])*)\]\(([^)\s]+)\)/g)].map(([, label, target]) => ({
      page,
      line: number,
      text: label ?? '',
      target: target ?? '',
    })),
  )
}

/** The rows of all tables of a page, each a list of trimmed cells, headings and rules left out. */
export function tableRows(page: string): string[][] {
  const rows: string[][] = []
  let inBody = false
  for (const { text } of prose(page)) {
    if (!text.startsWith('|')) inBody = false
    else if (/^\|[\s:|-]+\|$/.test(text)) inBody = true
    else if (inBody) rows.push(cells(text))
  }
  return rows
}

function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())
}

function lines(page: string): Line[] {
  return read(page)
    .split('\n')
    .map((text, index) => ({ text, number: index + 1 }))
}

/** The text outside of fences. */
function prose(page: string): Line[] {
  let inFence = false
  return lines(page).filter(({ text }) => {
    const isFence = text.startsWith('```')
    if (isFence) inFence = !inFence
    return !inFence && !isFence
  })
}
