const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an XML or HTML element or attribute. */
export const escapeMarkup = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITY[char] ?? char)
