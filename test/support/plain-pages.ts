import type { Renderers } from '../../src/oidc/options.ts'

/** The library's pages, with no more in them than what tests press. */
export const renderers: Renderers = {
  error: (ctx, out) => {
    ctx.body = `<h1>${out.error}</h1>`
  },
  logout: (ctx, { action, xsrf }) => {
    const form = (button: string) =>
      `<form method="post" action="${action}"><input type="hidden" name="xsrf" value="${xsrf}">${button}</form>`
    const everywhere = '<button name="logout" value="yes">Sign out everywhere</button>'
    ctx.body = `<main>${form(everywhere)}${form('<button>Stay</button>')}</main>`
  },
  formPost: () => {},
  leaving: (ctx, { onward }) => {
    ctx.body = `<main><a href="${onward}">${onward}</a></main>`
  },
  loggedOut: (ctx, { client: app }) => {
    ctx.body = `<h1>Signed out of ${app?.name ?? 'everything'}</h1>`
  },
}
