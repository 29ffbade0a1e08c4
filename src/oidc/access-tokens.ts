import { createLocalJWKSet, errors as jose, jwtVerify } from 'jose'
import type { Context } from 'koa'
import { type Client, errors, type Provider } from 'oidc-provider'
import { z } from 'zod'
import { type Account, active, stampFits } from '../accounts/account.ts'
import { sha256 } from '../crypto/digest.ts'
import { publicHalf } from '../crypto/jws.ts'
import { Problem } from '../errors.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Records } from '../records/adapter.ts'
import { proofShown } from './internals.ts'
import { certificateOf } from './mtls.ts'
import type { Options } from './options.ts'

/** Returns a function that verifies access tokens of ours for one of these audiences and resolves to their claims; undefined for anything else (RFC 9068, 4). */
export function accessTokenReader({ issuer, keys }: Pick<Options, 'issuer' | 'keys'>) {
  const set = (ring: ReturnType<Ring['keys']>) => createLocalJWKSet({ keys: ring.map(({ jwk }) => publicHalf(jwk)) })
  let published = set(keys.keys())
  keys.onChange(ring => {
    published = set(ring)
  })

  return async (text: string, audience: string[]): Promise<unknown> => {
    try {
      return (await jwtVerify(text, published, { issuer, audience, typ: 'at+jwt' })).payload
    } catch (fault) {
      if (fault instanceof jose.JOSEError) return undefined
      throw fault
    }
  }
}

const payload = z.object({
  sub: z.string(),
  client_id: z.string(),
  scope: z.string().default(''),
  sid: z.string().optional(),
  acr: z.string().optional(),
  auth_time: z.number().optional(),
  act: z.unknown().optional(),
  cnf: z.object({ jkt: z.string().optional(), 'x5t#S256': z.string().optional() }).optional(),
})
type Payload = z.output<typeof payload>

/** What an access token is good for at an API of ours. */
export interface Bearer {
  client: string
  /** What it was given and its client may still ask for. */
  scopes: readonly string[]
  /** Whose it is; undefined for a token of the client itself. */
  account: Account | undefined
  /** How and when its person signed in; the time in milliseconds. */
  acr: string | undefined
  signedInAt: number | undefined
}

type Services = Pick<Options, 'issuer' | 'keys' | 'clients' | 'accounts' | 'mtls'> & { records: Records }

/**
 * Returns a function that verifies the access token of a request to an API of ours, which `resource` names: that it is ours, for this API,
 * bound to the key or the certificate that the request shows (RFC 9449, 7; RFC 8705, 3), that its client and, for a person's, the account and
 * the session still stand. Throws `token_needed`, `invalid_token`, `invalid_dpop_proof` and `use_dpop_nonce`.
 */
export function bearers(provider: Provider, services: Services) {
  const { issuer, clients, accounts, records, mtls } = services
  const read = accessTokenReader(services)
  const mtlsHost = mtls && new URL(mtls.url).host

  const boundAs = async (ctx: Context, client: Client, token: string, { cnf }: Payload): Promise<boolean> => {
    const dpop = /^dpop /i.test(ctx.get('Authorization'))
    if (dpop !== (cnf?.jkt !== undefined)) return false
    if (cnf?.jkt !== undefined) {
      const url = `${mtls && ctx.host === mtlsHost ? mtls.url : issuer}${ctx.path}`
      if ((await proven(provider, ctx, { client, token, url })) !== cnf.jkt) return false
    }
    const bound = cnf?.['x5t#S256']
    if (bound === undefined) return true
    const shown = certificateOf(ctx, mtls)
    return shown !== undefined && sha256(shown.raw) === bound
  }

  /** Resolves to the account of a person's token whose session still stands; undefined where anything does not. */
  const personOf = async ({ sub, sid = '', act }: Payload): Promise<Account | undefined> => {
    // A token that one API was given to ask another is not the person's own act.
    if (act !== undefined) return undefined
    const [account, found] = await Promise.all([accounts.get(sub), records.grantIn(sub, sid)])
    return active(account) && found && stampFits(account, found) ? account : undefined
  }

  return async (ctx: Context, resource: string): Promise<Bearer> => {
    const token = /^(?:bearer|dpop) +([\w\-.~+/]+=*)$/i.exec(ctx.get('Authorization'))?.[1]
    if (token === undefined) throw new Problem('token_needed')
    const { data: found } = payload.safeParse(await read(token, [resource]))
    const client = found && (await provider.Client.find(found.client_id))
    const app = found && (await clients.ours(found.client_id))
    if (!found || !client || !app || !(await boundAs(ctx, client, token, found))) throw new Problem('invalid_token')
    // A token of the client itself has no session; one of a person that has none is not of a sign-in.
    const own = found.sid === undefined && found.sub === found.client_id
    const account = own ? undefined : await personOf(found)
    if (!own && !account) throw new Problem('invalid_token')
    const may = app.apis.get(resource)?.scope.split(' ') ?? []
    return {
      client: found.client_id,
      scopes: found.scope.split(' ').filter(each => may.includes(each)),
      account,
      acr: found.acr,
      signedInAt: found.auth_time === undefined ? undefined : found.auth_time * 1000,
    }
  }
}

async function proven(provider: Provider, ctx: Context, of: { client: Client; token: string; url: string }) {
  try {
    return await proofShown(provider, ctx, of)
  } catch (fault) {
    if (fault instanceof errors.UseDpopNonce) throw new Problem('use_dpop_nonce', { cause: fault })
    if (fault instanceof errors.InvalidDpopProof || fault instanceof errors.InvalidGrant)
      throw new Problem('invalid_dpop_proof', { cause: fault })
    throw fault
  }
}
