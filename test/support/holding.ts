import { accountsDeclaration } from '../../src/accounts/account.ts'
import type { Credentials, NewCredential } from '../../src/accounts/credential.ts'
import type { Store } from '../../src/store/collection.ts'

/** Puts credentials in and out of force, as commits of the program do. */
export function holding(store: Store, kept: Pick<Credentials, 'add'>, now: () => number) {
  const accounts = store.collection(accountsDeclaration)
  const owner = async (id: string) => {
    const found = await accounts.get(id)
    if (!found) throw new Error(`no account ${id}`)
    return found
  }
  return {
    give: async (credential: NewCredential): Promise<string> => {
      const id = await kept.add(credential)
      const { holds = [] } = await owner(credential.account)
      await accounts.patch(credential.account, { holds: [...holds, id] })
      return id
    },
    retire: async (account: string, id: string, by: { session?: string; device?: string } = {}): Promise<void> => {
      const { holds = [], changes = [] } = await owner(account)
      const browser = { device: `device of ${id}`, ...by }
      const change = { id: `out-${id}`, at: now(), ...browser, came: [], went: [id], replaced: [], was: {} }
      await accounts.patch(account, { holds: holds.filter(each => each !== id), changes: [...changes, change] })
    },
  }
}
