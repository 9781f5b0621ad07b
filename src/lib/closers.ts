type Close = () => void | Promise<void>

/**
 * Closes what was opened, in reverse order. Whoever opens something registers its close in the next line;
 * a close that fails is reported and never keeps the others from running.
 */
export class Closers implements AsyncDisposable {
  readonly #stack: Close[] = []
  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  defer(close: Close): void {
    this.#stack.push(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let close = this.#stack.pop(); close; close = this.#stack.pop()) {
      try {
        await close()
      } catch (error) {
        this.#report(error)
      }
    }
  }
}
