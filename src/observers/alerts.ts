import { type Accounts, owned } from '../accounts/account.ts'
import { addedLately } from '../accounts/address.ts'
import { type Credential, type Credentials, madeByStaff, regret } from '../accounts/credential.ts'
import { type Agent, agentOf } from '../accounts/device.ts'
import type { Links } from '../accounts/link.ts'
import { zoneOf } from '../accounts/time-zone.ts'
import type { SendMail, Whence } from '../delivery/mails.ts'
import { events, type Observer, type Recorded } from '../events.ts'
import { staffEvents } from '../staff-events.ts'

/** How a person may be reached. */
export interface Reach {
  email?: string | undefined
  phone?: string | undefined
  /** A number that staff put in and nobody has proved yet: it hears of its own coming and going, and of identity checks. */
  unproved?: string | undefined
}

/** How long an identity check can be stopped by its mails, in milliseconds: longer than one lasts. */
const stoppable = 60 * 24 * 3_600_000
/** What came to an account so shortly before is disowned too, in milliseconds: who breaks in does more than one thing. */
const prelude = 24 * 3_600_000

interface Services {
  accounts: Accounts
  credentials: Credentials
  links: Links
  sendMail: SendMail
  /** What a credential says of how to reach its owner. */
  reach: (credential: { factor: string; secret: unknown }) => Reach
  /** Until when a credential counts for no more than the proof that authorised it, in milliseconds. */
  limitedUntil: (credential: Credential) => number | undefined
  /** What of an address or number may be shown; undefined for a credential of another kind. */
  mask: (credential: { factor: string; secret: unknown }) => string | undefined
  /** Where the person who asked for an identity check can be reached, masked. */
  contactOf: (id: string) => Promise<string>
  say: (locale: string, key: string, values: Record<string, string | number>) => string
  words: {
    /** Where something was done from. */
    whence(locale: string, origin: { address?: string | undefined; agent: Agent }): Whence
    /** When, in the reader's time zone. */
    moment(locale: string, at: number, zone?: string): string
  }
}

/** What staff do for owners. What they do about identity checks is told by mails of its own. */
const byStaff = new Set(Object.keys(staffEvents).filter(name => !name.startsWith('identity.')))

type Data = Record<'account' | 'factor' | 'credential' | 'former' | 'case', string | undefined>

/**
 * Tells owners what was done to their account: every event that is declared so, to every address that they had in the
 * last days, so that somebody who changes the address cannot keep them from hearing of it; and by text where they chose that or the
 * number itself was changed. Awaited: nothing is done that its
 * owner would not be told of.
 */
export function alerts(services: Services): Observer {
  const { accounts, credentials, links, sendMail, reach, mask, limitedUntil, contactOf, say, words } = services
  const tell = async ({ name, at, data, origin }: Recorded): Promise<void> => {
    const { account, factor, credential, former, case: check } = data as Partial<Data>
    const owner = account === undefined ? undefined : await accounts.get(account)
    if (!owned(owner)) return
    const { id, locale, antiPhishingPhrase } = owner
    const zone = zoneOf(owner)
    const reached = (list: readonly Credential[]) =>
      list.map(each => ({ id: each.id, createdAt: each.createdAt, ...reach(each) }))
    const all = await credentials.of(id)
    const [held, out] = [reached(all), reached(await credentials.out(id))]
    const about = all.find(each => each.id === credential)
    const limit = about && limitedUntil(about)
    const lately = (owner.changes ?? []).filter(each => !each.undo && each.at > at - regret)
    const [staffs, others] = [lately.filter(madeByStaff), lately.filter(each => !madeByStaff(each))]
    const replaced = new Set(staffs.flatMap(each => each.went))
    // Two of the staff and a proof say whose the address is that they put in.
    const came = new Set((owner.emailUnproved ? lately : others).flatMap(each => each.came))
    const key = factor === undefined ? `alert.${name}` : `factor.${factor}.${name.split('.')[1]}`
    const gone = about ? undefined : (await credentials.out(id)).find(each => each.id === credential)
    const letter = {
      named: (about ?? gone)?.label,
      became: about && name !== 'factor.removed' ? mask(about) : undefined,
      what: say(locale, key, plainIn(data)),
      when: words.moment(locale, at, zone),
      ...(limit !== undefined && { limit: words.moment(locale, limit, zone) }),
      ...words.whence(locale, { address: origin.address, agent: agentOf(origin.agent) }),
    }

    const keeping = async () => {
      const { closesAt, securityStamp } = owner
      if (name !== 'closing.started' || closesAt === undefined) return undefined
      const keep = await links.make({ purpose: 'keep', account: id, securityStamp }, closesAt - at)
      return { keep, until: words.moment(locale, closesAt, zone) }
    }

    const mailed = new Set<string>()
    for (const { id: address, createdAt, email } of [...held, ...out]) {
      if (email === undefined || mailed.has(email)) continue
      mailed.add(email)
      if (check !== undefined && name !== 'identity.completed') {
        const stops = { purpose: 'cancel' as const, account: id, address, since: createdAt, case: check }
        const bearer = await links.make(stops, stoppable)
        const { what, when } = letter
        const contact = await contactOf(check)
        const recent = addedLately({ createdAt }, owner, at)
        await sendMail(
          'check-told',
          { email, locale, antiPhishingPhrase, account: id },
          { what, when, number: check, contact, recent, bearer },
        )
        continue
      }
      // An address that was added lately may be a stranger's: its reader is told, and can undo nothing for as long as the
      // change that added it can be undone.
      const recent = came.has(address)
      const stranger = recent || (address === credential && email === owner.email)
      const { change, session, device } = origin
      // What was removed was not added by the act: it comes back.
      const added = name === 'factor.removed' ? undefined : credential
      const act = { came: added, since: at - prelude, change, session, device }
      const link = { purpose: 'disown' as const, account: id, address, ...act }
      const staff = byStaff.has(name)
      const disown = stranger || staff || replaced.has(address) ? undefined : await links.make(link, regret)
      const support = staffs.some(each => [...each.went, ...each.came].includes(address))
      const told = { ...letter, ...(await keeping()), disown, staff, support, recent: recent && address !== credential }
      await sendMail('alert', { email, locale, antiPhishingPhrase, account: id }, told)
    }
    // An identity check can end with everything in other hands: every number hears of it.
    const changed = [...held, ...out].filter(each => check !== undefined || [credential, former].includes(each.id))
    // Who no longer wants to be texted is told so once more: it may not have been them.
    const texted = owner.smsAlerts || name === 'texts.changed' ? held : []
    const unproved = changed.flatMap(each => each.unproved ?? [])
    const numbers = [...unproved, ...[...changed, ...texted].flatMap(each => each.phone ?? [])]
    for (const textTo of new Set(numbers)) await sendMail('alert', { textTo, locale, account: id }, letter)
  }
  return {
    awaited: true,
    observe: recorded => {
      if (events[recorded.name].tell === 'owner') return tell(recorded)
    },
  }
}

/** What a phrase may say of it. */
function plainIn(data: Recorded['data']): Record<string, string | number> {
  const told = Object.entries(data).filter((each): each is [string, string | number] =>
    ['string', 'number'].includes(typeof each[1]),
  )
  return Object.fromEntries(told)
}
