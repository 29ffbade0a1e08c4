import { caseContext, casesDeclaration } from '../account-recovery/cases.ts'
import { documentContext, documentsDeclaration } from '../account-recovery/identity-documents.ts'
import { accountsDeclaration, phraseContext, withPhrases } from '../accounts/account.ts'
import { digestContext, formerContext, formerDeclaration } from '../accounts/address.ts'
import { receiptContext, receiptsDeclaration } from '../accounts/approval-receipt.ts'
import { credentialContext, credentialsDeclaration } from '../accounts/credential.ts'
import { repeatContext, repeatsDeclaration } from '../admin/idempotency.ts'
import { apiKeyContext, apiKeysDeclaration } from '../api-keys/api-keys.ts'
import { saltContext, saltsDeclaration } from '../clients/pairwise.ts'
import { clientContext, registrationsDeclaration } from '../clients/registrations.ts'
import { appContext, storedAppsDeclaration } from '../clients/stored-apps.ts'
import { isForeign, pepperOf } from '../crypto/hash.ts'
import { SealError, type Sealer, sealer as sealerOf } from '../crypto/seal.ts'
import { messageContext, posted } from '../delivery/courier.ts'
import { keyContext, keysDeclaration } from '../keys/signing-keys.ts'
import { type Collection, type Declaration, type Doc, every, retry, type Store } from '../store/collection.ts'
import { answer, type Command, json, withStore } from './command.ts'

/** Opens a sealed value and seals it anew, in the same context, where it is sealed under an older secret. */
type Again = (sealed: string, context: string) => string

/** What of one kind is sealed. */
interface Sealed<T extends Doc> {
  what: string
  kept: Declaration<T>
  /** Its sealed fields anew. */
  anew(doc: T, again: Again, sealer: Sealer): Partial<T>
}

const sealed =
  <T extends Doc>(what: string, kept: Declaration<T>, anew: Sealed<T>['anew']) =>
  (store: Store, again: Again, sealer: Sealer) =>
    resealed(store.collection(kept), { what, kept, anew }, again, sealer)

/** All that is sealed for longer than a sign-in takes. */
const everything = [
  sealed('signing keys', keysDeclaration, (doc, again) => ({ jwk: again(doc.jwk, keyContext(doc)) })),
  sealed('credentials', credentialsDeclaration, (doc, again) => ({
    secret: again(doc.secret, credentialContext(doc)),
  })),
  // Phrases that were kept before phrases were sealed are sealed now.
  sealed('anti-phishing phrases', accountsDeclaration, (doc, again, sealer) => {
    const context = phraseContext(doc)
    const { antiPhishingPhrase, changes } = withPhrases(doc, kept =>
      sealer.isSealed(kept) ? again(kept, context) : sealer.seal(kept, context),
    )
    return { ...(antiPhishingPhrase !== undefined && { antiPhishingPhrase }), ...(changes && { changes }) }
  }),
  sealed('API keys', apiKeysDeclaration, (doc, again) => {
    // The others are public keys; what was revoked is empty.
    if (doc.algorithm !== 'hmac-sha256' || doc.secret === '') return {}
    const { secret, former } = doc
    const mine = (kept: string): string => again(kept, apiKeyContext(doc))
    return { secret: mine(secret), ...(former && { former: { ...former, secret: mine(former.secret) } }) }
  }),
  sealed('former addresses', formerDeclaration, (doc, again, sealer) => {
    const anew = again(doc.sealed, formerContext(doc))
    // Its digest is keyed, too.
    return { sealed: anew, digest: sealer.blind(sealer.open(anew, formerContext(doc)), digestContext)[0] }
  }),
  sealed('clients that registered', registrationsDeclaration, (doc, again) => ({
    secret: doc.secret && again(doc.secret, clientContext(doc)),
  })),
  sealed('apps of the store', storedAppsDeclaration, (doc, again) => {
    const mine = (kept: string): string => again(kept, appContext(doc))
    const { secret, former } = doc
    return {
      ...(secret && { secret: mine(secret) }),
      ...(former && { former: { ...former, secret: mine(former.secret) } }),
    }
  }),
  sealed('answers of the admin API', repeatsDeclaration, (doc, again) => ({
    answer: doc.answer && again(doc.answer, repeatContext(doc)),
  })),
  sealed('identity checks', casesDeclaration, (doc, again) => ({
    story: doc.story && again(doc.story, caseContext(doc)),
  })),
  sealed('pieces of documents', documentsDeclaration, (doc, again) => ({
    sealed: again(doc.sealed, documentContext(doc)),
  })),
  sealed('receipts', receiptsDeclaration, (doc, again) => ({ sealed: again(doc.sealed, receiptContext(doc)) })),
  sealed('salts of subjects', saltsDeclaration, (doc, again) => ({ sealed: again(doc.sealed, saltContext(doc)) })),
  sealed('messages that wait', posted, (doc, again) => ({ sealed: again(doc.sealed, messageContext(doc)) })),
]

