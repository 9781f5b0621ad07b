import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import type { Clock } from '../../src/lib/clock.ts'
import type { Child, Spawn } from '../../src/nat/process.ts'

interface Stored {
  readonly data: string | undefined
  readonly until: number
}

type Maps = Map<string, Map<string, Stored>>

/**
 * nft and conntrack with a kernel behind them, as far as our transactions go: all of a script or nothing of it, no
 * other data for a key that is there, no delete of one that is not, timeouts.
 */
export class FakeKernel {
  readonly #clock: Clock
  #maps: Maps | undefined
  /** Every script nft was given, by the way it came. */
  readonly scripts: { readonly by: '-i' | '-f'; readonly text: string }[] = []
  /** Arguments of each conntrack that was started. */
  readonly conntracks: string[] = []
  /** What `conntrack -L` lists. */
  flows: string[] = []
  /** Programs that are not there; 'nft -i' is one of its own. */
  readonly missing = new Set<string>()
  /** Called with each script, before it is done; what it returns is nft's complaint. */
  objection: (script: string) => string | undefined = () => undefined
  /** nft -i reads and says nothing. */
  silent = false
  interactiveStarts = 0
  /** Processes that run. */
  readonly running = new Set<FakeChild>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly spawn: Spawn = (program, args) => {
    const child = new FakeChild(this.running)
    if (this.missing.has(program)) child.fail()
    else if (program === 'conntrack') this.#conntrack(child, args)
    else if (args[0] === '-i') this.#interactive(child)
    else if (args[0] === 'list') this.#list(child, args.at(-1) ?? '')
    else void this.#file(child, args)
    return child
  }

  /** Elements that have not expired, by map, as `key: data`; undefined when there is no table. */
  get elements(): Record<string, string[]> | undefined {
    if (!this.#maps) return undefined
    const live = [...this.#maps].map(([map, elements]): [string, string[]] => [
      map,
      [...elements].flatMap(([key, { data, until }]) =>
        until <= this.#clock.now() ? [] : [data === undefined ? key : `${key}: ${data}`],
      ),
    ])
    return Object.fromEntries(live.filter(([, elements]) => elements.length > 0))
  }

  /** The elements of one map that have not expired: key, data, and when they end by the clock. */
  *live(map: string): Iterable<readonly [key: string, data: string, until: number]> {
    for (const [key, { data = '', until }] of this.#maps?.get(map) ?? [])
      if (until > this.#clock.now()) yield [key, data, until]
  }

  /** `nft flush ruleset` by somebody else. */
  flush(): void {
    this.#maps = undefined
  }

  #interactive(child: FakeChild): void {
    if (this.missing.has('nft -i')) {
      child.exit(1)
      return
    }
    this.interactiveStarts++
    const lines = createInterface({ input: child.stdin })
    lines.on('line', (line) => {
      const ack = /^list table ip (__ack_\d+)$/.test(line)
      if (line === '' || this.silent) return
      if (!ack) this.scripts.push({ by: '-i', text: line })
      const complaint = ack ? 'No such file or directory' : this.#transact(line)
      if (complaint !== undefined) child.stderr.write(`Error: ${complaint}\n${line}\n          ^^^^^\n`)
    })
    lines.on('close', () => child.exit(0))
  }

  async #file(child: FakeChild, args: readonly string[]): Promise<void> {
    let script = ''
    for await (const chunk of child.stdin) script += String(chunk)
    const before = this.#maps
    if (args[0] !== '-c') this.scripts.push({ by: '-f', text: script })
    const complaint = this.#transact(script)
    if (args[0] === '-c') this.#maps = before
    if (complaint !== undefined) child.stderr.write(`/dev/stdin:1:1-5: Error: ${complaint}\n`)
    child.exit(complaint === undefined ? 0 : 1)
  }

