import { CookieJar } from 'tough-cookie'
import { type Dispatcher, request } from 'undici'
import { type Answers, type Button, type Form, forms } from './form.ts'
import { type Element, read } from './html.ts'
import { type From, originOf, siteOf, submits } from './sending.ts'

/** A page as the person sees it after redirects. */
export interface Page {
  url: string
  status: number
  headers: Headers
  /** The body as it came. */
  html: string
  title: string
  h1: string
  /** Everything that can be read on it. */
  text: string
  /** What stands in `role="alert"`. */
  alerts: string[]
  forms: Form[]
  links: { text: string; href: string }[]
  /** Every URL on the way here, this one last. */
  trail: string[]
  /** Where it leads, by a redirect or by itself, when that was not followed: another app's scheme, a host that is not loopback, or `follow: false`. */
  location: string | undefined
  /** The first element that a selector meets (html.ts says which selectors there are). */
  find(selector: string): Element | undefined
  all(selector: string): Element[]
  json<T = Record<string, unknown>>(): T
  /** Fills and posts a form: the one that `which` names, or the first in `main` (else anywhere) that has all the answers' fields and a button. */
  submit(answers?: Answers, which?: Which): Promise<Page>
  /** Follows the first link with this text, or with this href. */
  follow(link: string): Promise<Page>
}

/** Which form, by a field in it, by (the end of) its action's path, or by the words on its button, which is then the one pressed. A string means the button. */
export type Which = string | { field?: string; action?: string; button?: string }

interface Go extends Omit<RequestInit, 'redirect'> {
  /** Follow redirects, and pages that go on by themselves; true unless told. */
  follow?: boolean
}

/** A person's browser without scripts: cookies as browsers keep them (by host, over all its ports), the headers that browsers add, forms and links, form-action over all redirects that follow a form, and pages that go on by themselves. */
export interface Jar {
  /** As if typed into the address bar. */
  get(url: string, go?: Go): Promise<Page>
  /** A form post by hand, with what `from` (default: the same origin) makes a browser send. */
  post(url: string, answers?: Record<string, string>, go?: Go & { from?: string }): Promise<Page>
  /** `fetch` with the cookies: no redirect followed, no header added. */
  fetch(url: string, init?: RequestInit): Promise<Response>
  cookies: CookieJar
}

const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
const loopback = (url: URL) =>
  /^https?:$/.test(url.protocol) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)

/** Where a page goes on to by itself, at once (HTML, 4.2.5.3: refresh). */
function refresh(root: Element, url: string): URL | undefined {
  const found = root.find('meta[http-equiv=refresh]')?.attributes.content
  const to = found === undefined ? undefined : /^0; ?url=(.+)$/.exec(found)?.[1]
  return to === undefined ? undefined : new URL(to, url)
}

