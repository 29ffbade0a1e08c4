import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { start } from './child.ts'

interface Balancer {
  /** What it is. */
  name: string
  stop(): Promise<void>
}

/**
 * Starts what shares requests out between servers, in turn and without sticky sessions: nginx as packaging/nginx.conf has it, or where there is none
 * a small proxy that does the same. A server that says nothing for `patience` seconds is given up for the request. Ready once a server behind it is.
 */
export async function balancer(
  port: number,
  servers: readonly number[],
  folder: string,
  patience = 6,
): Promise<Balancer> {
  const told = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  if (told.status !== 0) return proxy(port, servers, patience)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/nginx.conf`, configuration(port, servers, folder, patience))
  const command = `exec nginx -e ${folder}/nginx.log -p ${folder} -c ${folder}/nginx.conf`
  const child = await start(command, { port, ready: '/health/ready', log: `${folder}/nginx.log` })
  return { name: told.stderr.trim().replace('nginx version: ', ''), stop: child.stop }
}

function configuration(port: number, servers: readonly number[], folder: string, patience: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  // Without a master there is no worker that would outlive it.
  return `daemon off;
master_process off;
${process.getuid?.() === 0 ? 'user root root;' : ''}
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map(each => `${each}_temp_path ${folder}/${each};`).join('\n  ')}
  upstream latchkey {
    ${servers.map(each => `server 127.0.0.1:${each} fail_timeout=1s;`).join('\n    ')}
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header Forwarded "";
    proxy_read_timeout ${patience}s;
    location / { proxy_pass http://latchkey; }
  }
}
`
}

/** What nginx does, as far as it matters here: a request that could not be sent goes to the next server, and one that is safe to repeat, too. */
async function proxy(port: number, servers: readonly number[], patience: number): Promise<Balancer> {
  let turn = 0
  const answer = async (
    req: { method: string; url: string; headers: IncomingHttpHeaders },
    body: Buffer,
    res: ServerResponse,
  ) => {
    let status = 502
    const first = turn++
    for (let tries = 0; tries < servers.length; tries++) {
      const { method, url: path, headers } = req
      const asked = request({
        host: '127.0.0.1',
        port: servers[(first + tries) % servers.length],
        method,
        path,
        headers,
        agent: false,
      })
      asked.setTimeout(patience * 1_000, () => asked.destroy(new Error('timeout')))
      asked.end(body)
      try {
        const [answered] = await once(asked, 'response')
        const content = await buffer(answered)
        const { connection: _, 'transfer-encoding': __, ...rest } = answered.headers
        return void res.writeHead(answered.statusCode, rest).end(content)
      } catch (fault) {
        const { code, message } = fault as NodeJS.ErrnoException
        status = message === 'timeout' ? 504 : 502
        if (code !== 'ECONNREFUSED' && method !== 'GET') break
      }
    }
    res.writeHead(status).end()
  }
  const server = createServer((req, res) => {
    const { method = 'GET', url = '/', headers } = req
    const { connection: _, 'transfer-encoding': __, ...rest } = headers
    const from = { ...rest, 'x-forwarded-for': req.socket.remoteAddress ?? '' }
    void buffer(req)
      .then(body => answer({ method, url, headers: from }, body, res))
      .catch(() => res.destroy())
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    name: 'a proxy of its own (there is no nginx)',
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
