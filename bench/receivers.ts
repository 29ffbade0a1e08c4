import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

/** What arrived: by mail, or at a path of the server of HTTP (`sms`, `webhook`, `app`). */
export interface Arrived {
  at: number
  channel: string
  /** The address, where it is a mail. */
  to: string
  text: string
  headers: IncomingHttpHeaders
}

/** What receivers do: take what comes, keep every sender waiting, or refuse. */
type Mood = 'up' | 'hang' | 'refuse'

/**
 * Starts a mail server, and a server of HTTP that stands for a gateway of texts, a webhook and an app, all on loopback. What arrives is handed to
 * `onArrival`, and acknowledged after that.
 */
export async function receivers(onArrival: (message: Arrived) => void = () => {}) {
  let mood: Mood = 'up'
  const met = { hung: 0, refused: 0 }
  const held: (() => void)[] = []
  /** Resolves to whether a sender is answered well; senders that are kept waiting are refused in the end. */
  const willing = async (): Promise<boolean> => {
    if (mood === 'hang') {
      met.hung++
      await new Promise<void>(resolve => held.push(resolve))
      return false
    }
    if (mood === 'refuse') met.refused++
    return mood === 'up'
  }

  const mail = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'], logger: false, closeTimeout: 100 },
    // Connections are kept: what a mood changes is said at the next mail.
    onMailFrom: async (_address, _session, callback) => {
      if (await willing()) callback()
      else callback(Object.assign(new Error('not now'), { responseCode: 451 }))
    },
    onData: async (stream, { envelope }, callback) => {
      const whole = await text(stream)
      onArrival({
        ...{ at: Date.now(), channel: 'email', to: envelope.rcptTo[0]?.address ?? '', text: whole, headers: {} },
      })
      callback()
    },
  })
  mail.on('error', () => undefined)
  mail.listen(0, '127.0.0.1')
  await once(mail.server, 'listening')

  const web = createServer(async (request, response) => {
    const body = await text(request).catch(() => '')
    if (await willing()) {
      const channel = request.url?.slice(1) ?? ''
      onArrival({ at: Date.now(), channel, to: '', text: body, headers: request.headers })
    } else response.statusCode = 503
    response.end()
  }).listen(0, '127.0.0.1')
  await once(web, 'listening')
  const port = (server: Server) => (server.address() as AddressInfo).port

  const become = (wanted: Mood): void => {
    mood = wanted
    for (const release of held.splice(0)) release()
  }
  return {
    mail: `smtp://127.0.0.1:${port(mail.server)}`,
    web: `http://127.0.0.1:${port(web)}`,
    /** How many senders were kept waiting, and how many were refused. */
    met,
    become,
    stop: async () => {
      become('refuse')
      mail.close(() => undefined)
      web.close()
      web.closeAllConnections()
    },
  }
}
