import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../src/commands/arguments.ts'
import { COMMANDS } from '../../src/commands/commands.ts'
import { type Commands, dispatch, type Run } from '../../src/commands/dispatch.ts'
import { FakeIo } from '../support/fake-io.ts'

const echo: Run = (argv, io) => {
  const { values } = parseArguments({
    args: [...argv],
    options: { name: { type: 'string' }, loud: { type: 'boolean' } },
  })
  io.out(JSON.stringify(values))
  return Promise.resolve(7)
}

const commands: Commands = new Map([
  ['echo', { about: 'says it again', load: () => Promise.resolve(echo) }],
  ['bug', { about: 'fails', load: () => Promise.resolve(() => Promise.reject(new RangeError('bug'))) }],
  ['heavy', { about: 'must not be loaded', load: () => Promise.reject(new Error('loaded')) }],
])

async function run(...argv: string[]) {
  const io = new FakeIo()
  return { code: await dispatch(commands, argv, io), stdout: io.stdout, stderr: io.stderr }
}

describe('igd-pcp', () => {
  it('gives a command the words after its name, and its exit code', async () => {
    expect(await run('echo', '--name', 'a b', '--loud')).toEqual({
      code: 7,
      stdout: '{"name":"a b","loud":true}',
      stderr: '',
    })
  })

  it.each([
    [[], 'igd-pcp: no command given; see igd-pcp --help\n'],
    [['ecko'], 'igd-pcp: unknown command "ecko"; see igd-pcp --help\n'],
    [['constructor'], 'igd-pcp: unknown command "constructor"; see igd-pcp --help\n'],
    [['a\nb'], 'igd-pcp: unknown command "a\\nb"; see igd-pcp --help\n'],
    [['--loud'], 'igd-pcp: unknown flag "--loud"; see igd-pcp --help\n'],
    [['echo', '--quiet'], "igd-pcp echo: Unknown option '--quiet'; see igd-pcp echo --help\n"],
    [['echo', '--name'], "igd-pcp echo: Option '--name <value>' argument missing; see igd-pcp echo --help\n"],
    [
      ['echo', '--loud=1'],
      "igd-pcp echo: Option '--loud' does not take an argument; see igd-pcp echo --help\n",
    ],
    [['echo', 'word'], "igd-pcp echo: Unexpected argument 'word'; see igd-pcp echo --help\n"],
  ])('%j: one line, exit 2', async (argv, stderr) => {
    const result = await run(...argv)
    expect(result.code).toBe(2)
    expect(result.stdout).toBe('')
    expect(result.stderr).toBe(stderr)
  })

  it.each(['--help', '-h'])('%s lists the commands and loads none', async (flag) => {
    const { code, stdout } = await run(flag)
    expect(code).toBe(0)
    expect(stdout).toContain('\n  echo   says it again\n  bug    fails\n')
  })

  it('--version tells it', async () => {
    const { code, stdout } = await run('--version')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^igd-pcp \d+\.\d+\.\d+[\w.-]*\n$/)
  })

  it('does not take a bug for a wrong command line', async () => {
    await expect(run('bug')).rejects.toThrow(RangeError)
  })
})

describe.each([...COMMANDS])('igd-pcp %s', (name, { about }) => {
  it('is explained in one line', () => {
    expect(about).toMatch(/^[^\n]{1,100}$/)
  })

  it('--help explains it', async () => {
    const io = new FakeIo()
    expect(await dispatch(COMMANDS, [name, '--help'], io)).toBe(0)
    expect(io.stdout).toMatch(new RegExp(`^usage: igd-pcp ${name}`))
  })
})
