/** Every failure that a person or a program can be told of: its stable code and the HTTP status it travels with. */
export const problems = {
  malformed: 400,
  app_at_fault: 400,
  cross_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  sign_in_needed: 401,
  token_needed: 401,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  wrong_credentials: 401,
  wrong_code: 401,
  wrong_passkey: 401,
  passkey_changed: 401,
  unknown_credential: 401,
  code_spent: 401,
  way_closed: 403,
  factor_closed: 403,
  attempt_expired: 410,
  link_expired: 410,
  approval_over: 410,
  attempt_elsewhere: 403,
  cookies_blocked: 403,
  not_offered: 403,
  not_confirmed: 409,
  mailbox_unproved: 409,
  conflict: 409,
  limit_reached: 409,
  already_enrolled: 409,
  last_factor: 409,
  shuts_out: 422,
  invalid_block: 422,
  invalid_travel: 422,
  invalid_email: 422,
  invalid_phone: 422,
  phone_not_served: 422,
  invalid_code: 422,
  field_empty: 422,
  unknown_user_code: 422,
  not_compared: 422,
  password_short: 422,
  password_long: 422,
  password_common: 422,
  password_personal: 422,
  unsaved_codes: 422,
  invalid_name: 422,
  invalid_own_name: 422,
  invalid_username: 422,
  invalid_zone: 422,
  invalid_language: 422,
  invalid_scope: 422,
  invalid_addresses: 422,
  too_many_addresses: 422,
  addresses_needed: 422,
  invalid_expiry: 422,
  invalid_public_key: 422,
  invalid_app: 422,
  claim_unknown: 422,
  claim_name: 422,
  claim_place: 422,
  claim_roles: 422,
  claim_unasked: 422,
  invalid_app_roles: 422,
  invalid_attribute: 422,
  invalid_app_id: 422,
  invalid_webhook_url: 422,
  unknown_event: 422,
  unknown_policy: 422,
  out_of_bounds: 422,
  invalid_app_name: 422,
  app_id_taken: 409,
  app_without_secret: 409,
  uri_malformed: 422,
  uri_missing: 422,
  uri_unused: 422,
  uri_not_https: 422,
  uri_own_scheme: 422,
  uri_scheme_short: 422,
  uri_leads_astray: 422,
  invalid_document: 422,
  document_too_large: 413,
  too_many_documents: 422,
  documents_needed: 422,
  invalid_story: 422,
  reason_needed: 422,
  checks_needed: 422,
  own_case: 403,
  own_start: 403,
  address_taken: 409,
  number_reserved: 409,
  no_number: 409,
  not_permitted: 403,
  last_admin: 409,
  second_needed: 403,
  no_second: 409,
  already_decided: 409,
  invalid_argument: 422,
  idempotency_key_reused: 422,
  slow_down: 429,
  internal: 500,
  busy: 503,
  unavailable: 503,
} as const satisfies Record<string, number>

export type Code = keyof typeof problems

/** What its phrase needs: "Four tries left". */
export type Values = Record<string, string | number>

/** A failure with a stable code. The code is also its phrase (`problem.<code>`), in HTML and in JSON. */
export class Problem extends Error {
  readonly code: Code
  readonly status: number
  readonly values: Values
  /** The form field it stands beside. */
  readonly field: string | undefined
  /** Seconds to wait before another try (RFC 9110, 10.2.3). */
  readonly retryAfter: number | undefined

  constructor(code: Code, options: { field?: string; values?: Values; retryAfter?: number; cause?: unknown } = {}) {
    super(code, { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.status = problems[code]
    this.values = options.values ?? {}
    this.field = options.field
    // Every answer that asks to try again says when.
    this.retryAfter = options.retryAfter ?? (this.status === 429 || this.status === 503 ? 1 : undefined)
  }
}

/** Returns what a Problem was made with, to make one of it that says more. */
export function said({ field, values, retryAfter, cause }: Problem): ConstructorParameters<typeof Problem>[1] {
  return { values, cause, ...(field !== undefined && { field }), ...(retryAfter !== undefined && { retryAfter }) }
}

/** Why a request was refused, for who runs Latchkey and who builds on it. No secret, no token and nothing about a person is in it. */
export interface Refusal {
  /** The code that the answer carries. */
  error: string
  client?: string | undefined
  /** What it is about: a parameter, a header, a form's field. */
  parameter?: string | undefined
  expected?: string | undefined
  received?: string | undefined
  /** What the fault and its causes say. */
  why?: string | undefined
}

const longest = 300

/**
 * Writes what a stranger sent so that a log may show it: in one line and not for long, without what looks like a token, an address of
 * a person or a code, and of URLs without user names and the values of queries.
 */
export function told(value: unknown): string {
  const text = [value].flat().map(String).join(' ').slice(0, 2_000)
  return text
    .replace(/[^\x20-\x7E]/g, '?')
    .replace(/\/\/[^\s/@]*@/g, '//…@')
    .replace(/([?&#][\w.[\]-]{0,40}=)[^\s&#]+/g, '$1…')
    .replace(/(?<![\w.+-])[\w.+-]+@[\w.-]+/g, '…')
    .replace(/\b(eyJ[\w-]*\.?[\w.-]*|[\w~+-]{40,})/g, '…')
    .slice(0, longest)
}

/** What errors say of themselves, beside their message. */
interface Said {
  error?: string
  error_description?: string
  error_detail?: string
  code?: unknown
}

/** What a fault and its causes say, in one line. A syntax error quotes what it could not read, so its quotations are blanked. */
export function wordsOf(fault: unknown): string {
  const words = new Set<string>()
  let each = fault as (Error & Said) | undefined
  for (let depth = 0; each && depth < 5; depth += 1) {
    if (typeof each !== 'object') break
    const { error, error_description, error_detail, message = '', code } = each
    const own = each instanceof SyntaxError ? message.replace(/"[\s\S]*"|'[^']*'/g, '"…"') : message
    for (const said of [
      error_description,
      error_detail,
      own === error ? '' : own,
      typeof code === 'string' ? code : '',
    ])
      if (said && ![...words].some(before => before.includes(said))) words.add(said)
    each = each.cause as typeof each
  }
  return told([...words].join(': '))
}
