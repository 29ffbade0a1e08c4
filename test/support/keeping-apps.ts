import { appKeeper } from '../../src/admin/app-keeper.ts'
import { appWishes } from '../../src/clients/app-fields.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { type Running, secrets } from './provider.ts'

/** Keeps apps beside a running provider, on its store, as another process would. */
export function keeping(latchkey: Running, now: () => number = Date.now) {
  const { store, clients, issuer } = latchkey
  return appKeeper({
    ...{ stored: storedApps(store), registrations: registrations(store), sealer: sealer(keyring(secrets)) },
    ...{ clients, issuer, now },
  })
}

export const wishes = (more: object = {}) => appWishes.parse({ client_name: 'News', ...more })

/** Asks for a token as a service does; resolves to the status and the error. */
export async function asService(issuer: string, id: string, secret: string | undefined, more: object = {}) {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...more }),
  })
  const body = (await answer.json()) as { access_token?: string; scope?: string; error?: string }
  return { status: answer.status, ...body }
}
