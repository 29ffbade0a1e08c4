import { setTimeout as wait } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { checks } from '../../src/account-recovery/cases.ts'
import { accounts } from '../../src/accounts/account.ts'
import { type Role, roles } from '../../src/accounts/role.ts'
import { type Authenticator, authenticator } from './authenticator.ts'
import { jar, type Page } from './jar.ts'
import type { Message, Running } from './latchkey.ts'
import type { Person } from './people.ts'
import { securityAt, usePasskey } from './security.ts'

/** The smallest of its kind, and as long as told. */
export function pdf(bytes = 100): Buffer {
  const [start, end] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\n%%EOF\n')]
  return Buffer.concat([start, Buffer.alloc(Math.max(0, bytes - start.length - end.length), 'x'), end])
}
export function jpeg(bytes = 100): Buffer {
  return Buffer.concat([
    Buffer.from('ffd8ffe0', 'hex'),
    Buffer.alloc(Math.max(0, bytes - 6), 7),
    Buffer.from('ffd9', 'hex'),
  ])
}
/** A JPEG of so many pixels, whose frame comes behind a thumbnail with a frame of its own, and these bytes. */
export function jpegOf(width: number, height: number, { thumbnail = 0, before = '' } = {}): Buffer {
  const segment = (marker: string, data: Buffer) => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(data.length + 2)
    return Buffer.concat([Buffer.from(marker, 'hex'), length, data])
  }
  const frame = (wide: number, high: number) => {
    const sides = Buffer.alloc(4)
    sides.writeUInt16BE(high)
    sides.writeUInt16BE(wide, 2)
    return segment('ffc0', Buffer.concat([Buffer.from([8]), sides, Buffer.from('01011100', 'hex')]))
  }
  const small = segment('ffe1', frame(160, 120))
  const parts = Array.from({ length: Math.ceil(thumbnail / 60_000) }, () => segment('ffe2', Buffer.alloc(60_000, 7)))
  const scan = Buffer.from('ffda000801010000003f00ffd9', 'hex')
  return Buffer.concat([
    Buffer.from('ffd8', 'hex'),
    small,
    ...parts,
    Buffer.from(before, 'hex'),
    frame(width, height),
    scan,
  ])
}
export function png(width = 1, height = 1): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  const header = Buffer.from('00000001000000010800000000', 'hex')
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.from('x')),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Pictures that are not accepted: as iPhones take them, and as browsers save them (their first boxes). */
export const heic = () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08mdat', 'latin1')
export const webp = () => Buffer.from('RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0/\0\0\0\0', 'latin1')

/** A file as a browser sends it. */
export function file(content: Buffer, name: string, type: string): File {
  return new File([new Uint8Array(content)], name, { type })
}
export const passport = () => file(jpeg(3_000), 'passport.jpg', 'image/jpeg')

/** Everything ticked that has to be checked before an approval. */
export const ticked = Object.fromEntries(checks.map(each => [`check-${each}`, 'yes']))

/** One of the staff, and the passkey in their hand. */
export interface Clerk {
  person: Person
  device: Authenticator
  /** A page of the staff, past the question for the passkey. */
  open(path?: string): Promise<Page>
  decide(number: string, verdict: 'approve' | 'refuse', reason?: string): Promise<Page>
}

/** What people and staff do about identity checks, at one Latchkey. */
export function identityAt(latchkey: Running) {
  const at = securityAt(latchkey)
  const idOf = async (email: string) => (await accounts(latchkey.store).byEmail(email))?.id ?? expect.fail(email)

  const until = async <R>(what: string, look: () => Promise<R | undefined>): Promise<R> => {
    for (let left = 200; left > 0; left--) {
      const found = await look()
      if (found !== undefined) return found
      await wait(50)
    }
    return expect.fail(`never came: ${what}`)
  }
  /** The newest mail to somebody that leads to such a page. */
  const mailed = (to: string, path: string, not: string[] = []): Promise<Message> =>
    until(`a mail to ${to} with ${path}`, async () =>
      (await latchkey.outbox(to)).find(each => each.link?.includes(path) && !not.includes(each.link)),
    )

  const clerk = async (role: Role = 'support'): Promise<Clerk> => {
    const device = authenticator()
    const person = await at.joined('totp', device)
    await roles({ store: latchkey.store, now: latchkey.clock.now }).give(await idOf(person.email), role)
    return clerkOf(person, device)
  }
  const clerkOf = (person: Person, device: Authenticator): Clerk => {
    const open: Clerk['open'] = async (path = '/admin/recovery') => {
      const page = await person.browser.get(`${latchkey.issuer}${path}`)
      return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
    }
    return {
      person,
      device,
      open,
      decide: async (number, verdict, reason = 'The photo and the name fit.') => {
        const page = await open(`/admin/recovery/${number}`)
        expect(page.status, page.text).to.equal(200)
        return person.browser.post(page.url, { verdict, reason, ...(verdict === 'approve' && ticked) })
      },
    }
  }

  /** Asks for a check, in a browser of their own; resolves to the page for documents. */
  const ask = async (email: string, contact = '', browser = jar()): Promise<Page> => {
    const before = (await latchkey.outbox(contact || email)).flatMap(each => each.link ?? [])
    const page = await (await browser.get(`${latchkey.issuer}/recover/identity`)).submit({ email, contact })
    expect(page.status, page.text).to.equal(200)
    return browser.get((await mailed(contact || email, '/recover/identity/', before)).link ?? '')
  }
  /** The same, with documents; resolves to the page of the case. */
  const send = async (email: string, contact = '', documents = passport()): Promise<Page> =>
    (await ask(email, contact)).submit({ story: 'My bag was stolen, with everything in it.', documents })
  const numberOn = (page: Page) => page.find('[data-case-number]')?.text ?? expect.fail(page.text)
  /** Waits until the staff have it on their list. */
  const queued = async (who: Clerk, number: string) => {
    await until(`${number} in the queue`, async () => ((await who.open()).text.includes(number) ? true : undefined))
  }
  /** Where the documents of a case are, as one of the staff sees them on the page that shows them. */
  const documentsFor = async (who: Clerk, number: string): Promise<string[]> => {
    const page = await who.open(`/admin/recovery/${number}/documents`)
    return page.all('.viewer img').map(each => new URL(each.attributes.src ?? '', page.url).href)
  }
  /** A case that two of the staff agreed to; resolves to its number and its page. */
  const granted = async (
    two: readonly [Clerk, Clerk],
    email: string,
    contact = '',
  ): Promise<{ number: string; page: Page }> => {
    const page = await send(email, contact)
    const number = numberOn(page)
    await queued(two[0], number)
    for (const each of two)
      expect((await each.decide(number, 'approve')).url).to.equal(`${latchkey.issuer}/admin/recovery`)
    await until('the delay to begin', async () =>
      (await two[0].open(`/admin/recovery/${number}`)).text.includes('in the waiting period') ? true : undefined,
    )
    return { number, page }
  }
  return { at, idOf, until, mailed, clerk, ask, send, numberOn, queued, documentsFor, granted }
}
