import Bowser from 'bowser'
import type { Context } from 'koa'
import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import type { Origin } from '../events.ts'
import { allOf, claim, declare, type Store } from '../store/collection.ts'

/** A browser in words that people know: "Chrome" on "Windows". What could not be told is absent. */
export const agentShape = z.object({ browser: z.string().optional(), system: z.string().optional() })
export type Agent = z.output<typeof agentShape>

/** Agents that were read last, by their headers: reading one tries hundreds of patterns, and few browsers send most requests. */
const read = new Map<string, Agent>()
const mostRead = 500

/** Reads a User-Agent header. Senders may write anything into it, so only plain short names come through. */
export function agentOf(header: string | undefined): Agent {
  if (!header) return {}
  const sent = header.slice(0, 300)
  const known = read.get(sent)
  if (known) return { ...known }
  const { browser, os } = Bowser.parse(sent)
  const agent = { browser: plain(browser.name), system: plain(os.name) }
  if (read.size >= mostRead) read.clear()
  read.set(sent, agent)
  return { ...agent }
}

function plain(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z][\w .-]{0,39}$/.test(name) ? name : undefined
}

const year = 365 * 24 * 3_600_000

const shape = z.object({
  id: z.string(),
  account: z.string(),
  /** The device cookie's digest. */
  device: z.string(),
  agent: agentShape,
  /** Where it was last seen. */
  address: z.string(),
  createdAt: z.number(),
  seenAt: z.number(),
  /** Until when it stands in for a second step, and the account's security stamp when that was agreed: trust ends with any change of what protects the account. */
  trustedUntil: z.number().optional(),
  securityStamp: z.number().optional(),
  expiresAt: z.number(),
})

export const devicesDeclaration = declare({ name: 'devices', shape, indexes: ['account'] })

/** How long somebody may change their mind about a device that they had forgotten, in milliseconds. */
const regret = 10 * 60_000
const forgottenDeclaration = declare({
  name: 'forgotten_devices',
  shape: z.object({ id: z.string(), account: z.string(), session: z.string(), device: shape, expiresAt: z.number() }),
})

/** A device that an account has signed in on. Times in milliseconds since the epoch. */
interface Device {
  /** The device cookie's digest. */
  device: string
  agent: Agent
  address: string
  seenAt: number
  /** Undefined where it stands in for nothing any more. */
  trustedUntil: number | undefined
}

/** What a device is seen by. */
interface Seen {
  device: string
  address: string
  /** The User-Agent header. */
  agent: string | undefined
}

/** The account, with its present security stamp. */
interface Owner {
  id: string
  securityStamp?: number | undefined
}

/** The device cookie's name. With the prefix no other host, and no plain http, can plant it (RFC 6265bis, 4.1.3.2). */
export function deviceCookie(https: boolean): string {
  return https ? '__Host-latchkey_device' : 'latchkey_device'
}

/** Tells whether a value has the form of our device cookies. */
export function isDevice(cookie: string | undefined): cookie is string {
  return cookie !== undefined && /^[\w-]{43}$/.test(cookie)
}

/** What a device cookie is kept as: the store alone cannot make the cookie. */
export function deviceId(cookie: string): string {
  return sha256(cookie)
}

export type Devices = ReturnType<typeof devices>

