import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { exportJWK, generateKeyPair } from 'jose'
import { type Adapter, ExternalSigningKey, interactionPolicy, Provider } from 'oidc-provider'
// @ts-expect-error: the library types only what it exports
import * as grants from 'oidc-provider/lib/actions/grants/index.js'
// @ts-expect-error: the library types only what it exports
import * as actions from 'oidc-provider/lib/actions/index.js'
import * as proofs from 'oidc-provider/lib/helpers/grants.js'
// @ts-expect-error: the library types only what it exports
import state from 'oidc-provider/lib/helpers/weak_cache.js'
// @ts-expect-error: the library types only what it exports
import clientAuth, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js'
// @ts-expect-error: the library types only what it exports
import rejectStructuredTokens from 'oidc-provider/lib/shared/reject_structured_tokens.js'
import { sha256 } from '../../src/crypto/digest.ts'
import { insertStep, wrapStep } from '../../src/oidc/internals.ts'

const version = '9.13.3'

/**
 * What src/oidc/internals.ts uses of oidc-provider, what for, and the digest of its source in that version. Where a new version changes
 * one, read what changed, adapt the use, and write down the new digest.
 */
const uses: readonly (readonly [name: string, use: string, digest: string])[] = [
  ['step authorization checkPrompt', 'completing authorization requests', 'tjdQ4G-9mT'],
  ['step authorization checkPKCE', 'refusing plain PKCE challenges', 'JrONeMtrJT'],
  ['step authorization checkIdTokenHint', 'ignoring ID token hints that do not verify', '6Gyg7qzYOo'],
  ['step pushed_authorization_request checkPrompt', 'completing pushed requests', 'tjdQ4G-9mT'],
  ['step pushed_authorization_request checkPKCE', 'refusing plain PKCE challenges', 'JrONeMtrJT'],
  ['step pushed_authorization_request checkIdTokenHint', 'ignoring ID token hints that do not verify', '6Gyg7qzYOo'],
  ['step device_authorization checkScope', 'completing device requests', 'FwIA2Hg-Ua'],
  ['step device_authorization checkIdTokenHint', 'ignoring ID token hints that do not verify', '6Gyg7qzYOo'],
  ['step backchannel_authentication checkScope', 'completing backchannel requests', 'FwIA2Hg-Ua'],
  ['step token validateScope', 'tidying the scope of token requests', 'TpnAsQoKtq'],
  ['step token callTokenHandler', 'noting that a client has authenticated', 'j0rTpsTivf'],
  [
    'step introspection validateTokenPresence',
    'refusing introspection by clients that cannot authenticate',
    'pTOu017SDd',
  ],
  ['step token assembleTokenParams', 'reading the parameters of a grant alone', 't2kTYEpwmC'],
  ['step token stripGrantIrrelevantParams', 'reading the parameters of a grant alone', 'My1KnzO7c5'],
  ['step token rejectClientAuthDupes', 'passing on what repeats no parameter', '1UOfu5R0uJ'],
  ['step token rejectDupesOptionalExcept', 'passing on what repeats no parameter', '-XTutckdG8'],
  ['step introspection jwtIntrospectionResponse', 'passing on what is answered by plain JSON', 'bSShNNKfAh'],
  ['step userinfo validateAccessToken', 'finding the token without making an error', 'uaeyl1SB2Y'],
  ['step userinfo loadAccessTokenClient', 'finding the client without making an error', 'KRq-tIgsQV'],
  ['step userinfo loadAccessTokenAccount', 'finding the account without making an error', 'vvnU5QcIoa'],
  ['file actions/userinfo.js', 'finding the token without making an error', 'maorNNiRyV'],
  ['file shared/reject_dupes.js', 'passing on what repeats no parameter', 'aZNPpGubMo'],
  ['file helpers/params.js', 'reading the parameters of a grant alone', '-9SeXL5iFf'],
  ['file helpers/initialize_app.js', 'giving requests their context as a property', 'gsx6aJocWQ'],
  ['file helpers/router.js', 'giving requests their context as a property', 'xpqR1Yq3xa'],
  ['AccessToken.prototype.isSenderConstrained', 'finding the token without making an error', 'GmuJak7o5v'],
  ['step end_session endSessionChecks', 'ignoring hints at sign-out that do not verify', 'E0LHaUL1DS'],
  ['step end_session renderLogout', 'signing out within the request that asks for it', 'vuOb5bVHz6'],
  ['library endSession', 'signing out without a question', '44sYwiWbPp'],
  ['step registration registrationResponse', 'reading metadata before it is judged', 'a2uaUJzIqk'],
  ['step registration_update forbiddenFields', 'reading metadata before it is judged', '-INajPwLeJ'],
  ['library rejectStructuredTokens', 'looking for JWTs at introspection only in what could be one', 'ttSnAYHNpF'],
  ['library clientAuth', 'authenticating clients at endpoints of ours', 'wS3CP2DGo0'],
  ['library getClientAuthParams', 'authenticating clients at endpoints of ours', 'ulROH673qn'],
  ['library validateDpop', 'proofs of keys at token exchange', 'rYvTmcFxdM'],
  ['library checkDpopRequired', 'proofs of keys at token exchange', 'IBUQaVQ-Sx'],
  ['library checkDpopReplay', 'proofs of keys at token exchange', 'wsT2Mq5Ata'],
  ['library checkMtlsCert', 'certificates at token exchange', 'wrssuCGJh2'],
  ['library ExternalSigningKey', 'signing with keys that the library never sees', '9zSXGfcNlH'],
  ['library jwks', 'replacing the published keys', 'W-wgxyt4OJ'],
  ['library discovery', 'replacing the algorithms that are offered', 'NhVc6cULhW'],
  ['state keystore.clear', 'replacing the signing keys', 'oosK67SixB'],
  ['state keystore.add', 'replacing the signing keys', 'mLayJil6Rq'],
  ['grant authorization_code', 'revoking what a code used twice was redeemed for', 'eNZ1eq2ZM3'],
  ['grant refresh_token', 'rotating refresh tokens', '2xzKN3SjrN'],
  ['grant device_code', 'slowing down polls of devices', 'tc6DUi6NAY'],
  ['grant ciba', 'slowing down polls of apps', 'taCZcwrlh7'],
  ['state responseModes', 'answering apps by pages of ours', '0-RVxJ5bpr'],
  ['state router.match', 'telling programs from people by the endpoint', 'Qjb6_UHWkY'],
  ['Client.prototype.constructor', 'making the clients of clients.json', 'XHNx2gMebJ'],
  ['Client.find', 'finding the clients of clients.json first', '-efs0F9fd1'],
  ['Client.validate', 'making the clients of clients.json', 'e3uzcUv9-J'],
  ['Client.Schema.prototype.scopes', 'letting clients have scopes of APIs', 'a24HMpG7uV'],
  ['Client.prototype.compareClientSecret', 'taking a former secret for a while', 'ekBPnCWZWw'],
  ['Client.prototype.includeSid', 'naming the session in every token', 'Ab0FMzmNYQ'],
  ['Client.prototype.backchannelLogout', 'telling apps of ended sessions until they hear', 'xNTwEmUgQA'],
  ['Client.prototype.backchannelPing', 'telling apps that their request was answered', 'kAOZ-meAkD'],
  ['Claims.prototype.result', 'telling attributes that an entry maps', 'WzLxLdi83z'],
  ['IdToken.validate', 'verifying hints by keys that are no longer published', '8Svf4uy5Ch'],
  ['IdToken.prototype.set', 'naming the session only to clients that need it', 'bV18fLtehU'],
  ['IdToken.prototype.issue', 'signing answers to apps', 'KWuOkPCD1u'],
  ['InitialAccessToken.find', 'finding invitations', 'd06LJuKOMj'],
  ['Interaction.find', 'voiding what was proved before a change', '_VyuGC3PDC'],
  ['Session.find', 'voiding sessions from before a change', '_VyuGC3PDC'],
  ['Session.get', 'voiding sessions from before a change', '7tMtU1spMJ'],
  ['Session.prototype.save', 'storing sessions by one guarded write', '-N32qP4m0x'],
  ['Session.prototype.persist', 'storing sessions by one guarded write', '7yK9rFCMqb'],
  ['Session.prototype.getValueAndPayload', 'storing sessions by one guarded write', 'xDStpsUXR_'],
  ['Session.prototype.resetIdentifier', 'renewing cookies only at a sign-in', 'VtkPlr6caE'],
  ['Session.prototype.loginAccount', 'stamping sessions at a sign-in', 'JNPioxl403'],
  ['Session.IN_PAYLOAD', 'storing the stamp with sessions', 'CqTQrQ4aN2'],
  ['AccessToken.IN_PAYLOAD', 'storing the stamp with tokens', '6d9OpwX4gi'],
  ['AuthorizationCode.IN_PAYLOAD', 'storing the stamp with codes', 'cHCqlaghb8'],
  ['RefreshToken.IN_PAYLOAD', 'storing the stamp with refresh tokens', 'B3ARKpgE3Y'],
  ['DeviceCode.IN_PAYLOAD', 'storing the stamp with device requests', 'ay37IsWw8L'],
  ['BackchannelAuthenticationRequest.IN_PAYLOAD', 'storing the stamp with backchannel requests', 'pLLdXYxGW9'],
  ['AccessToken.prototype.save', 'stamping what is issued', '70g1goaWJ6'],
  ['RefreshToken.prototype.generateTokenId', 'naming the family in each refresh token', 'I5iclctxyP'],
  ['ReplayDetection.unique', 'letting one of two equal proofs pass', 'JvCHKlXjNf'],
  ['OIDCContext.prototype.constructor', 'authenticating clients at endpoints of ours', 'Gz8A8ZWRmg'],
  ['OIDCContext.prototype.urlFor', 'naming endpoints at the host for certificates', 'NVcNtdA6X1'],
  ['OIDCContext.prototype.clientJwtAuthExpectedAudience', 'accepting assertions made out to that host', 'asd4BomNb5'],
  ['OIDCContext.prototype.acr', 'telling the acr that was asked for', 'BZdcGCUGbc'],
  ['prompts login', 'replacing checks of the sign-in', 'ohhlt3--4L'],
  ['prompts consent', 'replacing checks of the consent', 'LDeNq-mgyj'],
]

