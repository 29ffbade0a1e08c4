import { Pool } from 'undici'

/** Keeps `concurrency` of a step going until it was done `count` times; each worker waits for its own step to end. */
export async function drive(
  count: number,
  concurrency: number,
  step: (worker: number) => Promise<void>,
): Promise<void> {
  let left = count
  const work = async (_: unknown, worker: number) => {
    while (left > 0) {
      left -= 1
      await step(worker)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

export interface Caller {
  get(path: string, bearer?: string): Promise<string>
  /** Posts a form with HTTP Basic; resolves to the JSON that came back. Throws unless it is 200. */
  post(path: string, form: Record<string, string>): Promise<Record<string, unknown>>
  /** Posts JSON with HTTP Basic, likewise. */
  ask(path: string, question: object): Promise<Record<string, unknown>>
  close(): Promise<void>
}

/** As lean a client as there is, so that the load leaves the machine to the server. */
export function caller(url: string, client: { client_id: string; client_secret: string }, connections: number): Caller {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
  const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' }
  const request = async (options: {
    method: 'GET' | 'POST'
    path: string
    body?: string
    headers?: Record<string, string>
  }) => {
    const { statusCode, headers, body } = await pool.request(options)
    const text = await body.text()
    const later = headers['retry-after'] === undefined ? '' : `; Retry-After: ${headers['retry-after']}`
    if (statusCode !== 200) throw new Error(`${options.path} answered ${statusCode}: ${text.slice(0, 200)}${later}`)
    return text
  }
  return {
    get: (path, bearer) =>
      request({ method: 'GET', path, ...(bearer && { headers: { authorization: `Bearer ${bearer}` } }) }),
    post: async (path, form) =>
      JSON.parse(await request({ method: 'POST', path, headers, body: new URLSearchParams(form).toString() })),
    ask: async (path, question) => {
      const json = { ...headers, 'content-type': 'application/json' }
      return JSON.parse(await request({ method: 'POST', path, headers: json, body: JSON.stringify(question) }))
    },
    close: () => pool.close(),
  }
}
