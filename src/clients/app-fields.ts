import { z } from 'zod'
import { byName, places } from './attributes.ts'

type Claims = Readonly<Record<string, { from: string; in?: readonly string[] | undefined }>>

/** What staff say of an app under one name. */
interface Field<S extends z.ZodType, V> {
  shape: S
  /** Its option at the command line, what that takes, and what it means. */
  option: readonly [name: string, value: string, help: string]
  /** Whether it can be said more than once: a line each in the form, the option again at the command line. */
  many?: true
  /** How much of it the form takes, in characters. */
  longest: number
  /** Reads what was typed, a line each; the rules for apps judge what is wrong with it. */
  read(lines: readonly string[]): V | undefined
  /** Spells it out as it is typed, a line each. */
  spell(value: V | undefined): string[]
}
const field = <S extends z.ZodType, V>(declared: Field<S, V>) => declared

const addresses = 20_000
const wordsOf = (lines: readonly string[]): string[] => lines.flatMap(line => line.split(/\s+/)).filter(Boolean)
const spelled = (value: readonly string[] = []): string[] => [...value]
const list = (option: Field<z.ZodType, never>['option'], each: number, most: number) =>
  field({
    shape: z.array(z.string().max(each)).max(most).default([]),
    ...{ option, many: true as const, longest: addresses, read: wordsOf, spell: spelled },
  })
const text = <S extends z.ZodType>(option: Field<S, string>['option'], longest: number, shape: S) =>
  field({
    ...{ shape, option, longest },
    read: lines => lines.join(' ').trim() || undefined,
    spell: (value?: string) => (value ? [value] : []),
  })

/**
 * What staff say of an app, by the names of OpenID Connect Dynamic Client Registration 1.0, 2: the admin API takes each by its shape, the
 * form in the staff area and the command line by how it is typed. It is never `first_party`: one admin could have people led to an app
 * that takes their tokens unasked.
 */
export const appFields = {
  client_name: field({
    shape: z.string().trim().max(200),
    option: ['name', 'NAME', 'what people call it'],
    longest: 200,
    read: lines => lines.join(' '),
    spell: (value?: string) => (value ? [value] : []),
  }),
  redirect_uris: list(['redirect-uri', 'URI', 'where people come back to; may be given again'], 2_000, 50),
  post_logout_redirect_uris: list(
    ['logout-uri', 'URI', 'where they may be led after they signed out; may be given again'],
    2_000,
    50,
  ),
  backchannel_logout_uri: text(
    ['backchannel-logout-uri', 'U', 'what is told of sessions that end'],
    2_000,
    z.string().max(2_000).optional(),
  ),
  scope: text(
    ['scope', '"SCOPE SCOPE"', 'the scopes that belong to no API, such as "openid email"'],
    500,
    z.string().max(500).optional(),
  ),
  apis: field({
    shape: z.record(z.string().max(2_000), z.array(z.string().max(100)).max(100)).default({}),
    option: ['api', 'RESOURCE=SCOPES', 'an API and the scopes of it, with commas between them; may be given again'],
    ...{ many: true, longest: 2_200 },
    read: apisIn,
    spell: (value: Readonly<Record<string, readonly string[]>> = {}) =>
      Object.entries(value).flatMap(([resource, scopes]) => scopes.map(scope => `${resource} ${scope}`)),
  }),
  roles: list(['role', 'ROLE', 'a role that people can have in it; may be given again'], 100, 50),
  claims: field({
    shape: byName(
      z.record(
        z.string().max(200),
        z.strictObject({ from: z.string().max(200), in: z.array(z.string().max(100)).optional() }),
      ),
    )
      .default({})
      .describe('Which attributes, or roles, the app is told of people who allow it, by the name of the claim'),
    option: [
      'claim',
      'CLAIM=ATTRIBUTE',
      'an attribute, or roles, that it is told, as "tier = kyc_tier in id_token"; may be given again',
    ],
    ...{ many: true, longest: addresses },
    read: claimsIn,
    spell: claimLines,
  }),
}

export type AppField = keyof typeof appFields
export const appFieldNames = Object.keys(appFields) as AppField[]
const shapes = Object.fromEntries(appFieldNames.map(name => [name, appFields[name].shape])) as {
  [Name in AppField]: (typeof appFields)[Name]['shape']
}

/** What staff say of an app; its entry is checked by the rules of clients.json besides. */
export const appWishes = z.strictObject(shapes)
export type AppWishes = z.output<typeof appWishes>

/** What was typed of an app, by field, a line each. */
type Lines = Record<AppField, readonly string[]>

/** Spells an app out as it is typed; of a new one, nothing. */
export function appLines(app: Partial<Record<AppField, unknown>> = {}): Lines {
  const spelt = appFieldNames.map(name => [name, appFields[name].spell(app[name] as never)])
  return Object.fromEntries(spelt) as unknown as Lines
}

/** Reads what was typed of an app, as `appWishes` parses it: a field that is empty or not there is left out. */
export function appTyped(typed: Partial<Lines>): Record<string, unknown> {
  const read = appFieldNames.map(name => [name, typed[name] && appFields[name].read(typed[name])] as const)
  return Object.fromEntries(read.filter(([, value]) => value !== undefined))
}

/** Reads an API and scopes of it from each line, the API said again where it has several. */
function apisIn(lines: readonly string[]): Record<string, string[]> {
  const parts = lines.map(line => {
    // A resource may have an equals sign of its own; no scope has one, or a space.
    const at = Math.max(line.lastIndexOf(line.includes(' ') ? ' ' : '='), 0)
    return {
      resource: line.slice(0, at),
      scopes: line.slice(at + 1).split(','),
    }
  })
  const asked = [...Map.groupBy(parts, each => each.resource)]
  return Object.fromEntries(asked.map(([resource, each]) => [resource, each.flatMap(({ scopes }) => scopes)]))
}

/** Spells claims out as they are typed, a line each: without where they are told, if that is everywhere. */
function claimLines(claims: Claims = {}): string[] {
  return Object.entries(claims).map(([name, { from, in: told = places }]) => {
    const limited = places.every(each => told.includes(each)) ? '' : ` in ${told.join(' ')}`
    return `${name} = ${from}${limited}`
  })
}

/** Reads such lines; one without `=` is a claim by the name of the attribute. A claim from two attributes is from none that is declared. */
function claimsIn(lines: readonly string[]): Claims {
  const read = lines.flatMap(line => {
    const [, named, said = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(line.trim()) ?? []
    const [from = '', word, ...told] = said.trim().split(/[\s,]+/)
    const limit = word === undefined ? {} : { in: word === 'in' ? told : [word] }
    return line.trim() === '' ? [] : [{ name: named?.trim() ?? from, from, ...limit }]
  })
  const claims = [...Map.groupBy(read, each => each.name)].map(([name, [first, ...others]]) => {
    const from = [...new Set([first, ...others].map(each => each?.from))].join(', ')
    return [name.slice(0, 200), { from: from.slice(0, 200), ...(first?.in && { in: first.in }) }] as const
  })
  return Object.fromEntries(claims)
}