/** The library's steps, and of those that are wrapped, its own. */
const stepsOf = (endpoint: string): { name: string; own?: unknown }[] =>
  ({
    end_session: actions.endSession.init,
    introspection: actions.introspection,
    registration: actions.registration.post,
    registration_update: actions.registration.put,
    token: actions.token,
    userinfo: actions.userinfo,
  })[endpoint] ?? actions.getAuthorization(endpoint)

/** Finds a member of an object, by names with dots between; of a getter, the getter. */
function member(object: object, path: string): unknown {
  const [name = '', ...rest] = path.split('.')
  for (let each = object; each; each = Object.getPrototypeOf(each)) {
    const { get, value } = Object.getOwnPropertyDescriptor(each, name) ?? {}
    if (rest.length === 0 && (get ?? value)) return get ?? value
    const next = value ?? get?.call(object)
    if (next) return member(next, rest.join('.'))
  }
  return undefined
}

const library: Record<string, unknown> = {
  ...actions,
  ...proofs,
  ...{ clientAuth, getClientAuthParams, rejectStructuredTokens, ExternalSigningKey },
}

/** Finds what a line of `uses` names. */
function named(name: string, provider: object): unknown {
  const [kind = '', first = '', second = ''] = name.split(' ')
  const step = kind === 'step' ? stepsOf(first).find(each => each.name === second) : undefined
  if (kind === 'step') return step?.own ?? step
  if (kind === 'file') return readFileSync(`node_modules/oidc-provider/lib/${first}`, 'utf8')
  if (first === 'endSession') return actions.endSession.confirm.at(-1)
  if (kind === 'library') return library[first]
  if (kind === 'prompts')
    return interactionPolicy
      .base()
      .get(first)
      ?.checks.map(({ reason }) => reason)
  if (kind === 'grant') return member(grants, `${first}.handler`)
  if (first === 'responseModes') return [...state(provider).responseModes.keys()]
  if (kind === 'state') return member(state(provider), first)
  const found = member(provider, name)
  return name.endsWith('.constructor') ? /constructor\(.*?\n {4}}/s.exec(String(found))?.[0] : found
}

