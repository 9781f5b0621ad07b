import type { Io } from '../../src/commands/io.ts'
import { descriptors } from './descriptors.ts'

/** A process that keeps what a command says. */
export class FakeIo implements Io {
  stdout = ''
  stderr = ''
  readonly descriptors = descriptors
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
