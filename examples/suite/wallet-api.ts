import Router from '@koa/router'
import type { Middleware } from 'koa'
import { guard as guardOf, type Need, type Options, Refused, waitWhileHeld } from '../resource-server/guard.ts'
import { describe, type Guarded, protect } from '../resource-server/koa.ts'

/** What the API can send, on which network, and up to how much in a day without an approval of its own. A toy: nothing moves. */
export const assets = {
  BTC: { name: 'Bitcoin', network: 'bitcoin', small: '0.01' },
  ETH: { name: 'Ether', network: 'ethereum', small: '0.1' },
  SOL: { name: 'Solana', network: 'solana', small: '1' },
} as const
type Asset = keyof typeof assets

interface Withdrawal {
  id: string
  asset: string
  amount: string
  network: string
  address: string
  memo?: string
  /** The receipt of its approval; a small one needs none. */
  receipt?: string
}

/** What somebody sent without an approval, so that many small ones are not a large one. */
interface Small {
  asset: string
  units: bigint
  at: number
}
const day = 24 * 3_600_000

const read: Need = { scope: 'read' }
/** Money: proved by a passkey, and in the last five minutes. */
const transfer: Need = { scope: 'transfer', acr: 'phr', maxAge: 300 }
const approved: Need = { scope: 'transfer', approval: 'withdrawal' }

/** The wallet's API: what is small takes a passkey, and what is not takes an approval of that very withdrawal. */
export function walletApi(options: Options): Middleware {
  const { audience, now = Date.now } = options
  const { pathname: base } = new URL(audience)
  const guard = guardOf(options)
  const kept = new Map<string, Withdrawal[]>()
  const countSmall = smallSums(now)

  const send = (account: string, sent: Omit<Withdrawal, 'id'>): Withdrawal => {
    const own = kept.get(account) ?? []
    const withdrawal = { id: String(Number(own.at(-1)?.id ?? 0) + 1), ...sent }
    // A toy's memory: the last hundred of the last thousand accounts.
    kept.delete(account)
    kept.set(account, [...own.slice(-99), withdrawal])
    if (kept.size > 1_000) kept.delete(kept.keys().next().value ?? '')
    return withdrawal
  }

  const router = new Router<Guarded>({ prefix: base })
  router.get('/withdrawals', protect(guard, read), context => {
    context.body = { withdrawals: kept.get(context.state.caller.account) ?? [] }
  })
  router.post('/withdrawals', protect(guard, transfer), context => {
    const { caller, body } = context.state
    const detail = wanted(body)
    waitWhileHeld(caller, now())
    // It says what has to be approved: the app asks for that, and not for what it makes of the form itself.
    if (caller.key === undefined && !countSmall(caller.account, detail))
      throw new Refused(403, { error: 'approval_required', authorization_details: [detail] })
    const { type: _, ...sent } = detail
    context.status = 201
    context.body = send(caller.account, sent)
  })
  // There is nothing to read in what was sent: what is done is what was approved.
  router.post('/withdrawals/approved', protect(guard, approved), context => {
    const { account, approved: given } = context.state.caller
    if (!given) throw new Refused(401, { error: 'unauthorized' })
    const { type: _, ...detail } = given.detail as unknown as Detail
    context.status = 201
    context.body = send(account, { ...detail, receipt: given.receipt })
  })

  const routes = router.routes() as unknown as Middleware
  const described = describe({ ...options, name: 'Wallet', scopes: ['read', 'transfer'], approvals: ['withdrawal'] })
  return async (context, next) => {
    if (!context.path.startsWith(`${base}/`)) return described(context, next)
    try {
      await routes(context, async () => {})
      if (context.status === 404) throw new Refused(404, { error: 'not_found' })
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault
      context.status = fault.status
      context.set(fault.headers)
      context.body = fault.body
    }
  }
}

/** Counts what accounts send without an approval: false, and nothing counted, for what is not small beside the rest of their last day. */
export function smallSums(now: () => number, spent = new Map<string, Small[]>()) {
  return (account: string, { asset, amount }: { asset: string; amount: string }): boolean => {
    const at = now()
    // Whoever sent something last is at the end: what is a day old is at the beginning, and forgotten.
    for (const [each, sent] of spent) {
      if ((sent.at(-1)?.at ?? 0) > at - day) break
      spent.delete(each)
    }
    const lately = (spent.get(account) ?? []).filter(each => each.at > at - day)
    const units = unitsOf(amount)
    const sum = lately.filter(each => each.asset === asset).reduce((sum, each) => sum + each.units, units)
    if (sum > unitsOf(assets[asset as Asset].small)) return false
    spent.delete(account)
    spent.set(account, [...lately, { asset, units, at }])
    return true
  }
}

type Detail = Omit<Withdrawal, 'id' | 'receipt'> & { type: 'withdrawal' }

/** Reads what is to be sent; throws Refused (422) with the field that is wrong. */
function wanted(body: Uint8Array): Detail {
  const wrong = (field: string) => new Refused(422, { error: 'invalid_withdrawal', field })
  let sent: Record<string, unknown>
  try {
    sent = { ...JSON.parse(new TextDecoder().decode(body)) }
  } catch {
    throw wrong('asset')
  }
  const { asset, amount, address, memo } = sent
  if (typeof asset !== 'string' || !Object.hasOwn(assets, asset)) throw wrong('asset')
  const { network } = assets[asset as Asset]
  if (typeof amount !== 'string' || !/^(0|[1-9]\d{0,11})(\.\d{1,18})?$/.test(amount) || !/[1-9]/.test(amount))
    throw wrong('amount')
  if (typeof address !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9:._-]{9,127}$/.test(address)) throw wrong('address')
  if (memo !== undefined && (typeof memo !== 'string' || memo.length > 140)) throw wrong('memo')
  return { type: 'withdrawal' as const, asset, amount, network, address, ...(memo && { memo }) }
}

/** An amount in units of the 18th decimal, so that sums are exact. */
function unitsOf(amount: string): bigint {
  const [whole = '', decimals = ''] = amount.split('.')
  return BigInt(whole + decimals.padEnd(18, '0'))
}
