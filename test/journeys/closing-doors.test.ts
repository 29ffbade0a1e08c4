import { expect } from 'chai'
import * as oidc from 'openid-client'
import { startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import { jar } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt, usePasskey } from '../support/security.ts'

const callback = 'http://localhost:9/callback'

describe('an account that closes', () => {
  const latchkey = whileTesting(() =>
    startSuite({
      more: [
        {
          client_id: 'phone',
          client_name: 'Phone',
          first_party: true,
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [callback],
        },
      ],
    }),
  )
  const at = securityAt(latchkey)

  const stranger = (person: Person): Person => ({ ...person, browser: jar() })

  it('is closed through every door: refresh, userinfo, passkey, recovery code', async () => {
    const device = authenticator()
    const ada = await at.joined('totp', device)
    const execute = [oidc.allowInsecureRequests]
    const config = await oidc.discovery(new URL(latchkey.issuer), 'phone', undefined, oidc.None(), { execute })
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const { location = '' } = await ada.browser.get(url.href, { follow: false })
    const tokens = await oidc.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier })
    const page = await (await at.open(ada, '/account/close')).submit({}, 'Close my account')
    expect((await usePasskey(ada, page, device)).h1).to.equal('Your account is being closed')
    expect(await at.isIn(ada)).to.equal(false)

    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '').catch(fault => fault)
    expect(refreshed.error).to.equal('invalid_grant')
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    expect((await fetch(`${latchkey.issuer}/userinfo`, { headers })).status).to.equal(401)
    const touched = stranger(ada)
    expect((await usePasskey(touched, await at.open(touched, '/sign-in'), device)).h1).to.equal(
      'Your account is being closed',
    )
    const spare = stranger(ada)
    const half = await (await at.open(spare, '/sign-in')).submit({ email: ada.email, password: ada.password })
    const asked = await spare.browser.post(`${half.url}/use`, { factor: 'recovery-code' })
    const setUp = await asked.submit({ code: ada.recoveryCodes[0] ?? '' })
    const secret = setUp.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    latchkey.keepOut(secret)
    const last = await setUp.submit({ code: authenticatorCode(latchkey, { ...ada, secret }) })
    expect(last.h1).to.equal('Your account is being closed')
    expect(await at.isIn(spare)).to.equal(false)
  })
})