/** Opens a browser that knows nothing yet. */
export function jar(headers: Readonly<Record<string, string>> = {}): Jar {
  const cookies = new CookieJar()

  async function once(url: string, init: RequestInit, sameSite: 'strict' | 'lax' | 'none'): Promise<Response> {
    const body = init.body == null ? undefined : new Response(init.body)
    const sent = new Headers(init.headers)
    const type = body?.headers.get('content-type')
    if (type && !sent.has('content-type')) sent.set('content-type', type)
    const cookie = await cookies.getCookieString(url, { sameSiteContext: sameSite })
    if (cookie !== '') sent.set('cookie', cookie)
    // Not the built-in fetch, which says `sec-fetch-mode: cors` of every request.
    const answer = await request(url, {
      method: (init.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: Object.fromEntries(sent),
      body: body && Buffer.from(await body.arrayBuffer()),
      signal: init.signal,
    })
    const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map(each => [name, each] as [string, string]),
    )
    const bytes = await answer.body.arrayBuffer()
    const response = new Response(bytes.byteLength === 0 ? null : bytes, { status: answer.statusCode, headers })
    for (const each of response.headers.getSetCookie()) await cookies.setCookie(each, url, { ignoreError: true })
    return response
  }

  async function visit(start: string, { follow = true, ...init }: Go, sender?: From): Promise<Page> {
    let from = sender
    const trail: string[] = []
    let chain: URL[] = []
    let url = new URL(start)
    let asked: RequestInit = { method: 'GET', ...init }
    while (trail.length < 20) {
      if (from) submits(from, url)
      trail.push(url.href)
      chain.push(url)
      const site = siteOf(from, chain)
      const posting = asked.method !== 'GET' && asked.method !== 'HEAD'
      const sent = new Headers({
        accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
        'accept-language': 'en',
        'user-agent': agent,
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': site,
        'sec-fetch-user': '?1',
        'upgrade-insecure-requests': '1',
        ...headers,
      })
      if (from && posting) sent.set('origin', originOf(from, site))
      new Headers(asked.headers).forEach((value, name) => void sent.set(name, value))
      const strict = site === 'cross-site' ? (posting ? 'none' : 'lax') : 'strict'
      const response = await once(url.href, { ...asked, headers: sent }, strict)
      const location = response.headers.get('location')
      const next =
        location === null || ![301, 302, 303, 307, 308].includes(response.status) ? undefined : new URL(location, url)
      if (next === undefined) {
        const arrived = page(url.href, response, await response.text(), trail)
        const { location: onward } = arrived
        if (onward === undefined || !follow || !loopback(new URL(onward))) return arrived
        from = { url: url.href, referrer: response.headers.get('referrer-policy') }
        chain = []
        asked = { method: 'GET' }
        url = new URL(onward)
        continue
      }
      if (from) submits(from, next)
      if (!follow || !loopback(next)) return page(url.href, response, await response.text(), trail, next.href)
      if (response.status < 304) asked = { method: 'GET' }
      if (next.hash === '') next.hash = url.hash
      url = next
    }
    throw new Error(`too many redirects: ${trail.join(' → ')}`)
  }

  function choose(all: Form[], main: Element | undefined, answers: Answers, which: Which): [Form, Button] {
    const wanted = typeof which === 'string' ? { button: which } : which
    const matching = all.flatMap(form => {
      const named = Object.keys(answers).concat(wanted.field ?? [])
      if (!named.every(name => form.fields.some(field => field.name === name))) return []
      if (wanted.action !== undefined && !new URL(form.action).pathname.endsWith(wanted.action)) return []
      const button = form.buttons.find(each => wanted.button === undefined || each.text === wanted.button)
      return button ? [[form, button] as [Form, Button]] : []
    })
    const inMain = main && new Set(main.all('form'))
    const chosen = matching.find(([form]) => inMain?.has(form.element)) ?? matching[0]
    if (chosen) return chosen
    const seen = all.map(
      form => `${form.action} (${form.fields.map(each => each.name)}) [${form.buttons.map(each => each.text)}]`,
    )
    throw new TypeError(
      `no form like ${JSON.stringify({ fields: Object.keys(answers), ...wanted })} among: ${seen.join('; ') || 'none'}`,
    )
  }

  function page(url: string, response: Response, html: string, trail: string[], location?: string): Page {
    const root = read(html)
    const from = { url, referrer: response.headers.get('referrer-policy') }
    const sending = { ...from, policy: response.headers.get('content-security-policy') }
    const all = forms(root, url)
    const links = root
      .all('a[href]')
      .map(each => ({ text: each.text, href: new URL(each.attributes.href ?? '', url).href }))
    return {
      url,
      status: response.status,
      headers: response.headers,
      html,
      title: root.find('title')?.children.join('').trim() ?? '',
      h1: root.find('h1')?.text ?? '',
      text: root.text,
      alerts: root
        .all('[role=alert]')
        .map(each => each.text)
        .filter(text => text !== ''),
      forms: all,
      links,
      trail,
      location: location ?? refresh(root, url)?.href,
      find: root.find,
      all: root.all,
      json: () => JSON.parse(html),
      async submit(answers = {}, which = {}) {
        const [form, button] = choose(all, root.find('main'), answers, which)
        const { formaction, formmethod } = button.element.attributes
        const entries = form.entries(answers, button)
        const action = formaction === undefined ? form.action : new URL(formaction, url).href
        if ((formmethod?.toLowerCase() ?? form.method) === 'get') {
          const target = new URL(action)
          target.search = new URLSearchParams(entries as [string, string][]).toString()
          return visit(target.href, {}, sending)
        }
        const body = form.multipart ? new FormData() : new URLSearchParams()
        for (const [name, value] of entries) body.append(name, value as string)
        return visit(action, { method: 'POST', body }, sending)
      },
      async follow(link) {
        const found = links.find(
          each => each.text === link || each.href === link || each.href === new URL(link, url).href,
        )
        if (!found) throw new TypeError(`no link ${link} among: ${links.map(each => each.text).join(', ')}`)
        return visit(found.href, {}, from)
      },
    }
  }

  return {
    get: (url, go = {}) => visit(url, go),
    post: (url, answers = {}, { from = url, ...go } = {}) =>
      visit(url, { method: 'POST', body: new URLSearchParams(answers), ...go }, { url: from, referrer: null }),
    fetch: (url, init = {}) => once(url, init, 'strict'),
    cookies,
  }
}