  /** As nft 1.0.6 prints a map. */
  #list(child: FakeChild, of: string): void {
    const elements = [...(this.#maps?.get(of) ?? [])].flatMap(([key, { data, until }]) => {
      const left = until - this.#clock.now()
      const expires = `${Math.floor(left / 60_000)}m${Math.floor((left % 60_000) / 1000)}s${left % 1000}ms`
      return left > 0 ? [`${key} timeout 1h expires ${expires} : ${data ?? ''}`] : []
    })
    child.stdout.write(`table ip igd_pcp {\n\tmap ${of} {\n`)
    if (elements.length > 0) child.stdout.write(`\t\telements = { ${elements.join(',\n\t\t\t     ')} }\n`)
    child.stdout.write('\t}\n}\n')
    child.exit(this.#maps ? 0 : 1)
  }

  #conntrack(child: FakeChild, args: readonly string[]): void {
    this.conntracks.push(args.join(' '))
    if (args[0] === '-L') for (const flow of this.flows) child.stdout.write(`${flow}\n`)
    child.exit(0)
  }

  #transact(script: string): string | undefined {
    const objection = this.objection(script)
    if (objection !== undefined) return objection
    const before = this.#maps && new Map([...this.#maps].map(([map, elements]) => [map, new Map(elements)]))
    for (const command of script.split(/\n|; (?=add|delete)/)) {
      const complaint = this.#command(command)
      if (complaint === undefined) continue
      this.#maps = before
      return complaint
    }
    return undefined
  }

  #command(command: string): string | undefined {
    this.#declare(command)
    const [, verb, of = '', list] =
      /^(add|delete|list) \w+ ip igd_pcp (\w+)(?: \{ (.*) \})?$/.exec(command) ?? []
    if (verb === undefined) return undefined
    const elements = this.#maps?.get(of)
    if (!elements) return 'No such file or directory'
    const change = (text: string) =>
      verb === 'add' ? this.#add(elements, text) : this.#delete(elements, text)
    return list
      ?.split(', ')
      .map(change)
      .find((complaint) => complaint !== undefined)
  }

  #declare(line: string): void {
    if (line === 'delete table ip igd_pcp') this.#maps = undefined
    else if (line.startsWith('table ip igd_pcp')) this.#maps ??= new Map()
    const [, map] = /^\t(?:map|set) (\w+) \{$/.exec(line) ?? []
    if (map !== undefined) this.#maps?.set(map, new Map())
  }

  #add(elements: Map<string, Stored>, text: string): string | undefined {
    const [, key = '', timeout, data] = /^(.*?)(?: timeout (\d+)s)?(?: : (.*))?$/.exec(text) ?? []
    const there = elements.get(key)
    if (there && there.until > this.#clock.now()) {
      // A kernel that keeps the timeout of what is there.
      return there.data === data ? undefined : 'Could not process rule: File exists'
    }
    const until = timeout === undefined ? Infinity : this.#clock.now() + Number(timeout) * 1000
    elements.set(key, { data, until })
    return undefined
  }

  #delete(elements: Map<string, Stored>, key: string): string | undefined {
    const there = elements.get(key)
    elements.delete(key)
    return there && there.until > this.#clock.now()
      ? undefined
      : 'Could not process rule: No such file or directory'
  }
}

/** A process that says and does what a test wants. */
export class FakeChild extends EventEmitter implements Child {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly #running: Set<FakeChild>

  constructor(running = new Set<FakeChild>()) {
    super()
    this.#running = running
    running.add(this)
  }

  /** Ends, once what it has said is read. */
  exit(code: number | null): void {
    if (!this.#running.delete(this)) return
    this.stdout.end()
    this.stderr.end()
    void Promise.all([finished(this.stdout), finished(this.stderr)]).then(() => this.emit('close', code))
  }

  /** Was not there to start. */
  fail(code = 'ENOENT'): void {
    this.#running.delete(this)
    setImmediate(() => this.emit('error', Object.assign(new Error(`spawn ${code}`), { code })))
  }

  kill(): void {
    this.exit(null)
  }
}
