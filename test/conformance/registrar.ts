import type { Page } from '../support/jar.ts'
import type { Ground } from './ground.ts'

export type Metadata = Record<string, unknown>
export interface Told {
  status: number
  headers: Headers
  body: Metadata
}

export const redirect = 'https://shop.example/callback'
export const shop = { client_name: 'Shop', redirect_uris: [redirect] }

/** What a registered app would be told if the person followed the link of the error page. */
export function toldBy({ links }: Page): URLSearchParams {
  return new URL(links.find(({ href }) => href.startsWith(redirect))?.href ?? redirect).searchParams
}

/** A client's side of RFC 7591 and 7592, over HTTP alone. */
export function registrar(latchkey: () => Ground) {
  const send = async (method: string, url: string, body?: unknown, bearer?: string): Promise<Told> => {
    const response = await fetch(url, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
  }
  const register = (body: unknown, bearer?: string) =>
    send('POST', String(latchkey().metadata.registration_endpoint), body, bearer)
  const manage = (
    method: string,
    { body }: Told,
    changes?: Metadata,
    bearer = String(body.registration_access_token),
  ) => send(method, String(body.registration_client_uri), changes, bearer)
  return { send, register, manage }
}
