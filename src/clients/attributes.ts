import { z } from 'zod'
import type { Account } from '../accounts/account.ts'

/** The types of attributes. */
export const attributeTypes = ['text', 'integer', 'boolean'] as const
/** Names what the claim of an app's roles comes from: no attribute is called so. */
export const rolesOfApp = 'roles'

/** A text of the operator that people read. */
const words = z.string().trim().min(1).max(60)

/** Something that the operator knows of people, beside what they say themselves. */
export const attributeShape = {
  attribute: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, { error: 'must be lower-case letters, digits and _' })
    .refine(name => name !== rolesOfApp, { error: 'must not be roles, which stands for those of the app' }),
  type: z.enum(attributeTypes).default('text'),
  /** What people are asked about by where a third party is told of it: one text, or one for each language, by its tag (BCP 47). */
  name: z
    .union([words, z.record(z.string().regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/), words)], {
      error: 'must be a text of up to 60 characters, or such texts by their language',
    })
    .refine(name => Object.keys(name).length > 0, { error: 'must not be empty' })
    .optional(),
  /** The only texts that it may be. */
  values: z.array(z.string().min(1).max(200)).min(1).optional(),
}
export type Attribute = z.output<z.ZodObject<typeof attributeShape>>
export type AttributeValue = NonNullable<Account['attributes']>[string]

/** Where a claim is told. */
export const places = ['id_token', 'userinfo', 'access_token'] as const
export type ClaimPlace = (typeof places)[number]

/** The claims that mean something already (RFC 7519, 4.1; OpenID Connect Core 1.0, 2 and 5.1; RFC 9068, 2.2; ours). */
const taken = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'auth_time', 'nonce', 'acr', 'amr', 'azp', 'at_hash', 'c_hash'],
  ...['s_hash', 'sid', 'scope', 'client_id', 'cnf', 'act', 'may_act', 'events', 'authorization_details', 'txn'],
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
  ...['website', 'email', 'email_verified', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number', 'address'],
  ...['phone_number_verified', 'updated_at', 'hold_until', 'active', 'token_type', 'username', 'extra'],
])
const claimName = z
  .string()
  .regex(/^[A-Za-z][\w:/.-]{0,99}$/, { error: 'must be a name of letters, digits and _ : / . -' })
  .refine(name => !taken.has(name), { error: 'must not be the name of a claim that means something already' })

const inherited = '__proto__'
/**
 * Parses what is named by names that others chose. Zod leaves out `__proto__` and does not say so: here it goes by a name that the rules for
 * claims refuse.
 */
export const byName = <S extends z.ZodType>(shape: S) =>
  z.preprocess(given => {
    if (typeof given !== 'object' || given === null || !Object.hasOwn(given, inherited)) return given
    return Object.fromEntries(
      Object.entries(given).map(([name, each]) => [name === inherited ? `${name}:` : name, each]),
    )
  }, shape)

/** The claims of an app, by name: which attribute each comes from, or `roles`, and where it is told. */
export const claimsShape = byName(
  z.record(
    claimName,
    z.strictObject({
      from: z.string(),
      in: z
        .array(z.enum(places))
        .min(1)
        .default([...places]),
    }),
  ),
).default({})
export const rolesShape = z
  .array(z.string().regex(/^[a-z][a-z0-9_.:-]{0,39}$/, { error: 'must be a word of lower-case letters' }))
  .default([])

/** What an entry says of them. */
interface Entry {
  claims?: z.output<typeof claimsShape> | undefined
  roles?: readonly string[] | undefined
  first_party?: boolean | undefined
  grant_types?: readonly string[] | undefined
}

/** Returns what is wrong with declarations of attributes beside one another. */
export function attributeFaults(declared: readonly Partial<Attribute>[]): string[] {
  const names = declared.map(({ attribute }) => attribute)
  return declared.flatMap(({ attribute, type = 'text', values }, at) => [
    ...(attribute !== undefined && names.indexOf(attribute) < at ? [`attributes: ${attribute} is declared twice`] : []),
    ...(values && type !== 'text' ? [`attributes[${at}] values: are for text`] : []),
  ])
}

