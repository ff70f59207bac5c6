// The targets of the pages' links exist: files, headings, and tests quoted by title.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { anchors, type Link, links, pages, root } from './pages.js'

const all = pages().flatMap((page) => links(page))
const local = all.filter(({ target }) => !/^[a-z]+:/.test(target))

function pathOf({ page, target }: Link): string {
  const path = target.replace(/#.*$/, '')
  return path === '' ? page : normalize(join(dirname(page), path))
}

function describeLink({ page, line, target }: Link): string {
  return `${page}:${String(line)} ${target}`
}

test('links within the repository lead to files that are there', () => {
  expect(local.length).toBeGreaterThan(10)
  const broken = local.filter((link) => !existsSync(join(root, pathOf(link))))
  expect(broken.map(describeLink)).toEqual([])
})

test('links to headings lead to headings that are there', () => {
  const toHeadings = local.filter(({ target }) => target.includes('#'))
  const broken = toHeadings.filter((link) => {
    const path = pathOf(link)
    const heading = link.target.replace(/^[^#]*#/, '')
    return !path.endsWith('.md') || !existsSync(join(root, path)) || !anchors(path).has(heading)
  })
  expect(broken.map(describeLink)).toEqual([])
})

test('a test that a page names by its title is in the file that the link leads to', () => {
  const named = local.filter(({ target }) => target.endsWith('.test.ts'))
  expect(named.length).toBeGreaterThan(10)
  const unknown = named.filter((link) => {
    const file = join(root, pathOf(link))
    const title = link.text.replaceAll('`', '')
    return !existsSync(file) || !unquoted(readFileSync(file, 'utf8')).includes(title)
  })
  expect(unknown.map((link) => `${describeLink(link)}: ${link.text}`)).toEqual([])
})

/** In the file, a quote in a title is escaped. */
function unquoted(source: string): string {
  return source.replaceAll("\\'", "'")
}
