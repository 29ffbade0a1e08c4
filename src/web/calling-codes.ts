import type { Context } from 'koa'
import type { Dialled } from '../factors/contacts.ts'
import type { Factor } from '../factors/factor.ts'
import type { Places } from '../risk/places.ts'

const lists = new Map<string, (Dialled & { name: string })[]>()

/**
 * Returns what a page needs to ask for a number of some country: the countries that a factor takes numbers of, by their names in the page's
 * language, and the one to begin with: `likely` where that is known. Undefined for a factor that asks for no number.
 */
export function callingCodes(ctx: Context, factor: Factor, places: Pick<Places, 'of'>, likely?: string) {
  const taken = factor.countries?.()
  if (!taken) return undefined
  const { locale } = ctx.state
  const kept = `${locale} ${taken.map(({ code }) => code).join()}`
  const list = lists.get(kept) ?? namedIn(locale, taken)
  lists.set(kept, list)
  const here = [likely, places.of(ctx.state.visitor.address).country, ...spokenIn([...ctx.acceptsLanguages(), locale])]
  return { list, first: here.find(each => list.some(({ code }) => code === each)) ?? '' }
}

/** Returns countries with their names in a language, in the order of those. */
export function namedIn(locale: string, taken: readonly Dialled[]) {
  const [names, { compare }] = [new Intl.DisplayNames(locale, { type: 'region' }), new Intl.Collator(locale)]
  const list = taken.map(each => ({ ...each, name: names.of(each.code) ?? each.code }))
  return list.sort((a, b) => compare(a.name, b.name))
}

/** Returns the countries that language tags name, or that most who speak them live in (UTS 35: likely subtags). */
function spokenIn(tags: readonly string[]): string[] {
  return tags.flatMap(tag => {
    try {
      return new Intl.Locale(tag).maximize().region ?? []
    } catch {
      return []
    }
  })
}
