import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import { nameIn, rolesOfApp, valueFor } from '../clients/attributes.ts'
import type { Services } from './services.ts'

/** An attribute as its person reads it: what it is called, and what apps are told now; undefined where it is not set. */
export type ToldAttribute = Awaited<ReturnType<ReturnType<typeof toldAttributes>>>[number]

/** Returns what says in the reader's words what an app may be told of an account. */
export function toldAttributes({ app, attributes, show }: Pick<Services, 'app' | 'attributes' | 'show'>) {
  return async ({ state: { locale } }: Context, client: string, account: Account, names: readonly string[]) => {
    const found = await app(client)
    const declared = attributes()
    const worded = (value: ReturnType<typeof valueFor>): string | undefined => {
      if (typeof value === 'boolean') return show.say(locale, 'told.truth', { value: String(value) })
      return Array.isArray(value) ? value.join(', ') : value?.toString()
    }
    return names.map(attribute => ({
      attribute,
      name:
        attribute === rolesOfApp
          ? show.say(locale, 'told.roles')
          : (nameIn(locale, declared.get(attribute)?.name) ?? attribute),
      value: worded(valueFor(found ?? { id: client }, account, attribute, declared)),
    }))
  }
}
