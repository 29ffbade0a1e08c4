import { expect } from 'chai'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launch } from '../support/browser.ts'
import { judged, seat } from '../support/judge.ts'
import type { Person } from '../support/people.ts'

/** Somebody at a browser of their own. */
export interface Visitor {
  page: Page
  press(button: string): Promise<void>
  follow(link: string): Promise<void>
  /** Puts this into the field of this label, in the place of what it held. */
  type(label: string, text: string): Promise<void>
  /** Waits for the page with this heading. */
  sees(heading: string): Promise<void>
  /** Waits until the browser stands at this address. */
  isAt(url: string): Promise<void>
  /** What the browser complained of so far: what a content policy stopped, what a script threw, what could not be loaded. */
  complaints: string[]
}

/** Lets somebody visit with a fresh browser, and has it complain of nothing on the way. */
export async function visit(
  story: (who: Visitor) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await (await launch()).newContext({ reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(8_000)
  const page = await context.newPage()
  const complaints: string[] = []
  // A page that says what was typed wrong has a status that browsers call a failure; and some visitors type at once.
  const expected = [
    /^Failed to load resource: the server responded with a status of (401|422) /,
    /^Autofocus processing was blocked because a document already has a focused element/,
  ]
  page.on('console', message => {
    const said = message.text()
    if (!expected.some(each => each.test(said))) complaints.push(`${said} ${message.location().url}`)
  })
  page.on('pageerror', error => complaints.push(error.message))
  try {
    const failed = await story({
      page,
      press: button => page.getByRole('button', { name: button, exact: true }).click(),
      follow: link => page.getByRole('link', { name: link, exact: true }).click(),
      type: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
      sees: async heading => {
        await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
        // Without scripts there are no frames to wait for.
        if (options.javaScriptEnabled !== false) await painted(page)
      },
      isAt: url => page.waitForURL(url),
      complaints,
    }).then(
      () => undefined,
      (fault: unknown) => fault,
    )
    // What the browser says explains more than what did not happen because of it.
    expect(complaints).to.deep.equal([])
    if (failed !== undefined) throw failed
  } finally {
    await context.close()
  }
}

/** Waits until the page is on the screen: browsers drop what is typed before that. */
export async function painted(page: Page): Promise<void> {
  await page.waitForLoadState()
  const frame = 'new Promise(done => requestAnimationFrame(() => done()))'
  for (const _ of [1, 2, 3]) await page.evaluate(frame)
}

/** A phone or computer with a screen lock, whose owner has it in hand and says yes to whatever a page asks. */
export interface Device {
  /** From now on questions stay unanswered, for good: taking it up again answers those that are asked after. */
  layDown(): Promise<void>
  takeUp(): Promise<void>
  /** Its owner takes it up once a page that is yet to come asks at the press of a button, and not for an offer of autofill. */
  takeUpWhenAsked(): Promise<void>
  /** How many passkeys it holds. */
  passkeys(): Promise<number>
}

/** Gives a visitor a device, in hand and with no passkey on it yet. */
export async function device({ page }: Pick<Visitor, 'page'>): Promise<Device> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const inHand = async (enabled: boolean) => {
    await devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
  }
  return {
    layDown: () => inHand(false),
    takeUp: () => inHand(true),
    takeUpWhenAsked: async () => {
      await page.exposeFunction('takeUp', () => inHand(true))
      await page.addInitScript(`
        const get = navigator.credentials.get.bind(navigator.credentials)
        navigator.credentials.get = async options => {
          if (options.mediation !== 'conditional') await takeUp()
          return get(options)
        }
      `)
    },
    passkeys: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
  }
}

/** Finds nothing that would keep somebody out of the page as it stands. */
export async function openToEverybody({ page }: Visitor): Promise<void> {
  await seat(page)
  expect(await judged(page), page.url()).to.deep.equal([])
}

/** Waits for the page with this heading, which is open to everybody. */
export async function sees(who: Visitor, heading: string): Promise<void> {
  await who.sees(heading)
  await openToEverybody(who)
}

/** Gives a visitor the browser of somebody who went through the pages without one. */
export async function signedIn({ page }: Visitor, { browser }: Person, issuer: string): Promise<void> {
  const cookies = await browser.cookies.getCookies(issuer)
  await page.context().addCookies(cookies.map(({ key, value }) => ({ name: key, value, url: issuer })))
}
