/** The page that a form is sent from, or that leads somewhere. */
export interface From {
  url: string
  /** The Referrer-Policy that the page came with. */
  referrer: string | null
  /** The content policy of a page whose form is sent. */
  policy?: string | null
}

type Site = 'none' | 'same-origin' | 'same-site' | 'cross-site'

/** Fetch Metadata, 2.4: the farthest that any URL so far lies from the page that began; a port parts origins, not sites. */
export function siteOf(from: From | undefined, urls: readonly URL[]): Site {
  if (from === undefined) return 'none'
  const start = new URL(from.url)
  if (urls.every(url => url.origin === start.origin)) return 'same-origin'
  return urls.every(url => url.hostname === start.hostname && url.protocol === start.protocol)
    ? 'same-site'
    : 'cross-site'
}

/** Fetch, "append a request Origin header": a page that sends no referrer sends `null`. */
export function originOf(from: From, site: Site): string {
  const hidden = from.referrer === 'no-referrer' || (from.referrer === 'same-origin' && site !== 'same-origin')
  return hidden ? 'null' : new URL(from.url).origin
}

/** Throws where a page's form-action stops its form, or a redirect that follows it, as Chromium does (CSP 3, 6.4.1). */
export function submits({ url: page, policy }: From, to: URL): void {
  const sources = /(?:^|;) *form-action ([^;]*)/
    .exec(policy ?? '')?.[1]
    ?.trim()
    .split(/ +/)
  const own = new URL(page).origin
  if (!sources || sources.some(each => (each === "'self'" ? own : each) === to.origin)) return
  throw new Error(`the form-action of ${page} (${sources.join(' ')}) stops at ${to.origin}`)
}
