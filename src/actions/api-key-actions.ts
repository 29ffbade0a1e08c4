import { z } from 'zod'
import { keyOf, nameOf, parseForm, type Typed } from '../api-keys/api-key-form.ts'
import type { Owner } from '../api-keys/owner.ts'
import { Problem } from '../errors.ts'
import { action, freshFor } from './action.ts'

interface Services {
  owner: Pick<Owner, 'keys' | 'make' | 'rotate' | 'rename' | 'revoke'>
  now: () => number
}

const home = '/account/api-keys'
const typed = z.object({
  name: z.string(),
  scope: z.array(z.string()),
  addresses: z.string(),
  expires: z.string(),
  public_key: z.string(),
}) satisfies z.ZodType<Typed>
const key = z.object({ key: z.string() })

// A secret is shown to somebody who has just proved the account's strongest factor itself: what stands in for a lost one makes no keys.
const secret = {
  assurance: (_: unknown, strongest: 'aal2' | 'phr' | 'mfa') => strongest,
  freshFor: freshFor.keys,
  leadsTo: home,
  shownAt: (flow: string) => `${home}?draft=${flow}`,
}
// Takes nothing from anybody's protection: a session is enough.
const open = { assurance: 'session', freshFor: freshFor.session, leadsTo: home } as const

/** What people do with their API keys. */
export function apiKeyActions({ owner, now }: Services) {
  const own = async (account: string, key: string) => {
    const found = (await owner.keys(account)).find(each => each.id === key)
    if (!found) throw new Problem('not_found')
    return found
  }
  return {
    create: action({
      ...secret,
      id: 'api-key.create',
      args: typed,
      check: async form => parseForm(form, now()),
      typedAt: home,
      loosens: ({ scope }) => scope.includes('transfer'),
      run: (form, { account, visitor }) => owner.make(account, parseForm(form, now()), visitor),
      event: 'api-key.created',
    }),
    rotate: action({
      ...secret,
      id: 'api-key.rotate',
      args: key.extend({ public_key: z.string() }),
      check: async ({ public_key }) => keyOf(public_key),
      // The new secret may be somebody else's.
      loosens: async ({ key }, { id }) =>
        (await owner.keys(id)).some(each => each.id === key && each.scopes.includes('transfer')),
      run: ({ key, public_key }, { account, visitor }) => owner.rotate(account, key, keyOf(public_key), visitor),
      event: 'api-key.rotated',
    }),
    rename: action({
      ...open,
      id: 'api-key.rename',
      args: key.extend({ name: z.string() }),
      check: async ({ name }) => nameOf(name),
      run: ({ key, name }, { account, visitor }) => owner.rename(account, key, name, visitor),
      event: 'api-key.renamed',
      done: async ({ key, name: to }, { account }) => {
        const { name } = await own(account.id, key)
        return { values: { to }, undo: { id: 'api-key.rename', args: { key, name } } }
      },
      undoes: true,
    }),
    revoke: action({
      ...open,
      id: 'api-key.revoke',
      args: key,
      run: ({ key }, { account, visitor }) => owner.revoke(account, key, visitor),
      event: 'api-key.revoked',
      done: async ({ key }, { account }) => ({ values: { what: (await own(account.id, key)).name } }),
      confirm: async ({ key }, { account }) => {
        const consequences = ['stops', 'for-good', 'other'].map(each => `confirm.api-key.revoke.${each}`)
        return { what: (await own(account.id, key)).name, act: 'act.revoke', consequences }
      },
    }),
  }
}