/** `secrets reseal`: so that an older secret can leave the list. */
export const secretsReseal: Command = {
  does: 'Seals anew, under the newest secret, what an older one sealed; says what is left',
  takes: '[--json]',
  options: json,
  help: [
    'First give every process that serves the new list of secrets. It may run beside them, and again.',
    'Exits with 1 where something is sealed under a secret that is not in the list.',
  ].join('\n'),
  examples: ['secrets reseal'],
  run: given =>
    withStore(given.config(), async (store, keys) => {
      const keyring = keys()
      const sealer = sealerOf(keyring)
      const again: Again = (kept, context) =>
        sealer.stale(kept) ? sealer.seal(sealer.openBytes(kept, context), context) : kept
      const counts: Counted[] = []
      for (const each of everything) {
        const counted = await each(store, again, sealer)
        counts.push(counted)
        if (!given.flag('json')) given.out.write(`${told(counted)}\n`)
      }
      const lost = counts.reduce((sum, each) => sum + each.lost, 0)

      let behind = 0
      const newest = keyring.newest('pepper').id
      for await (const doc of every(store.collection(credentialsDeclaration), {}, page)) {
        // What is still stale could not be opened.
        if (doc.factor !== 'password' || sealer.stale(doc.secret)) continue
        const { hash } = JSON.parse(sealer.open(doc.secret, credentialContext(doc)))
        // One that came with an import needs no secret of ours.
        if (!isForeign(hash) && pepperOf(hash) !== newest) behind += 1
      }
      const needed = behind + lost > 0
      const last = [
        ...(behind > 0 ? [`passwords under an older secret: ${behind}; each moves when its owner next signs in`] : []),
        ...(needed ? [] : ['Nothing needs an older secret but sign-ins under way: it can go in an hour.']),
      ]
      answer(given, { sealed: counts, passwordsBehind: behind, olderSecretNeeded: needed }, last)
      return lost > 0 ? 1 : 0
    }),
}

/** Seals one collection anew, each document by compare-and-set; resolves to how many could not be opened. */
async function resealed<T extends Doc>(
  kept: Collection<T>,
  { what, anew }: Sealed<T>,
  again: Again,
  sealer: Sealer,
): Promise<Counted> {
  const counted = { what, all: 0, anew: 0, lost: 0 }
  const one = async (doc: T): Promise<void> => {
    let found: T | undefined = doc
    await retry(async () => {
      if (!found) return true
      const changes = anew(found, again, sealer)
      const before = Object.fromEntries(Object.keys(changes).map(field => [field, found?.[field as keyof T]]))
      if (JSON.stringify(changes) === JSON.stringify(before)) return true
      const changed = await kept.patch(doc.id, changes, before as Partial<T>)
      if (changed) counted.anew += 1
      // A process that serves changed it meanwhile.
      else found = await kept.get(doc.id)
      return changed
    })
  }
  for await (const doc of every(kept, {}, page)) {
    counted.all += 1
    try {
      await one(doc)
    } catch (fault) {
      if (!(fault instanceof SealError)) throw fault
      counted.lost += 1
    }
  }
  return counted
}

interface Counted {
  what: string
  all: number
  anew: number
  lost: number
}

function told({ what, all, anew, lost }: Counted): string {
  return `${what}: ${all}, ${anew} sealed anew${lost > 0 ? `, ${lost} sealed under a secret that is not in the list` : ''}`
}

/** A piece of a document has 256 KB. */
const page = 100
