import { readFileSync } from 'node:fs'
import { z } from 'zod'

const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const

const client = z.object({
  client_id: z.string(),
  redirect_uris: z.array(z.string()).default([]),
  post_logout_redirect_uris: z.array(z.string()).default([]),
  token_endpoint_auth_method: z.enum(methods).default('client_secret_basic'),
  client_secret: z.string().optional(),
  id_token_signed_response_alg: z.enum(['ES256', 'EdDSA']).default('ES256'),
  dpop_bound_access_tokens: z.boolean().default(false),
  require_pushed_authorization_requests: z.boolean().default(false),
  scope: z.string().default('openid profile email offline_access'),
  /** By resource indicator, the scopes it may ask for; an app of the suite asks for the first API. */
  apis: z.record(z.string(), z.array(z.string())).default({}),
})

/** A relying party as Latchkey knows it: the fields that it must know itself. */
export type Registered = z.output<typeof client>

/** The file that declares the clients is not there, or is not what it should be. */
export class ClientsUnread extends Error {
  constructor(file: string, cause: unknown) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : cause
    super(`${file} cannot be read: ${why}`, { cause })
    this.name = 'ClientsUnread'
  }
}

/** Reads the very file that the provider reads, so that nothing is declared twice; the provider is who judges it. Throws ClientsUnread. */
export function readClients(file: string): Registered[] {
  try {
    return z.object({ clients: z.array(client) }).parse(JSON.parse(readFileSync(file, 'utf8'))).clients
  } catch (fault) {
    throw new ClientsUnread(file, fault)
  }
}
