import type { Io } from '../../src/commands/io.ts'

/** A process that keeps what a command says. */
export class FakeIo implements Io {
  stdout = ''
  stderr = ''
  readonly descriptors = new URL('../../descriptors/', import.meta.url)
  readonly environment: Io['environment']

  constructor(environment: Io['environment'] = {}) {
    this.environment = environment
  }

  readonly out = (text: string): void => {
    this.stdout += text
  }

  readonly err = (text: string): void => {
    this.stderr += text
  }
}
