import { z } from 'zod'

/** The characters of a URI (RFC 3986, 2), without the wildcard: no blank, control character or backslash is among them. */
const characters = /^[\w\-.~:/?#[\]@!$&'()+,;=%]+$/
/** A host as it is written in DNS, or an IP literal. Other hosts, such as `a;b.example`, are a directive or a disguise somewhere. */
const host = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/

/** A URL that people may be sent to: no two programs read it differently, and it matches nothing but itself. */
export const target = z
  .string()
  .refine(
    text => {
      const url = URL.parse(text)
      return url !== null && !text.includes('#') && !text.includes('*') && url.username === '' && url.password === ''
    },
    { error: 'must be a URL without a fragment, user or wildcard' },
  )
  .refine(text => characters.test(text.replaceAll('*', '')), {
    error: 'must have the characters of a URL only, without blanks and backslashes',
  })
  .refine(wellHosted, { error: 'must have a host of a-z, 0-9, dots and hyphens, or an IP address' })

/** Such a URL of the web. */
export const web = target.refine(text => /^https?:/.test(text), { error: 'must be an http or https URL' })

/** A page that people can go to. */
const link = web.refine(text => text.startsWith('https:'), { error: 'must be https' })

/** Returns whether the host that a parser finds is the one that is written, and a plain one. */
function wellHosted(text: string): boolean {
  const url = URL.parse(text)
  if (url === null) return true
  const onWeb = /^https?:$/.test(url.protocol)
  if (!onWeb && url.host === '') return true
  return host.test(url.hostname) && text.toLowerCase().startsWith(`${url.protocol}//${url.host}`)
}

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
 * Metadata that specifications define and Latchkey hardly uses. People paste entries that other servers and registrations made, so a value
 * that agrees with what happens anyway is accepted, and any other is refused with the reason, not as unknown.
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

/** Returns whether this names a text in one language, which is not shown. */
export function isTranslation(name: string): boolean {
  return inLanguages.test(name)
}
