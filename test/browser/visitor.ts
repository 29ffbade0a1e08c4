import axe from 'axe-core'
import { expect } from 'chai'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launch } from '../support/browser.ts'
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
  // A page that says what was typed wrong has a status that browsers call a failure.
  const refused = /^Failed to load resource: the server responded with a status of (401|422) /
  page.on('console', message => void (refused.test(message.text()) || complaints.push(message.text())))
  page.on('pageerror', error => complaints.push(error.message))
  try {
    await story({
      page,
      press: button => page.getByRole('button', { name: button, exact: true }).click(),
      follow: link => page.getByRole('link', { name: link, exact: true }).click(),
      type: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
      sees: heading => page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor(),
      isAt: url => page.waitForURL(url),
      complaints,
    })
    expect(complaints).to.deep.equal([])
  } finally {
    await context.close()
  }
}

/** A phone or computer with a screen lock, whose owner says yes to whatever a page asks while it is in reach. */
export interface Device {
  putAway(): Promise<void>
  /** Answers also what a page already asks. */
  bringBack(): Promise<void>
  /** How many passkeys it holds. */
  passkeys(): Promise<number>
}

/** Gives a visitor a device, in reach and with no passkey on it yet. */
export async function device({ page }: Visitor): Promise<Device> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const add = async () => {
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
    return authenticatorId
  }
  let authenticatorId = await add()
  const held = async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  let kept: Awaited<ReturnType<typeof held>> = []
  return {
    putAway: async () => {
      kept = await held()
      await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
    },
    bringBack: async () => {
      authenticatorId = await add()
      for (const credential of kept) await devtools.send('WebAuthn.addCredential', { authenticatorId, credential })
    },
    passkeys: async () => (await held()).length,
  }
}

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const judge = `axe.run({ runOnly: ${JSON.stringify(tags)} }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(node => node.html).join(' ')))`

/** Finds nothing that would keep somebody out of the page as it stands. DevTools brings the judge in: no policy has to be lifted. */
export async function openToEverybody({ page }: Visitor): Promise<void> {
  await page.evaluate(axe.source)
  expect(await page.evaluate(judge), page.url()).to.deep.equal([])
}

/** Gives a visitor the browser of somebody who went through the pages without one. */
export async function signedIn({ page }: Visitor, { browser }: Person, issuer: string): Promise<void> {
  const cookies = await browser.cookies.getCookies(issuer)
  await page.context().addCookies(cookies.map(({ key, value }) => ({ name: key, value, url: issuer })))
}
