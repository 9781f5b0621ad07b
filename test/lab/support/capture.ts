import type { Namespace } from './namespace.ts'
import type { Program } from './program.ts'

/** tcpdump on one interface. */
export class Capture {
  readonly #host: Namespace
  readonly #file: string
  readonly #program: Program

  private constructor(host: Namespace, file: string, program: Program) {
    this.#host = host
    this.#file = file
    this.#program = program
  }

  /** Captures what leaves by `device` into `file`, each packet at once: none is lost when the capture ends. */
  static async ofLeaving(host: Namespace, device: string, file: string): Promise<Capture> {
    const which = ['-i', device, '-Q', 'out', '-n', '--immediate-mode', '-U', '-w', file]
    const program = host.start(['tcpdump', ...which])
    await program.line(/listening on/)
    return new Capture(host, file, program)
  }

  /** Ends the capture. */
  async stop(): Promise<void> {
    await this.#program.stop('SIGINT')
  }

  /** The captured packets that match a tcpdump filter, a line each. */
  async packets(filter: string): Promise<readonly string[]> {
    const text = await this.#host.must(['tcpdump', '-n', '-r', this.#file, filter])
    return text.split('\n').filter(Boolean)
  }
}