/** Returns every fault of the claims of a client's entry. */
export function claimFaults(
  { claims = {}, roles = [], first_party: ours, grant_types: grants }: Entry,
  attributes: readonly Partial<Attribute>[],
): string[] {
  const named = Object.entries(claims)
  return [
    // People are asked on the page that this grant leads to.
    ...(named.length > 0 && ours !== true && grants && !grants.includes('authorization_code')
      ? ['claims: authorization_code is needed, by which people are asked']
      : []),
    ...named.flatMap(([name, { from }]) => {
      if (from === rolesOfApp) return roles.length > 0 ? [] : [`claims.${name}: roles must be declared`]
      const found = attributes.find(({ attribute }) => attribute === from)
      if (!found) return [`claims.${name}: ${from} is not declared`]
      return ours === true || found.name !== undefined ? [] : [`claims.${name}: ${from} has no name to ask people by`]
    }),
  ]
}

/** Returns an entry's claims without those of attributes that a third party cannot be told of any more. */
export function stillTold(claims: unknown, attributes: readonly Attribute[]): Record<string, unknown> {
  const told = new Set([rolesOfApp, ...attributes.filter(({ name }) => name !== undefined).map(each => each.attribute)])
  return Object.fromEntries(Object.entries(Object(claims)).filter(([, each]) => told.has(Object(each).from)))
}

/** Returns what the operator calls an attribute in a language; where it is not in that one, in English or the first that there is. */
export function nameIn(locale: string, name: Attribute['name']): string | undefined {
  if (typeof name !== 'object') return name
  const [language = locale] = locale.split('-')
  const best = [locale, language, 'en'].find(each => Object.hasOwn(name, each))
  return best === undefined ? Object.values(name)[0] : name[best]
}

/** Returns a value as an attribute of this declaration has it; undefined for one that does not fit. Text is read as what it spells. */
export function attributeValue({ type, values }: Attribute, given: unknown): AttributeValue | undefined {
  if (type === 'boolean') return ['true', 'false'].includes(String(given)) ? String(given) === 'true' : undefined
  if (type === 'integer') {
    if (typeof given !== 'number' && !/^-?\d{1,15}$/.test(String(given))) return undefined
    return Number.isSafeInteger(Number(given)) ? Number(given) : undefined
  }
  const fits = typeof given === 'string' && given !== '' && given.length <= 200 && given.trim() === given
  return fits && (values?.includes(given) ?? true) ? given : undefined
}

type App = Pick<Entry, 'claims' | 'roles'> & { id: string; firstParty: boolean }

/** Returns the attributes that people must let an app be told of, each once; `roles` stands for those in the app. Nothing for an app of the suite. */
export function consentsNeeded({ claims = {}, firstParty }: Pick<App, 'claims' | 'firstParty'>): string[] {
  return firstParty ? [] : [...new Set(Object.values(claims).map(({ from }) => from))]
}

/** Returns the roles that an account has in an app, of those that its entry declares. */
function rolesIn({ id, roles = [] }: Pick<App, 'id' | 'roles'>, { appRoles }: Pick<Account, 'appRoles'>) {
  const held = (appRoles && Object.hasOwn(appRoles, id) && appRoles[id]) || []
  return roles.filter(each => held.includes(each))
}

type Holder = Pick<Account, 'attributes' | 'appRoles'>

/** Returns what one attribute of an account is, or its roles in an app; undefined where it has none, or one that is not as it is declared. */
export function valueFor(
  app: Pick<App, 'id' | 'roles'>,
  account: Holder,
  from: string,
  attributes: ReadonlyMap<string, Attribute>,
): AttributeValue | string[] | undefined {
  if (from === rolesOfApp) {
    const roles = rolesIn(app, account)
    return roles.length > 0 ? roles : undefined
  }
  const { attributes: held = {} } = account
  const declared = attributes.get(from)
  return declared && Object.hasOwn(held, from) ? attributeValue(declared, held[from]) : undefined
}

/**
 * Returns what an app's entry has it told of an account in one place: nothing that the entry does not name, nothing that is not as it is
 * declared, and where the app is a third party's nothing that its owner did not allow.
 */
export function mappedClaims(
  app: App,
  account: Holder,
  place: ClaimPlace,
  attributes: ReadonlyMap<string, Attribute>,
  allowed: readonly string[] = [],
): Record<string, unknown> {
  const told = Object.entries(app.claims ?? {}).filter(
    ([, each]) => each.in.includes(place) && (app.firstParty || allowed.includes(each.from)),
  )
  const pairs = told.map(([name, { from }]) => [name, valueFor(app, account, from, attributes)] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined))
}
