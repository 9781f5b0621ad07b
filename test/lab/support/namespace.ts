import { type Finished, must, Program, run, type RunOptions } from './program.ts'

/** One host of the lab: a network namespace of its own. */
export class Namespace {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  /** What starts the command as the host itself would. `ip netns exec` becomes the program: ids and signals are its own. */
  command(command: readonly string[]): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name, ...command]
  }

  run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(this.command(command), options)
  }

  must(command: readonly string[], options: RunOptions = {}): Promise<string> {
    return must(this.command(command), options)
  }

  start(command: readonly string[], env?: NodeJS.ProcessEnv): Program {
    return new Program(this.command(command), env)
  }

  /** Lines of `ip`, in one batch. */
  async ip(...lines: readonly string[]): Promise<void> {
    await must(['ip', '-n', this.#name, '-batch', '-'], { input: lines.join('\n') })
  }

  async nft(script: string): Promise<void> {
    await this.must(['nft', '-f', '-'], { input: script })
  }

  async sysctl(...settings: readonly string[]): Promise<void> {
    await this.must(['sysctl', '-qw', ...settings])
  }

  /** A veth pair: `device` here, `peerDevice` on `peer`, both up. */
  async connect(device: string, peer: Namespace, peerDevice: string): Promise<void> {
    const ends = [
      device,
      'netns',
      this.#name,
      'type',
      'veth',
      'peer',
      'name',
      peerDevice,
      'netns',
      peer.#name,
    ]
    await must(['ip', 'link', 'add', ...ends])
    await this.ip(`link set ${device} up`)
    await peer.ip(`link set ${peerDevice} up`)
  }

  async create(): Promise<void> {
    await must(['ip', 'netns', 'add', this.#name])
    await this.ip('link set lo up')
  }

  /** Ends what still runs inside, then the namespace with its interfaces, rules and connections. */
  async remove(): Promise<void> {
    const pids = (await must(['ip', 'netns', 'pids', this.#name])).split('\n').filter(Boolean)
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
    await must(['ip', 'netns', 'del', this.#name])
  }
}
