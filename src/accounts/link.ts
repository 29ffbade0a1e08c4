import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { declare, type Store } from '../store/collection.ts'

/** How long the action of a link may take, in milliseconds: a process that takes longer has died. */
const atMost = 10_000

const shape = z.object({
  /** The digest of what the link carries: the store alone cannot make it. */
  id: z.string(),
  purpose: z.enum(['confirm', 'reset', 'disown', 'keep', 'case', 'cancel', 'recover', 'open']),
  /** Absent in one that was made for nobody, and mailed to nobody. */
  account: z.string().optional(),
  /** What the account's security stamp was: a reset is void once anything that protects the account has changed. */
  securityStamp: z.number().optional(),
  /** The credential whose address it was mailed to: it disowns nothing once that is gone. */
  address: z.string().optional(),
  /** The credential that came to the account by what is disowned; and the moment from which all that came is disowned with it. */
  came: z.string().optional(),
  since: z.number().optional(),
  /** The change that is disowned, and the browser session and device that it came from: what they changed from then on is undone with it. */
  change: z.string().optional(),
  session: z.string().optional(),
  device: z.string().optional(),
  /** The sign-in that it confirms, and what its owner is shown of it. */
  attempt: z.string().optional(),
  seen: z.object({ address: z.string(), agent: z.string().optional(), at: z.number() }).optional(),
  /** The identity check that it shows, cancels or makes use of. */
  case: z.string().optional(),
  /** The app whose sign-in it was asked for at: its id. */
  app: z.string().optional(),
  /** Until then a process holds it and carries out its action. */
  heldUntil: z.number().optional(),
  expiresAt: z.number(),
})

export const linksDeclaration = declare({ name: 'links', shape, indexes: ['account'] })

/** A link that was mailed. */
export type Link = z.output<typeof shape>
type LinkPurpose = Link['purpose']

export type Links = ReturnType<typeof links>

/** Keeps the links of mails: each is a bearer value of 256 bits, stored as its digest, for one purpose, for a while, and for one use. */
export function links({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(linksDeclaration)
  const look = async (bearer: string, purpose: LinkPurpose): Promise<Link | undefined> => {
    const found = await kept.get(sha256(bearer))
    return found?.purpose === purpose ? found : undefined
  }
  /** Keeps a link from everybody else while its action is carried out. */
  const hold = async (bearer: string, purpose: LinkPurpose): Promise<Link | undefined> => {
    const found = await look(bearer, purpose)
    if (!found) return undefined
    const { id, heldUntil = 0 } = found
    const free = heldUntil <= now()
    const held = free && (await kept.patch(id, { heldUntil: now() + atMost }, { heldUntil: found.heldUntil }))
    if (held) return held
    if (!(await look(bearer, purpose))) return undefined
    throw new Problem('busy', { retryAfter: atMost / 1000 })
  }
  return {
    /** Creates a link that works for `life` milliseconds; resolves to what its URL carries: 256 bits, or `bearer` where people may have to type it. */
    make: async (link: Omit<Link, 'id' | 'expiresAt'>, life: number, bearer: string = token()): Promise<string> => {
      await kept.insert({ ...link, id: sha256(bearer), expiresAt: now() + life })
      return bearer
    },
    /** Returns a link without using it; undefined when it was used, has expired or never existed. */
    look,
    /** Uses a link up: of several requests one gets it. */
    take: async (bearer: string, purpose: LinkPurpose) =>
      (await look(bearer, purpose)) ? kept.take(sha256(bearer)) : undefined,
    /**
     * Carries out a link's action, and uses the link up once that is done or can never be: where it fails for now, or this process
     * dies, the link works again. Of several at once one gets it. Throws `link_expired`, and `busy` while another request holds it.
     */
    use: async <Outcome>(
      bearer: string,
      purpose: LinkPurpose,
      act: (link: Link) => Promise<Outcome>,
    ): Promise<Outcome> => {
      const link = await hold(bearer, purpose)
      if (!link) throw new Problem('link_expired')
      try {
        const outcome = await act(link)
        await kept.take(link.id)
        return outcome
      } catch (fault) {
        if (fault instanceof Problem && fault.code !== 'busy') await kept.take(link.id)
        else await kept.patch(link.id, { heldUntil: undefined })
        throw fault
      }
    },
  }
}
