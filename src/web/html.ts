import { escapeMarkup } from '../lib/html.ts'

/** Text that is markup already. Only `html` makes it, so nothing reaches a page without being escaped. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

/** What a template takes: text and numbers are escaped, markup and lists of it are not; undefined leaves nothing. */
type Content = string | number | Html | readonly Html[] | undefined

/** A template that escapes what is put into it, in elements and in quoted attributes. */
export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Html =>
  new Html(parts.reduce((before, part, i) => before + markupOf(contents[i - 1]) + part))

function markupOf(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Html) return content.markup
  if (typeof content === 'object') return content.map(({ markup }) => markup).join('')
  return escapeMarkup(String(content))
}
