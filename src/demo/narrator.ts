// Two columns of text: what the LAN says on the left, what the carrier hears on the right.

const WIDTH = 54

/** The lines of both columns side by side, each cut where the other begins. */
export function sideBySide(left: readonly string[], right: readonly string[]): string {
  const rows = Math.max(left.length, right.length)
  const line = (i: number) =>
    `  ${(left[i] ?? '').slice(0, WIDTH - 1).padEnd(WIDTH)}${right[i] ?? ''}`.trimEnd()
  return `${Array.from({ length: rows }, (_, i) => line(i)).join('\n')}\n`
}

export const heading = (text: string): string => `\n${text}\n${'─'.repeat(text.length)}\n`
