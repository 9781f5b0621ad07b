import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

// What the documents point at is there: files, and headings in other documents.

const FOLDERS = ['bench', 'deploy', 'docker', 'docs', 'test']
const below = (folder: string) =>
  readdirSync(folder, { encoding: 'utf8', recursive: true }).map((file) => join(folder, file))
const documents = [...readdirSync('.'), ...FOLDERS.flatMap(below)].filter((file) => file.endsWith('.md'))

/** As forges make the anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) => anchor(heading))

const linksOf = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, to = '']) => to)
    .filter((to) => !/^[a-z]+:/.test(to))

function isThere(file: string, link: string): boolean {
  const [path = '', heading] = link.split('#')
  const target = path === '' ? file : join(dirname(file), path)
  return existsSync(target) && (heading === undefined || anchorsOf(target).includes(heading))
}

describe('links', () => {
  it.each(documents)('of %s', (file) => {
    expect(linksOf(file).filter((link) => !isThere(file, link))).toEqual([])
  })
})
