import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { declared, type Ground, ground, secretOf } from './ground.ts'

const run = promisify(execFile)
const source = new URL('../support/Caller.java', import.meta.url).pathname
/** Java 11 and later runs a source file if the compiler is installed. */
const version = /version "(\d+)/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1]
const here = Number(version ?? 0) >= 17 && spawnSync('javac', ['-version']).status === 0

if (!here) console.log('  skipped: the HTTP clients of Java, because there is no JDK 17 or newer')
else describe('programs in Java, whose HTTP clients accept HTML first', answersJava)

function answersJava(): void {
  let latchkey: Ground
  before(async () => {
    latchkey = await ground({
      clients: [
        declared('desk'),
        declared('screen', { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [] }),
      ],
    })
  })
  after(() => latchkey?.stop())

  it('reads JSON and the right status from every endpoint with HttpURLConnection and HttpClient', async () => {
    const own = (id: string) => `client_id=${id}&client_secret=${secretOf(id)}`
    const pending = await latchkey.post('device_authorization', {
      ...(await latchkey.proof('screen')),
      scope: 'openid',
    })
    const grant = 'grant_type=urn:ietf:params:oauth:grant-type:device_code'
    latchkey.latchkey.keepOut(String(pending.body.device_code))
    const table: [method: string, path: string, body: string, status: number, says: RegExp][] = [
      [
        'POST',
        '/token',
        `${own('screen')}&${grant}&device_code=${pending.body.device_code}`,
        400,
        /"(authorization_pending|slow_down)"/,
      ],
      ['POST', '/token', `${own('desk')}&grant_type=refresh_token&refresh_token=x`, 400, /"invalid_grant"/],
      ['POST', '/token', 'grant_type=refresh_token', 401, /"invalid_client"/],
      ['POST', '/token', 'client_id=desk&client_secret=wrong', 401, /"invalid_client"/],
      ['POST', '/introspect', `${own('desk')}&token=x`, 200, /^\{"active":false\}$/],
      ['POST', '/revoke', `${own('desk')}&token=x`, 200, /^\{\}$/],
      ['POST', '/par', own('desk'), 400, /"invalid_request"/],
      ['POST', '/device-authorization', 'client_id=screen', 401, /"invalid_client"/],
      ['GET', '/userinfo', '', 401, /"invalid_token"/],
      ['GET', '/token', '', 405, /"method_not_allowed"/],
      ['GET', '/jwks.json', '', 200, /"keys"/],
      ['GET', '/health/ready', '', 200, /"ok"/],
    ]
    const requests = ['url', 'http'].flatMap(client => table.map(row => [client, ...row] as const))
    const asked = requests.flatMap(([client, method, path, body]) => [client, method, latchkey.issuer + path, body])
    const { stdout } = await run('java', [source, ...asked], { timeout: 60_000 })
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map(line => line.split('\t'))
    expect(answers).to.have.length(requests.length)
    for (const [at, [client, method, path, , status, says]] of requests.entries()) {
      const [code, type, text] = answers[at] ?? []
      expect([code, type?.split(';')[0]], `${client} ${method} ${path} ${text}`).to.deep.equal([
        String(status),
        type?.startsWith('application/jwk') ? type.split(';')[0] : 'application/json',
      ])
      expect(text, `${client} ${method} ${path}`).to.match(says)
    }
  }).timeout(90_000)
}
