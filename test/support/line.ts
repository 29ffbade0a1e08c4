import { createServer, type Server, Socket } from 'node:net'

/** A connection to a server that a test can listen to, stall, cut and mend. */
export interface Line {
  /** The server's URL, by way of this line. */
  url: string
  /** All that was said to the server, byte for byte. */
  said(): string
  /** Holds back what is said from now on, as at a server that hangs; or lets it through again. */
  stall(on: boolean): void
  /** Holds back what is said in either direction from now on, as a network that is cut; or delivers it, as one that is back. */
  hold(on: boolean): void
  /** Loses all that is said over the connections that are there, for good and without closing them, as a firewall that forgot them does; new ones work. */
  lose(): void
  /** Leads new connections to another server from now on. */
  lead(to: URL): void
  cut(): Promise<void>
  mend(): Promise<void>
}

/** Opens a line to the server of a URL. While it stalls, only what looks like a heartbeat gets through. */
export async function lineTo(to: URL, heartbeat?: RegExp): Promise<Line> {
  const sockets = new Set<Socket>()
  let said = ''
  let stalled = false
  let held: (() => void)[] | undefined
  /** How often connections were lost. */
  let losses = 0
  let target = to
  let server: Server
  let port = 0
  const mend = async (): Promise<void> => {
    server = createServer(near => {
      const far = new Socket()
      const born = losses
      const through = (deliver: () => void): void => {
        if (born < losses) return
        if (held) held.push(deliver)
        else deliver()
      }
      // Whoever gave up meanwhile never reaches the server.
      through(() => near.destroyed || far.connect(Number(target.port), target.hostname))
      for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined))
      near.on('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1')
        said += text
        // What is held back while it stalls never arrives, as at a server that hangs.
        if (!stalled || heartbeat?.test(text)) through(() => far.write(chunk))
      })
      far.on('data', (chunk: Buffer) => through(() => near.write(chunk)))
      near.on('close', () => through(() => far.end()))
      far.on('close', () => through(() => near.end()))
    })
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as { port: number }).port
  }
  await mend()
  const url = new URL(to)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    said: () => said,
    stall: on => {
      stalled = on
    },
    hold: on => {
      const late = held ?? []
      held = on ? late : undefined
      if (!on) for (const deliver of late) deliver()
    },
    lose: () => {
      losses++
    },
    lead: next => {
      target = next
    },
    mend,
    async cut() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      await closed
    },
  }
}
