import { z } from 'zod'
import { type Account, type Accounts, owned } from '../accounts/account.ts'
import { attributeTypes, attributeValue } from '../clients/attributes.ts'
import type { Clients } from '../clients/registry.ts'
import { storedApps } from '../clients/stored-apps.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { retry, type Store } from '../store/collection.ts'
import { forReason, nothing, operation, recordOf, toAccount } from './operation.ts'

interface Services {
  accounts: Pick<Accounts, 'get' | 'amend'>
  clients: Pick<Clients, 'declared' | 'ours' | 'fromStore'>
  store: Store
  emit: Emit
}

const value = z.union([z.string().max(200), z.number(), z.boolean(), z.null()])

/** What staff, and programs, say of people to apps: attributes, and roles in single apps. Each app is told what its entry maps, from its next token on. */
export function attributeOperations({ accounts, clients, store, emit }: Services) {
  const stored = storedApps(store)
  const change = (id: string, made: (found: Account) => Pick<Account, 'attributes' | 'appRoles'>) =>
    retry(async () => {
      const found = await accounts.get(id)
      if (!owned(found)) throw new Problem('not_found')
      return accounts.amend(found, made(found), { stamps: false })
    })
  return {
    attributes: {
      list: operation({
        id: 'attributes.list',
        means: 'Lists the attributes that people can have, and the apps that have roles or are told attributes.',
        scope: 'admin:people.read',
        at: 'GET /attributes',
        args: z.object({}),
        result: z.object({
          attributes: z.array(
            z.object({
              ...{ attribute: z.string(), type: z.enum(attributeTypes), values: z.array(z.string()).optional() },
              name: z
                .union([z.string(), z.record(z.string(), z.string())])
                .optional()
                .describe('What people are asked by; without one, third parties cannot be told of it'),
            }),
          ),
          apps: z.array(
            z.object({
              app: z.string(),
              name: z.string(),
              roles: z.array(z.string()),
              claims: z.record(z.string(), z.object({ from: z.string(), in: z.array(z.string()) })),
            }),
          ),
        }),
        run: async () => {
          const { attributes, apps: declared } = clients.declared()
          const apps = [...declared]
          for (let after: string | undefined, more = true; more; ) {
            const found = await stored.list(after)
            for (const { id } of found) apps.push(...[(await clients.fromStore(id))?.app ?? []].flat())
            after = found.at(-1)?.id
            more = after !== undefined
          }
          const told = apps.map(({ id, name, roles = [], claims = {} }) => ({
            ...{ app: id, name, roles: [...roles], claims },
          }))
          return {
            attributes: [...attributes.values()],
            apps: told.filter(({ roles, claims }) => roles.length > 0 || Object.keys(claims).length > 0),
          }
        },
      }),
      set: operation({
        id: 'attributes.set',
        means: 'Sets an attribute of a person, or removes it by null; apps are told at their next token.',
        scope: 'admin:people.claims',
        at: 'POST /people/{account}/attributes/{attribute}',
        args: z.object({ ...toAccount, attribute: z.string().max(40), value, ...forReason }),
        result: nothing,
        event: 'attribute.changed',
        run: async ({ account, attribute, value: given, reason }, by) => {
          const declared = clients.declared().attributes.get(attribute)
          if (!declared) throw new Problem('not_found')
          const fitting = given === null ? undefined : attributeValue(declared, given)
          if (given !== null && fitting === undefined) throw new Problem('invalid_attribute', { field: 'value' })
          await change(account, ({ attributes }) => {
            const { [attribute]: _, ...others } = attributes ?? {}
            return { attributes: some({ ...others, ...(fitting !== undefined && { [attribute]: fitting }) }) }
          })
          await emit('attribute.changed', { account, attribute, ...recordOf(by, reason) }, by.origin)
          return {}
        },
      }),
    },
    appRoles: {
      set: operation({
        id: 'app-roles.set',
        means: 'Replaces the roles of a person in one app; the app is told at its next token.',
        scope: 'admin:people.claims',
        at: 'POST /people/{account}/app-roles/{app}',
        args: z.object({
          ...toAccount,
          app: z.string().max(64),
          roles: z.array(z.string().max(40)).max(50),
          ...forReason,
        }),
        result: nothing,
        event: 'app-roles.changed',
        run: async ({ account, app: id, roles, reason }, by) => {
          const app = await clients.ours(id)
          if (!app) throw new Problem('not_found')
          if (roles.some(each => !app.roles?.includes(each))) throw new Problem('invalid_attribute', { field: 'roles' })
          await change(account, ({ appRoles }) => {
            const { [id]: _, ...others } = appRoles ?? {}
            return { appRoles: some({ ...others, ...(roles.length > 0 && { [id]: [...new Set(roles)] }) }) }
          })
          await emit('app-roles.changed', { account, app: id, ...recordOf(by, reason) }, by.origin)
          return {}
        },
      }),
    },
  }
}

/** Returns an object that has something in it. */
const some = <T extends object>(object: T): T | undefined => (Object.keys(object).length > 0 ? object : undefined)
