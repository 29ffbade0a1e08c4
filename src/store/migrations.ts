import { z } from 'zod'
import { allOf, type Collection, type Doc, declare, every, retry, type Store } from './collection.ts'

/** One step forward, the same in every engine. It may be interrupted and run again, so it must bear being repeated. */
export interface Migration {
  /** What it does, for the operator. */
  means: string
  up(store: Store): Promise<void>
}

/** Every migration there is, in order; a store's schema version is how many of them it has seen. Only ever add to the end. */
export const migrations: readonly Migration[] = [
  { means: 'lists in every account which credentials are in force', up: listCredentials },
  { means: 'names security stamps, anti-phishing phrases and SMS alerts as the program does', up: renameFields },
  { means: 'says of each invitation until when it is valid, apart from how long it is kept', up: dateInvitations },
]

/** The version of a store that a restore is filling: every program, older ones too, takes it for newer than itself and refuses it. */
export const unfinished = 1_000_000_000

/** The store was kept by a newer program, which may have changed what this one would misread. */
export class StoreTooNew extends Error {
  readonly version: number
  constructor(version: number, known: number) {
    super(
      version === unfinished
        ? 'A restore into this store did not finish. Run latchkey restore with --replace again.'
        : `The store has schema version ${version}; this program knows ${known}. Start the newer Latchkey that kept it, or restore a backup.`,
    )
    this.name = 'StoreTooNew'
    this.version = version
  }
}

type Stored = Doc & Record<string, unknown>
const shape = z.looseObject({ id: z.string() })
const accounts = declare<Stored>({ name: 'accounts', shape, unique: ['email'], indexes: ['closesAt'] })
const credentials = declare<Stored>({ name: 'credentials', shape, unique: ['lookup'], indexes: ['account'] })
const interactions = declare<Stored>({ name: 'interactions', shape })
const invitations = declare<Stored>({ name: 'invitations', shape, indexes: ['expiresAt'] })
/** Where else a security stamp is kept: without it, what people began, were mailed, trust or sign with would be void. */
const stamped = [
  declare<Stored>({ name: 'attempts', shape }),
  declare<Stored>({ name: 'links', shape, indexes: ['account'] }),
  declare<Stored>({ name: 'devices', shape, indexes: ['account'] }),
  declare<Stored>({ name: 'api_keys', shape, indexes: [['account', 'revokedAt']] }),
]

/**
 * Before, each credential said for itself when it had gone out of force, so that one which replaced another took two writes;
 * those that went out lately become changes that can still be undone.
 */
async function listCredentials(store: Store): Promise<void> {
  const [people, kept] = [store.collection(accounts), store.collection(credentials)]
  for await (const { id, holds } of every(people, {})) {
    if (holds !== undefined) continue
    const found = await allOf(kept, { account: id })
    const out = found.filter(({ retiredAt }) => typeof retiredAt === 'number')
    const listed = found.filter(each => !out.includes(each)).map(each => each.id)
    const changes = out
      .map(each => ({ at: Number(each.retiredAt), id: `retired-${each.id}`, went: [each.id] }))
      .sort((a, b) => a.at - b.at)
      .map(each => ({ ...each, came: [], replaced: [], was: {} }))
    await people.patch(id, { holds: listed, ...(changes.length > 0 && { changes }) }, { holds: undefined })
    // From here on the account says how long they can be put back.
    for (const each of out) await kept.patch(each.id, { retiredAt: undefined, expiresAt: undefined })
  }
}

/** Former names of fields, and those of today. */
const names: Record<string, string> = { guard: 'securityStamp', phrase: 'antiPhishingPhrase', texts: 'smsAlerts' }

/** Accounts come last: until then, a stamp that is still to be renamed fits no account that has one. */
async function renameFields(store: Store): Promise<void> {
  for (const declaration of stamped) await changeAll(store.collection(declaration), renaming)
  await changeAll(store.collection(interactions), ({ payload }) => {
    const { result, ...rest } = payload as { result?: { login?: object } }
    if (!result?.login || !('guard' in result.login)) return {}
    return { payload: { ...rest, result: { ...result, login: renamed(result.login) } } }
  })
  await changeAll(store.collection(accounts), found => {
    const changes = (found.changes ?? []) as { replaced: string[]; was: object }[]
    const anew = changes.map(({ replaced, was, ...rest }) => ({
      ...{ ...rest, replaced: replaced.map(each => names[each] ?? each), was: renamed(was) },
    }))
    const older = changes.some(({ replaced }) => replaced.some(each => each in names))
    return { ...renaming(found), ...(older && { changes: anew }) }
  })
}

/** The changes that give a document's fields their names of today. */
function renaming(found: object): Record<string, unknown> {
  const former = Object.entries(found).filter(([name, value]) => name in names && value !== undefined)
  return Object.fromEntries(
    former.flatMap(([name, value]) => [
      [name, undefined],
      [names[name], value],
    ]),
  )
}

function renamed(of: object): object {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [names[name] ?? name, value]))
}

/** Before, an invitation was kept for as long as it was valid. */
async function dateInvitations(store: Store): Promise<void> {
  await changeAll(store.collection(invitations), ({ until, expiresAt }) =>
    until === undefined ? { until: expiresAt } : {},
  )
}

/** Changes every document by compare-and-set; one that another process changes meanwhile is read again. */
async function changeAll(kept: Collection<Stored>, made: (found: Stored) => Record<string, unknown>): Promise<void> {
  for await (const each of every(kept, {})) {
    let found: Stored | undefined = each
    await retry(async () => {
      const changes = found ? made(found) : {}
      if (Object.keys(changes).length === 0) return true
      const before = Object.fromEntries(Object.keys(changes).map(name => [name, found?.[name]]))
      const changed = await kept.patch(each.id, changes, before)
      if (!changed) found = await kept.get(each.id)
      return changed
    })
  }
}
