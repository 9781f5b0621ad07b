import { expect, it } from 'vitest'
import { RecentEvents } from '../../src/log/recent.ts'

const bench = (most: number) => {
  const lines: string[] = []
  const write = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level} ${message}`)
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const recent = new RecentEvents(log, () => new Date(0), most)
  return { lines, recent, texts: () => recent.events.map(({ level, text }) => `${level} ${text}`) }
}

it('every line goes on to the log; debug lines are no events', () => {
  const { lines, recent, texts } = bench(9)
  recent.debug({}, 'a')
  recent.info({}, 'b')
  recent.warn({}, 'c')
  recent.error({}, 'd')
  expect(lines).toEqual(['debug a', 'info b', 'warn c', 'error d'])
  expect(texts()).toEqual(['info b', 'warn c', 'error d'])
})

it('the oldest give way', () => {
  const { recent, texts } = bench(2)
  for (const text of ['a', 'b', 'c']) recent.info({}, text)
  expect(texts()).toEqual(['info b', 'info c'])
})

it('a listener hears what comes, until it is disposed', () => {
  const { recent } = bench(2)
  const heard: unknown[] = []
  recent.info({}, 'before')
  const listening = recent.listen((event) => heard.push(event))
  recent.info({ client: 'x' }, 'now')
  listening[Symbol.dispose]()
  recent.info({}, 'after')
  expect(heard).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'info', text: 'now', fields: { client: 'x' } },
  ])
})
