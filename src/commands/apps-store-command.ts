import { type AppView, appKeeper, longestOverlap, usualOverlap } from '../admin/app-keeper.ts'
import {
  type AppField,
  type AppWishes,
  appFieldNames,
  appFields,
  appLines,
  appTyped,
  appWishes,
} from '../clients/app-fields.ts'
import { templateNames } from '../clients/app-templates.ts'
import { registrations } from '../clients/registrations.ts'
import { storedApps } from '../clients/stored-apps.ts'
import { type Sealer, sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { declaredBy, reason, reasonHelp, whole } from './apps-command.ts'
import { answer, type Command, type Given, json, Refusal, recording, withStore } from './command.ts'

const optionOf = (field: AppField): string => appFields[field].option[0]
/** The options of fields of an app: each may be given again, so that one that is said once too often is refused and not lost. */
const optionsOf = (fields: readonly AppField[]) =>
  Object.fromEntries(fields.map(each => [optionOf(each), { type: 'string', multiple: true } as const]))
const helpOf = (fields: readonly AppField[]): string[] =>
  fields.map(each => {
    const [name, value, text] = appFields[each].option
    return `  ${`--${name} ${value}`.padEnd(27)} ${text}`
  })

/** Returns what was said of an app, a line for each option. Throws Refusal. */
function typedIn({ each }: Given, fields: readonly AppField[]) {
  const said = fields.map(field => [field, each(optionOf(field))] as const).filter(([, lines]) => lines.length > 0)
  for (const [field, lines] of said)
    if (lines.length > 1 && !('many' in appFields[field])) throw new Refusal(`--${optionOf(field)} can be given once.`)
  for (const api of each(optionOf('apis')))
    if (api !== '' && !/^[^=].*=[^=]+$/s.test(api)) throw new Refusal(`--api ${api} must be RESOURCE=SCOPE,SCOPE.`)
  return Object.fromEntries(said.map(([field, lines]) => [field, lines.filter(Boolean)]))
}

/** Reads the details of an app from what was typed. Throws Refusal. */
function wishesOf(typed: Parameters<typeof appTyped>[0]): AppWishes {
  const { data, error } = appWishes.safeParse(appTyped(typed))
  if (!data) throw new Refusal(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
  return data
}

const named = appFieldNames.filter(each => each !== 'client_name')

/** `apps create`: an app in the store, as the staff area makes them. */
export const appsCreate: Command = {
  does: 'Creates an app from a template, and prints its id and, once, its secret',
  takes: 'NAME --template TEMPLATE [--redirect-uri URI] [--api RESOURCE=SCOPE,SCOPE] [--json]',
  options: { template: { type: 'string' }, id: { type: 'string' }, ...optionsOf(named), ...reason, ...json },
  words: true,
  help: [
    `  --template TEMPLATE         ${templateNames.join(', ')}`,
    '  --id ID                     the client id; made from the name unless given',
    ...helpOf(named),
    reasonHelp,
    '',
    'The app is checked by the rules of clients.json, and in force at once; people are asked to allow it. The secret is not shown again.',
  ].join('\n'),
  examples: [
    'apps create "Night shift" --template web --redirect-uri https://night.example.com/callback',
    'apps create Robot --template service --api https://api.example.com/trading=read,trade --json',
  ],
  run: given =>
    kept(given, async ({ keep, emit }) => {
      const { option } = given
      const template = templateNames.find(name => name === option('template'))
      if (template === undefined) throw new Refusal(`--template must be one of ${templateNames.join(', ')}.`)
      const wishes = wishesOf({ ...typedIn(given, named), client_name: [one(given, 'name')] })
      const { app, secret } = await keep().create(template, option('id'), wishes)
      await emit('app.created', { app: app.client_id, template, reason: option('reason') })
      return shown(given, app, secret)
    }),
}

/** `apps change`: what is said of an app of the store takes the place of what was said before. */
export const appsChange: Command = {
  does: 'Changes an app of the store: what is given replaces what was there, and the rest stays',
  takes: 'ID [--name NAME] [--redirect-uri URI] [--role ROLE] [--claim CLAIM=ATTRIBUTE] [--json]',
  options: { ...optionsOf(appFieldNames), ...reason, ...json },
  words: true,
  help: [
    ...helpOf(appFieldNames),
    reasonHelp,
    '',
    'An option that may be given again replaces all that it stands for; an empty text (--role "") leaves nothing of it.',
  ].join('\n'),
  examples: [
    'apps change night-shift --name "Day and night"',
    'apps change night-shift --role trader --role auditor --claim "groups = roles in id_token" --reason "Ticket 4711"',
  ],
  run: given =>
    kept(given, async ({ keep, emit }) => {
      const id = one(given, 'id')
      const typed = typedIn(given, appFieldNames)
      const was = await keep().one(id)
      if (was.source !== 'store') throw new Problem('not_found')
      const app = await keep().change(id, wishesOf({ ...appLines(was), ...typed }))
      await emit('app.changed', { app: id, reason: given.option('reason') })
      return shown(given, app)
    }),
}

/** `apps rotate`: a new secret for an app of the store. */
export const appsRotate: Command = {
  does: 'Gives an app of the store a new secret, printed once, while the former one still works',
  takes: 'ID [--hours N] [--json]',
  options: { hours: { type: 'string' }, ...reason, ...json },
  words: true,
  help: [
    `  --hours N                   for how long the former secret is accepted; default ${usualOverlap}, 0 if it has leaked`,
    reasonHelp,
  ].join('\n'),
  examples: ['apps rotate night-shift', 'apps rotate night-shift --hours 0 --reason "Secret leaked"'],
  run: given =>
    kept(given, async ({ keep, emit }) => {
      const typed = given.option('hours') ?? String(usualOverlap)
      const hours = typed === '0' ? 0 : whole('hours', typed, longestOverlap)
      const { app, secret } = await keep().rotate(one(given, 'id'), hours)
      await emit('app.rotated', { app: app.client_id, hours, reason: given.option('reason') })
      return shown(given, app, secret)
    }),
}

/** Returns the command that turns an app of the store off, or on again. */
const turning = (off: boolean): Command => ({
  does: off
    ? 'Disables an app of the store, or one that registered itself: no sign-ins, no new tokens'
    : 'Enables a disabled app again',
  takes: 'ID [--json]',
  options: { ...reason, ...json },
  words: true,
  help: reasonHelp,
  examples: [`apps ${off ? 'disable' : 'enable'} night-shift`],
  run: given =>
    kept(given, async ({ keep, emit }) => {
      const app = await keep().disable(one(given, 'id'), off)
      await emit(off ? 'app.disabled' : 'app.enabled', { app: app.client_id, reason: given.option('reason') })
      return shown(given, app)
    }),
})

/** `apps disable` and `apps enable`. */
export const appsDisable: Command = turning(true)
export const appsEnable: Command = turning(false)

/** `apps show`: one app, whatever its source. */
export const appsShow: Command = {
  does: 'Shows one app, whatever its source, without its secret',
  takes: 'ID [--json]',
  options: json,
  words: true,
  help: 'Times are in ISO 8601; in JSON in milliseconds since the epoch.',
  examples: ['apps show trading', 'apps show night-shift --json'],
  run: given => kept(given, async ({ keep }) => shown(given, await keep().one(one(given, 'id')))),
}

interface Room {
  /** Returns the apps of the store, to read and change. Only new secrets are sealed. */
  keep(): ReturnType<typeof appKeeper>
  emit: Emit
}

/** Does something with the apps of the store, and says in words why it could not. */
function kept(given: Given, act: (room: Room) => Promise<number>): Promise<number> {
  const configured = given.config()
  const declared = declaredBy(configured)
  return withStore(configured, async (store, keyring) => {
    const seal: Sealer['seal'] = (...args) => sealer(keyring()).seal(...args)
    const keep = () =>
      appKeeper({
        stored: storedApps(store),
        registrations: registrations(store),
        // An app that is known by a document is not fetched for this.
        clients: { declared: () => declared, app: async () => undefined },
        ...{ sealer: { seal }, issuer: configured.issuer, now: Date.now },
      })
    try {
      return await act({ keep, emit: recording(store, given) })
    } catch (fault) {
      throw fault instanceof Problem && fault.code !== 'unavailable' ? refusal(fault, given.words) : fault
    }
  })
}

function refusal({ code, cause }: Problem, [named = '']: readonly string[]): Refusal {
  if (code === 'not_found')
    return new Refusal(`No app that can be changed here has the id ${named}: those of clients.json are changed there.`)
  if (code === 'app_id_taken') return new Refusal('There is an app with this id: give another one with --id.')
  if (code === 'app_without_secret') return new Refusal(`${named} is an app without a secret.`)
  if (code === 'invalid_app_id' && cause === undefined)
    return new Refusal('--id must not begin like the ids of apps that register themselves.')
  return new Refusal(cause instanceof Error ? cause.message.replaceAll('; ', '\n') : code)
}

/** Returns the one word that the command takes. */
function one({ words: [word, ...more] }: Given, what: string): string {
  if (word === undefined || more.length > 0) throw new Refusal(`Give one ${what}, in quotes where it has spaces.`)
  return word
}

function shown(given: Given, app: AppView, secret?: string): number {
  const { createdAt, rotatedAt, disabledAt, formerUntil, ...rest } = app
  const iso = (at: number | undefined) => at && new Date(at).toISOString()
  const lines = {
    ...(secret !== undefined && { client_id: app.client_id, client_secret: secret }),
    ...rest,
    ...{ apis: Object.entries(app.apis).map(([resource, scopes]) => `${resource}=${scopes.join(',')}`) },
    claims: appLines(app).claims.join('; '),
    ...{ created: iso(createdAt), rotated: iso(rotatedAt), disabled: iso(disabledAt), former_until: iso(formerUntil) },
  }
  const written = Object.entries(lines)
    .filter(([, value]) => value !== undefined && String(value) !== '')
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(' ') : value}`)
  answer(given, secret === undefined ? app : { ...app, client_secret: secret }, written)
  if (secret !== undefined) given.beside.write('The secret is not shown again.\n')
  return 0
}
