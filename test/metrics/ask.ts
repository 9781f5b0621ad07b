import { request } from 'node:http'

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly host?: string
}

/** Asks the server at a Unix socket. */
export const ask = (
  socketPath: string,
  { host = '127.0.0.1:9188', method = 'GET', path = '/metrics' }: Asked = {},
) =>
  new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const asking = request({ socketPath, path, method, headers: { host } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      )
    })
    asking.on('error', reject)
    asking.end()
  })
