import { z } from 'zod'
import { link, web } from './urls.ts'

const refused = (error: string) => z.never({ error }).optional()
const nothingEncrypted = 'is not supported: nothing is encrypted'
const encrypted = [
  ...(['id_token_encrypted_response_alg', 'id_token_encrypted_response_enc'] as const),
  ...(['userinfo_encrypted_response_alg', 'userinfo_encrypted_response_enc'] as const),
  ...(['request_object_encryption_alg', 'request_object_encryption_enc'] as const),
  ...(['authorization_encrypted_response_alg', 'authorization_encrypted_response_enc'] as const),
  ...(['introspection_encrypted_response_alg', 'introspection_encrypted_response_enc'] as const),
] as const

/**
 * Metadata that specifications define and Latchkey has little use for. People paste entries that other servers and registrations made, so a
 * value that agrees with what happens in any case is fine, and any other is refused for the reason, not as unknown.
 */
export const standardShape = {
  // OpenID Connect Dynamic Client Registration 1.0, 2; RFC 7591, 2.
  response_types: z.array(z.literal('code', { error: 'can be code only' })).optional(),
  contacts: z.array(z.email({ error: 'must be an email address' })).optional(),
  client_uri: link.optional(),
  logo_uri: link.optional(),
  tos_uri: link.optional(),
  policy_uri: link.optional(),
  initiate_login_uri: link.optional(),
  require_auth_time: z.boolean().optional(),
  software_id: z.string().optional(),
  software_version: z.string().optional(),
  software_statement: refused('is not supported: the file itself is the operator’s word'),
  request_uris: z.array(z.string()).max(0, { error: 'is not supported: push the request (RFC 9126)' }).optional(),
  // RFC 7591, 3.2.1; RFC 7592, 3.
  client_id_issued_at: z.int().optional(),
  client_secret_expires_at: z.literal(0, { error: 'must be 0: a secret lasts as long as its entry' }).optional(),
  registration_client_uri: web.optional(),
  registration_access_token: refused('is not for this file: the entry is changed here'),
  // OpenID Connect Back-Channel Logout 1.0, 2.2: logout tokens name the session in any case. Front-Channel Logout 1.0, 2.
  backchannel_logout_session_required: z.boolean().optional(),
  frontchannel_logout_uri: refused('is not supported: use backchannel_logout_uri'),
  frontchannel_logout_session_required: z
    .literal(false, { error: 'is not supported: use backchannel_logout_uri' })
    .optional(),
  // OpenID Connect CIBA Core 1.0, 4.
  backchannel_user_code_parameter: z.literal(false, { error: 'is not supported: there is no user code' }).optional(),
  // RFC 8705, 5.
  use_mtls_endpoint_aliases: z.boolean().optional(),
  ...(Object.fromEntries(encrypted.map(name => [name, refused(nothingEncrypted)])) as Record<
    (typeof encrypted)[number],
    ReturnType<typeof refused>
  >),
}

/** Texts and links that may come in several languages (OpenID Connect Dynamic Client Registration 1.0, 2.1). Pages show the one without. */
const inLanguages = /^(client_name|client_uri|logo_uri|tos_uri|policy_uri)#[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/

/** Is this the name of a text in one language, which is not shown? */
export function isTranslation(name: string): boolean {
  return inLanguages.test(name)
}
