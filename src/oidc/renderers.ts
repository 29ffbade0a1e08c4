import type { Context } from 'koa'
import type { App } from '../clients/declared.ts'

/** The pages that the library answers with; the web room writes them. */
export interface Renderers {
  /** `out` is what a program would be told; `fault` may be a Problem. */
  error(
    ctx: Context,
    out: { error: string; error_description?: string | undefined },
    fault: unknown,
  ): void | Promise<void>
  /** Asks whether to sign out: posts `xsrf`, and `logout=yes` to sign out everywhere, to `action`. */
  logout(
    ctx: Context,
    form: { action: string; xsrf: string; client: App | undefined; accountId: string },
  ): void | Promise<void>
  /** Asks before the browser goes to an app that is not in clients.json: by the link `onward`, or by the form. */
  leaving(
    ctx: Context,
    to: {
      place: string
      client: App | undefined
      onward: string | undefined
      form: { action: string; fields: readonly (readonly [name: string, value: string])[] } | undefined
    },
  ): void | Promise<void>
  loggedOut(ctx: Context, from: { client: App | undefined }): void | Promise<void>
  /** Takes an answer on to an app by a form that the browser posts. */
  formPost(
    ctx: Context,
    form: { action: string; fields: readonly (readonly [name: string, value: string])[]; client: App | undefined },
  ): void | Promise<void>
}
