import { setTimeout as wait } from 'node:timers/promises'
import type { Arrived } from './receivers.ts'

/** A message that waited while nothing was taken. */
export interface Queued {
  id: string
  channel: string
  lane: string
  order: number
  until: number
}

/** Waits for something; resolves to whether it came within so many milliseconds. */
export async function until(met: () => boolean | Promise<boolean>, longest: number): Promise<boolean> {
  const end = performance.now() + longest
  while (performance.now() < end) {
    if (await met()) return true
    await wait(200)
  }
  return false
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
/** The logout token that an app was posted. */
export const logoutToken = (text: string): string => new URLSearchParams(text).get('logout_token') ?? ''

/** Returns, by what each message is known by, the places at which it arrived. */
export function arrivedIds(arrivals: readonly Arrived[]): Map<string, number[]> {
  const found = new Map<string, number[]>()
  const ids: Record<string, (each: Arrived) => string> = {
    email: ({ text }) => /^Message-ID: <([^@>]+)@/im.exec(text)?.[1] ?? '',
    sms: ({ headers }) => String(headers['idempotency-key']),
    webhook: ({ text }) => String(JSON.parse(text).sequence),
    app: ({ text }) => String(claimsOf(logoutToken(text)).sid),
  }
  for (const [at, each] of arrivals.entries()) {
    const id = ids[each.channel]?.(each) ?? ''
    found.set(id, [...(found.get(id) ?? []), at])
  }
  return found
}

/** Returns what did not arrive and is no code that ran out, and what came before what was posted earlier to the same receiver. */
export function lostOrMixed(
  queued: readonly Queued[],
  came: ReadonlyMap<string, number[]>,
  entries: readonly { sequence: number; name: string; data: Record<string, unknown> }[],
  abandoned: readonly Record<string, unknown>[],
  since: number,
): string[] {
  const faults: string[] = []
  const told = new Set(abandoned.map(each => each.message))
  const lanes = new Map<string, number>()
  for (const { id, channel, lane, until } of [...queued].sort((one, other) => one.order - other.order)) {
    const [at] = came.get(id) ?? []
    if (at === undefined) {
      if (until > Date.now() || !told.has(id)) faults.push(`a message by ${channel} was lost`)
      continue
    }
    if (at < (lanes.get(lane) ?? -1)) faults.push(`a message by ${channel} came too early`)
    lanes.set(lane, at)
  }
  const last = new Map<unknown, number>()
  for (const { sequence, name, data } of entries) {
    if (sequence <= since || data.channel === 'webhook') continue
    const [at] = came.get(String(sequence)) ?? []
    if (at === undefined) faults.push(`the webhook was not told of ${name} (${sequence})`)
    else if (data.account !== undefined && at < (last.get(data.account) ?? -1)) faults.push(`${name} came too early`)
    if (at !== undefined) last.set(data.account, at)
  }
  return faults
}

/** Counts how often each is there. */
export function tally(all: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of all) counts[each] = (counts[each] ?? 0) + 1
  return counts
}
