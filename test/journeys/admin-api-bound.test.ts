import { expect } from 'chai'
import { adminScopes } from '../../src/accounts/role.ts'
import { dpop, type Pair as Key, pair } from '../conformance/proving.ts'
import {
  type Authority,
  authority,
  believe,
  type Pair as Certificate,
  pemFolder,
  showing,
} from '../support/certificates.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { freePorts } from '../support/ports.ts'

const path = '/admin/api/people'

describe('tokens of the admin API that are bound to a key or a certificate', () => {
  const files = pemFolder()
  let disbelieve: () => void
  let latchkey: Running
  let ours: Authority
  let bank: Certificate
  let other: Certificate
  let [key, thief] = [] as unknown as [Key, Key]
  let certified: string
  let resource: string
  before(async () => {
    ours = await authority()
    disbelieve = believe(ours)
    bank = await ours.issue('CN=bank', { use: 'client' })
    other = await ours.issue('CN=bank', { use: 'client' })
    ;[key, thief] = [await pair(), await pair()]
    const [port = 0] = await freePorts(1)
    resource = `https://localhost:${port}/admin/api`
    const app = (client_id: string, more: object) => ({
      ...{ client_id, client_name: client_id, grant_types: ['client_credentials'] },
      ...{ apis: { [resource]: adminScopes }, token_endpoint_auth_method: 'tls_client_auth' },
      ...{ tls_client_auth_subject_dn: 'CN=bank', ...more },
    })
    const clients = [
      app('proving', { dpop_bound_access_tokens: true }),
      app('showing', { tls_client_certificate_bound_access_tokens: true }),
    ]
    const { cert, key: its } = await ours.issue('CN=localhost', { use: 'server' })
    latchkey = await startLatchkey({
      port,
      tls: { cert: files.write('cert.pem', cert), key: files.write('key.pem', its) },
      authorities: files.write('ca.pem', ours.cert),
      clients: files.write('clients.json', JSON.stringify({ apis: [], clients })),
    })
    const discovery = await fetch(`${latchkey.issuer}/.well-known/openid-configuration`)
    const { mtls_endpoint_aliases: aliases } = (await discovery.json()) as {
      mtls_endpoint_aliases: Record<string, string>
    }
    certified = new URL(aliases.token_endpoint ?? '').origin
  })
  after(async () => {
    await latchkey?.stop()
    disbelieve?.()
    files.remove()
  })

  const token = async (client_id: string): Promise<string> => {
    const url = `${certified}/token`
    const form = { client_id, grant_type: 'client_credentials', resource, scope: 'admin:people.read' }
    const headers: Record<string, string> = client_id === 'showing' ? {} : { DPoP: await dpop(key, { htu: url }) }
    const { body } = await showing(bank, url, { form, headers })
    return String((body as Record<string, unknown>).access_token ?? expect.fail(JSON.stringify(body)))
  }
  /** Lists people by a token, at one of the two hosts. */
  const ask = async (
    shown: string,
    {
      scheme = 'Bearer',
      proof,
      certificate,
      at = certified,
    }: Partial<Record<'scheme' | 'proof' | 'at', string>> & {
      certificate?: Certificate
    } = {},
  ) => {
    const headers = { authorization: `${scheme} ${shown}`, ...(proof !== undefined && { DPoP: proof }) }
    const { status, body } = await showing(certificate, `${at}${path}`, { method: 'GET', headers })
    return [status, (body as { code?: string }).code]
  }
  const proofFor = (shown: string, by = key, at = certified, more: { htm?: string } = {}) =>
    dpop(by, { htm: 'GET', htu: `${at}${path}`, token: shown, ...more })

  it('are accepted with the proof of the key (RFC 9449, 7), at either host', async () => {
    const bound = await token('proving')
    for (const at of [certified, latchkey.issuer]) {
      const proof = await proofFor(bound, key, at)
      expect(await ask(bound, { scheme: 'DPoP', proof, at })).to.deep.equal([200, undefined])
    }
  })

  it('are refused without the proof of that very key, for this very request, and once it was used', async () => {
    const bound = await token('proving')
    const proof = await proofFor(bound)
    expect(await ask(bound)).to.deep.equal([401, 'invalid_token'])
    expect(await ask(bound, { proof })).to.deep.equal([401, 'invalid_token'])
    expect(await ask(bound, { scheme: 'DPoP' })).to.deep.equal([401, 'invalid_token'])
    const wrong: Record<string, string> = {
      'another key': await proofFor(bound, thief),
      'another method': await proofFor(bound, key, certified, { htm: 'POST' }),
      'another host': await proofFor(bound, key, latchkey.issuer),
      'another token': await proofFor(await token('proving')),
    }
    for (const [what, each] of Object.entries(wrong)) {
      const [status, code] = await ask(bound, { scheme: 'DPoP', proof: each })
      expect(status, what).to.equal(401)
      expect(code, what).to.be.oneOf(['invalid_token', 'invalid_dpop_proof'])
    }
    expect(await ask(bound, { scheme: 'DPoP', proof })).to.deep.equal([200, undefined])
    expect(await ask(bound, { scheme: 'DPoP', proof })).to.deep.equal([401, 'invalid_dpop_proof'])
  })

  it('are accepted with the certificate (RFC 8705, 3) alone, and not with another one of the same name', async () => {
    const bound = await token('showing')
    expect(await ask(bound, { certificate: bank })).to.deep.equal([200, undefined])
    for (const certificate of [undefined, other])
      expect(await ask(bound, certificate && { certificate })).to.deep.equal([401, 'invalid_token'])
    expect(await ask(bound, { at: latchkey.issuer })).to.deep.equal([401, 'invalid_token'])
    expect(await ask(bound, { scheme: 'DPoP', proof: await proofFor(bound), certificate: bank })).to.deep.equal([
      401,
      'invalid_token',
    ])
  })
})
