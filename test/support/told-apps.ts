import { expect } from 'chai'
import type { Jar, Page } from './jar.ts'

const secret = 'a-secret-of-the-attributes-tests-000'
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** Where people come back to an app. */
export const callbackOf = (id: string) => `https://${id}.example/callback`

/** The entry of an app that is told of its people. */
export const toldApp = (client_id: string, more: object = {}) => ({
  ...{ client_id, client_name: client_id, client_secret: secret, first_party: true, development: true },
  ...{ grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [callbackOf(client_id)] },
  ...{ token_endpoint_auth_method: 'client_secret_post', ...more },
})

/** What a page says that an app is told, or will be, by the name of each attribute. */
export const said = (page: Page) => page.all('[data-told]').map(each => each.attributes['data-told'])

/** What claims say of somebody's attributes and roles in these tests. */
export const told = (claims: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(claims).filter(([name]) =>
      ['tier', 'groups', 'note', 'checked', 'verified', 'kyc_tier', 'roles'].includes(name),
    ),
  )

/** Acts as such apps do, at one Latchkey; some have a secret of their own, or none. */
export function toldApps(issuer: string, secrets: Readonly<Record<string, string>> = {}) {
  const form = (id: string, more: Record<string, string>) =>
    new URLSearchParams({ client_id: id, ...(secrets[id] !== '' && { client_secret: secrets[id] ?? secret }), ...more })
  const answered = async (id: string, path: string, more: Record<string, string>) => {
    const answer = await fetch(`${issuer}${path}`, { method: 'POST', body: form(id, more) })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const post = async (id: string, more: Record<string, string>) => {
    const { status, body } = await answered(id, '/token', more)
    if (status !== 200) expect.fail(JSON.stringify(body))
    return body as Record<'access_token' | 'id_token' | 'refresh_token', string>
  }
  /** Follows a request until it is answered, or somebody has to answer something. */
  const onward = async (browser: Jar, id: string, from: Page): Promise<Page> => {
    let page = from
    for (let left = 8; left > 0 && page.location && !page.location.startsWith(callbackOf(id)); left--)
      page = await browser.get(page.location, { follow: false })
    return page
  }
  return {
    post,
    answered,
    onward,
    /** Sends somebody to an app's authorization request. */
    authorize: async (browser: Jar, id: string, more: Record<string, string> = {}): Promise<Page> => {
      const asked = new URLSearchParams({
        ...{ client_id: id, response_type: 'code', scope: 'openid', redirect_uri: callbackOf(id) },
        ...{ code_challenge: challenge, code_challenge_method: 'S256', ...more },
      })
      return onward(browser, id, await browser.get(`${issuer}/authorize?${asked}`, { follow: false }))
    },
    /** Presses a button of a page of such a request. */
    press: async (browser: Jar, id: string, page: Page, path: 'consent' | 'abort'): Promise<Page> =>
      onward(browser, id, await browser.post(`${page.url}/${path}`, {}, { follow: false })),
    redeem: (id: string, { location, text }: Page, resource?: string) => {
      const code = new URL(location ?? expect.fail(text)).searchParams.get('code') ?? expect.fail(location)
      return post(id, {
        ...{ grant_type: 'authorization_code', code, redirect_uri: callbackOf(id), code_verifier: verifier },
        ...(resource && { resource }),
      })
    },
    refresh: (id: string, refresh_token: string, more: Record<string, string> = {}) =>
      post(id, { grant_type: 'refresh_token', refresh_token, ...more }),
    userinfo: async (access: string) => {
      const answer = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${access}` } })
      return (await answer.json()) as Record<string, unknown>
    },
  }
}