/** Returns which of these differ from what is pinned. */
const changed = (pinned: typeof uses, provider: object): string[] =>
  pinned.flatMap(([name, use, digest]) => {
    const found = named(name, provider)
    const now = found === undefined ? 'nothing' : sha256(String(found)).slice(0, 10)
    return now === digest ? [] : [`oidc-provider changed ${name}, used for ${use}: ${digest} is ${now}`]
  })

describe('the internals of oidc-provider', () => {
  let bare: Provider
  before(async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwks = { keys: [await exportJWK(privateKey)] }
    const features = { devInteractions: { enabled: false } }
    bare = new Provider('http://localhost', { jwks, adapter: () => ({}) as Adapter, features })
  })

  it('belong to the pinned version', () => {
    const wanted = JSON.parse(readFileSync('package.json', 'utf8')).dependencies['oidc-provider']
    const installed = JSON.parse(readFileSync('node_modules/oidc-provider/package.json', 'utf8')).version
    expect({ wanted, installed }).to.deep.equal({ wanted: version, installed: version })
  })

  it('are unchanged since they were last read', () => expect(changed(uses, bare)).to.deep.equal([]))

  it('are reported by name, with their use, when one changes or disappears', () => {
    const pinned: typeof uses = [['Session.prototype.save', 'storing sessions', 'as it was']]
    const fault = 'oidc-provider changed Session.prototype.save, used for storing sessions: as it was is'
    expect(changed(pinned, { Session: class {} })).to.deep.equal([`${fault} nothing`])
    expect(changed(pinned, bare)[0]).to.match(new RegExp(`^${fault} .{10}$`))
  })

  it('refuse to insert a step before one that does not exist, and to wrap one', () => {
    const step = () => Promise.resolve()
    expect(() => wrapStep('token', 'validateTokens', () => step)).to.throw('no step validateTokens at token')
    expect(() => insertStep('token', 'validateTokens', step)).to.throw('no step validateTokens at token')
  })
})