/** Remembers the devices that accounts have signed in on. */
export function devices({ store, trustFor, now }: { store: Store; trustFor: number; now: () => number }) {
  const kept = store.collection(devicesDeclaration)
  const forgotten = store.collection(forgottenDeclaration)
  type Kept = z.output<typeof shape>
  const key = (device: string, account: string) => `${account}.${device}`
  const stands = ({ trustedUntil, securityStamp }: Kept, owner: Owner): boolean =>
    trustedUntil !== undefined && trustedUntil > now() && securityStamp === owner.securityStamp

  return {
    /** For how long a device may be trusted, in milliseconds; 0 where none may. */
    trustFor,
    /** Tells whether this account has signed in on this device before. */
    known: async (device: string, account: string) => (await kept.get(key(device, account))) !== undefined,
    /** Returns every device that this account has signed in on and that was not forgotten since. */
    allOf: async (account: string) => new Set((await allOf(kept, { account })).map(({ device }) => device)),
    /** Remembers for a year that this account signed in here. */
    saw: async ({ device, address, agent }: Seen, account: string): Promise<void> => {
      const at = now()
      const id = key(device, account)
      const seen = { address, agent: agentOf(agent), seenAt: at, expiresAt: at + year }
      const known = (await kept.get(id)) && (await kept.patch(id, seen))
      if (!known) await kept.put({ id, account, device, createdAt: at, ...seen })
    },
    /** Lets a device that was seen stand in for a second step from now on. */
    trust: async (device: string, { id, securityStamp }: Owner): Promise<void> => {
      await kept.patch(key(device, id), { trustedUntil: now() + trustFor, securityStamp })
    },
    /** Tells whether the device stands in for a second step. */
    trusted: async (device: string, owner: Owner): Promise<boolean> => {
      const found = await kept.get(key(device, owner.id))
      return found !== undefined && stands(found, owner)
    },
    /** Tells whether the owner ever trusted the device and did not forget it since: restrictions to devices go by that. */
    chosen: async (device: string, account: string) =>
      (await kept.get(key(device, account)))?.trustedUntil !== undefined,
    /** Returns every device that the account has signed in on, last seen first. */
    of: async (owner: Owner): Promise<Device[]> => {
      const found = await allOf(kept, { account: owner.id })
      return found
        .map(each => ({ ...each, trustedUntil: stands(each, owner) ? each.trustedUntil : undefined }))
        .sort((a, b) => b.seenAt - a.seenAt)
    },
    /** Returns the devices that the owner chose, last seen first: those that stand in for a second step, or all. */
    trustedBy: async (owner: Owner, all = false): Promise<Device[]> => {
      const found = await allOf(kept, { account: owner.id })
      return found
        .filter(each => (all ? each.trustedUntil !== undefined : stands(each, owner)))
        .map(each => ({ ...each, trustedUntil: stands(each, owner) ? each.trustedUntil : undefined }))
        .sort((a, b) => b.seenAt - a.seenAt)
    },
    /** Forgets the devices that the account first signed in on since this moment, and the named one. */
    forgetSince: async (account: string, since = 0, device?: string): Promise<void> => {
      for (const each of await allOf(kept, { account }))
        if (each.createdAt >= since || each.device === device) await kept.take(each.id)
    },
    /** Forgets a device; false when it was not known. The session that says so can have it back for some minutes. */
    forget: async (device: string, account: string, session?: string): Promise<boolean> => {
      const taken = await kept.take(key(device, account))
      if (taken && session !== undefined)
        await forgotten.put({ id: taken.id, account, session, device: taken, expiresAt: now() + regret })
      return taken !== undefined
    },
    /** Takes back that a device was forgotten in this session; false when it was not, or too long ago. */
    restore: async (device: string, account: string, session: string): Promise<boolean> => {
      const id = key(device, account)
      if ((await forgotten.get(id))?.session !== session) return false
      const taken = await forgotten.take(id)
      return taken !== undefined && claim(kept, taken.device)
    },
  }
}

const admissionShape = z.object({ id: z.string(), account: z.string(), expiresAt: z.number() })
const admissionsDeclaration = declare({ name: 'admissions', shape: admissionShape })

export type Admissions = ReturnType<typeof admissions>

/**
 * Remembers on which devices somebody proved an account's mailbox a short while ago. Such a device has tries of its own, which no
 * guesser elsewhere can use up; it is not a device that the account has signed in on.
 */
export function admissions({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(admissionsDeclaration)
  const key = (device: string, account: string) => `${account}.${device}`
  return {
    /** Admits a device for `life` milliseconds. */
    admit: (device: string, account: string, life: number) =>
      kept.put({ id: key(device, account), account, expiresAt: now() + life }),
    admitted: async (device: string, account: string) => (await kept.get(key(device, account))) !== undefined,
  }
}

/** Returns where a request came from. */
export function originOf(ctx: Pick<Context, 'ip' | 'get' | 'cookies' | 'secure' | 'state'>): Origin {
  // Programs send none, and the object that reads them costs time.
  const device = ctx.get('Cookie') === '' ? undefined : ctx.cookies.get(deviceCookie(ctx.secure))
  return {
    address: ctx.ip,
    agent: ctx.get('User-Agent').slice(0, 300) || undefined,
    ...(typeof ctx.state.request === 'string' && { request: ctx.state.request }),
    ...(isDevice(device) && { device: deviceId(device) }),
  }
}
