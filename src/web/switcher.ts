import { Problem } from '../errors.ts'
import { isLocale } from '../languages.ts'
import { field } from './forms.ts'
import { chooseLocale, longestPath, ownPath } from './language.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

/** Serves the switcher in the footer: remembers the choice in this browser, and with the account that is signed in, and goes back to the page. */
export function switcher({ router, issuer, actions, findSession, perform }: Services): void {
  router.post('/language', async ctx => {
    const chosen = field(ctx, 'language', 40)
    if (!isLocale(chosen)) throw new Problem('invalid_language', { field: 'language' })
    const next = ownPath(field(ctx, 'to', longestPath), issuer) ?? '/account'
    chooseLocale(ctx, chosen)
    const person = await findSession(ctx)
    if (!person || person.account.locale === chosen) return seeOther(ctx, next)
    const { name = '', username = '', zone = '' } = person.account.profile ?? {}
    try {
      await perform(ctx, person, actions.profile.change, { name, username, zone, language: chosen }, { next })
    } catch (fault) {
      // Changed too often, for example: in this browser the choice holds all the same.
      if (!(fault instanceof Problem)) throw fault
      seeOther(ctx, next)
    }
  })
}
