import type { NatRule } from '../core/ports.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { Port } from '../lib/units.ts'
import { Batches } from './batches.ts'
import { FlowsOf } from './flows.ts'
import { isMissing, type Runner, run } from './process.ts'

/** Only what is translated, either way: on a busy router the rest is most of it, and reading it costs more than listing it. */
const LIST = ['-L', '-f', 'ipv4', '--any-nat']

/**
 * Cuts running flows: a flow that has been translated once goes on without asking our maps again. What goes wrong
 * here is logged and not thrown, for the mapping itself is gone by then.
 */
export class Conntrack {
  readonly #runner: Runner
  readonly #log: Log
  readonly #flushes: Batches<readonly NatRule[]>
  #installed = true

  constructor(runner: Runner, log: Log) {
    this.#runner = runner
    this.#log = log
    this.#flushes = new Batches((waiting) => this.#flush(waiting.flat()))
  }

  /** Says once if the program is not there; nothing is cut then. */
  async start(): Promise<void> {
    try {
      await run(this.#runner, { program: 'conntrack', args: ['--version'] })
    } catch (error) {
      this.#installed = false
      const why = isMissing(error) ? 'is not installed' : `does not run (${String(error)})`
      this.#log.warn(
        {},
        `conntrack ${why}: connections that run when a mapping is deleted go on until they end`,
      )
    }
  }

  /** Cuts what runs through these rules, whoever began it. */
  async flush(rules: readonly NatRule[]): Promise<void> {
    if (this.#installed && rules.length > 0) await this.#flushes.submit(rules)
  }

  /** WAN ports of these rules by which anything flows. */
  async busy(rules: readonly NatRule[]): Promise<ReadonlySet<Port>> {
    const flows = new FlowsOf(rules)
    if (!this.#installed || rules.length === 0) return flows.wanPorts
    try {
      await this.#conntrack(LIST, (line) => flows.read(line))
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'which mappings are in use cannot be told')
    }
    return flows.wanPorts
  }

  /**
   * Cuts what was translated from or to an address that the router has no more. Left alone, what a LAN host goes on to
   * send would leave with that address.
   */
  async endFlowsOf(address: Ipv4Address): Promise<void> {
    if (!this.#installed) return
    try {
      await this.#conntrack(['-D', '-f', 'ipv4', '--orig-dst', address, '--dst-nat'])
      await this.#conntrack(['-D', '-f', 'ipv4', '--reply-dst', address, '--src-nat'])
    } catch (error) {
      this.#log.warn({ error: String(error), address }, 'connections of a former address could not be cut')
    }
  }

  /**
   * One listing for all rules, as deleting walks the whole table each time it is asked: mostly nothing runs, and
   * nothing is left to do.
   */
  async #flush(rules: readonly NatRule[]): Promise<void> {
    const flows = new FlowsOf(rules)
    try {
      await this.#conntrack(LIST, (line) => flows.read(line))
      for (const selection of flows.found) await this.#conntrack(['-D', '-f', 'ipv4', ...selection])
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'connections of a deleted mapping could not be cut')
    }
  }

  async #conntrack(args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<void> {
    const { code, stderr } = await run(this.#runner, { program: 'conntrack', args, onLine })
    // Ends with 1 when the last flow has ended by itself meanwhile.
    if (code !== 0 && !stderr.includes('flow entries have been')) throw new Error(stderr.trim())
  }
}
