import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy that loses answers: the server has answered, and the client sees only that its connection ended. */
export interface Losing {
  url: string
  /** How many answers were lost so far. */
  lost(): number
  /** Loses the next answers, so many of them. */
  lose(answers: number): void
  close(): Promise<void>
}

interface Where {
  /** The server behind it. */
  to: string
  /** The port that it listens at; a free one unless told. */
  port?: number
  /** Tells of each answer whether it is lost; none unless told. */
  loses?: () => boolean
}

/** Starts a proxy on loopback that passes everything on as it is, and loses answers as it is told to. */
export async function losing({ to, port = 0, loses = () => false }: Where): Promise<Losing> {
  const { hostname, port: behind } = new URL(to)
  const agent = new Agent({ keepAlive: true })
  let [count, due] = [0, 0]

  const lostNow = (): boolean => {
    if (due === 0 && !loses()) return false
    if (due > 0) due -= 1
    count += 1
    return true
  }
  const back = async (answer: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await answer.toArray()
    if (lostNow()) return void res.destroy()
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(Buffer.concat(body))
  }
  const server = createServer((req, res) => {
    const { method, url, rawHeaders } = req
    const asked = request({ agent, host: hostname, port: behind, method, path: url, headers: rawHeaders })
    asked.on('response', answer => void back(answer, res).catch(() => res.destroy()))
    asked.on('error', () => res.destroy())
    // Somebody who hangs up here hangs up there, as with nginx.
    res.on('close', () => res.writableFinished || asked.destroy())
    req.pipe(asked)
  })
  server.listen(port, 'localhost')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    lost: () => count,
    lose: answers => {
      due = answers
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}
