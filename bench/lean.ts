import { connect } from 'node:net'

/**
 * Posts one form again and again over connections that stay open, and resolves to how many answers came in a second. It writes the same
 * bytes each time and reads no more than how long an answer is: it is to leave the cores to the server.
 */
export async function lean(
  url: string,
  client: { client_id: string; client_secret: string },
  form: Record<string, string>,
  { count, connections }: { count: number; connections: number },
): Promise<number> {
  const { host, hostname, port } = new URL(url)
  const body = new URLSearchParams(form).toString()
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
  const request = Buffer.from(
    [
      'POST /token HTTP/1.1',
      `Host: ${host}`,
      `Authorization: Basic ${basic}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  )
  let left = count
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname).setNoDelay(true).on('error', reject)
      let held = ''
      const next = (): void => {
        if (left-- > 0) socket.write(request)
        else socket.end(resolve)
      }
      socket.on('connect', next).on('data', chunk => {
        held += chunk.toString('latin1')
        const end = held.indexOf('\r\n\r\n')
        if (end < 0) return
        const [, length = ''] = /\r\ncontent-length: (\d+)/i.exec(held.slice(0, end)) ?? []
        if (!held.startsWith('HTTP/1.1 200') || length === '') return reject(new Error(held.slice(0, 400)))
        if (held.length < end + 4 + Number(length)) return
        held = ''
        next()
      })
    })
  const begun = performance.now()
  await Promise.all(Array.from({ length: connections }, one))
  return count / ((performance.now() - begun) / 1_000)
}
