/**
 * Whether a stream leads to journald: systemd names the device and inode of the one it opened in JOURNAL_STREAM.
 * Children inherit the variable, so a redirected stream has it too and is told by its inode.
 */
export const isJournalStream = (
  variable: string | undefined,
  stream: { readonly dev: bigint; readonly ino: bigint },
): boolean => variable === `${stream.dev}:${stream.ino}`
