import { expect } from 'chai'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'
import { declared, type Ground, ground } from '../conformance/ground.ts'

const local = { local: true, production: false }
const app = {
  client_id: 'app',
  client_name: 'App',
  client_secret: 'a-secret-that-is-long-enough-to-pass',
  redirect_uris: ['https://app.example/callback'],
}
/** The faults of an entry with these members. */
const faults = (more: object): readonly string[] => {
  try {
    parseClients({ apis: [], clients: [{ ...app, ...more }] }, local)
  } catch (fault) {
    expect(fault).to.be.instanceOf(ClientsError)
    return (fault as ClientsError).faults.map(each => each.replace('clients[0] (app) ', ''))
  }
  return []
}

/** An entry as the documentation of an app, or the answer of another server's registration, has it. */
const pasted = {
  response_types: ['code'],
  backchannel_logout_session_required: true,
  frontchannel_logout_session_required: false,
  contacts: ['admin@app.example'],
  client_uri: 'https://app.example/',
  logo_uri: 'https://app.example/logo.png',
  tos_uri: 'https://app.example/terms',
  policy_uri: 'https://app.example/privacy',
  'client_name#de': 'Anwendung',
  'tos_uri#fr-CA': 'https://app.example/conditions',
  initiate_login_uri: 'https://app.example/login',
  require_auth_time: true,
  software_id: '4NRB1-0XZABZI9E6-5SM3R',
  software_version: '2.0',
  request_uris: [],
  client_id_issued_at: 1_700_000_000,
  client_secret_expires_at: 0,
  registration_client_uri: 'https://other.example/register/app',
  backchannel_user_code_parameter: false,
  use_mtls_endpoint_aliases: false,
  scope: 'openid  profile ',
}

describe('clients.json with names of standards', () => {
  it('takes an entry that somebody pasted', () => {
    expect(faults(pasted)).to.deep.equal([])
  })

  const refused: readonly [string, object, string][] = [
    ['another answer', { response_types: ['code id_token'] }, 'response_types[0] can be code only'],
    ['no answer', { response_types: [] }, 'response_types: code goes with the grant authorization_code'],
    [
      'an answer of no use',
      { response_types: ['code'], grant_types: ['client_credentials'], redirect_uris: [] },
      'response_types: code goes with the grant authorization_code',
    ],
    ['a name for a person', { contacts: ['Bob'] }, 'contacts[0] must be an email address'],
    ['terms that are a script', { tos_uri: 'javascript:alert(1)' }, 'tos_uri must be an http or https URL'],
    [
      'front-channel logout',
      { frontchannel_logout_uri: 'https://app.example/out' },
      'frontchannel_logout_uri is not supported: use backchannel_logout_uri',
    ],
    [
      'encryption',
      { id_token_encrypted_response_alg: 'RSA-OAEP' },
      'id_token_encrypted_response_alg is not supported: nothing is encrypted',
    ],
    [
      'requests elsewhere',
      { request_uris: ['https://app.example/r'] },
      'request_uris is not supported: push the request (RFC 9126)',
    ],
    ['a secret that ends', { client_secret_expires_at: 1 }, 'client_secret_expires_at must be 0'],
    ['a software statement', { software_statement: 'x' }, 'software_statement is not supported'],
    ['a language of no text', { 'scope#de': 'openid' }, 'scope#de is not known'],
    ['a word that is no language', { 'client_name#': 'x' }, 'client_name# is not known'],
  ]
  for (const [what, more, fault] of refused) {
    it(`refuses ${what}, and says why`, () => {
      expect(
        faults(more).filter(each => each.startsWith(fault)),
        faults(more).join('\n'),
      ).to.have.lengthOf(1)
    })
  }

  describe('served', () => {
    let latchkey: Ground
    before(async () => {
      latchkey = await ground({ clients: [declared('app', pasted)] })
    })
    after(() => latchkey.stop())

    it('signs people in', async () => {
      const { browser } = await latchkey.person()
      const { status, body } = await latchkey.tokens('app', browser, { scope: 'openid profile' })
      expect(status).to.equal(200)
      expect(await latchkey.verified(body.id_token)).to.include({ aud: 'app' })
    })
  })
})

describe('URLs of apps in clients.json', () => {
  const uri = (text: string) => faults({ redirect_uris: [text] })
  const refused: readonly [string, string][] = [
    ['a directive in its host', 'https://a;sandbox.example/'],
    ['a pattern in its host', 'https://$&.example/'],
    ['an underscore in its host', 'https://a_b.example/'],
    ['letters beyond ASCII in its host', 'https://b\u00fccher.example/'],
    ['an address in disguise', 'https://0x7f.1/'],
    ['a backslash', 'https://a.example\\b.example/'],
    ['a blank', 'https://a.example/a b'],
    ['a blank at its end', 'https://a.example/ '],
    ['a tab', 'https://a.example/\ta'],
    ['a line break', 'https://a.exam\nple/'],
    ['a quote', 'https://a.example/"'],
    ['no slashes', 'https:a.example/'],
    ['one slash', 'https:/a.example/'],
  ]
  for (const [what, text] of refused)
    it(`must not have ${what}`, () => {
      for (const name of ['redirect_uris', 'post_logout_redirect_uris'])
        expect(faults({ [name]: [text] }).filter(each => each.startsWith(`${name}[0] must have `))).to.not.be.empty
    })

  for (const text of [
    'https://A.example/x',
    'https://a.example:8443/x?y=1&z=%20',
    'https://[2001:db8::1]/x',
    'https://192.0.2.1/x',
    'https://xn--bcher-kva.example/',
  ])
    it(`may be ${text}`, () => expect(uri(text)).to.deep.equal([]))
})
