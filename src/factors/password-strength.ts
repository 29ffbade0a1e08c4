import { readFile } from 'node:fs/promises'
import type { Options } from '@zxcvbn-ts/core'
import type { Code } from '../errors.ts'
import { famousPhrases } from './famous-phrases.ts'
import { type Wordlist, wordlist } from './wordlist.ts'

/** Fewest and most characters, in code points; the fewest of NIST SP 800-63B-4, 3.1.1.2, where a second factor goes along. */
export const shortest = 8
export const longest = 128

/** Why a password is easy to guess: `other` where there is no more to say than that. */
type Why =
  | 'keyboard'
  | 'repeats'
  | 'sequence'
  | 'date'
  | 'listed'
  | 'similar'
  | 'name'
  | 'disguise'
  | 'phrase'
  | 'other'

/** How many guesses an attacker needs, as a power of ten, and what makes them so few. */
export type Guesses = (text: string) => { worth: number; why: Why }

/** Whose password it is, and for what. */
export interface About {
  email?: string | undefined
  service: string
}

export interface Strength {
  /** From 0 (guessed at once) to 4, for a meter. 3 and 4 are good. */
  score: 0 | 1 | 2 | 3 | 4
  /** Why it is refused; undefined for one that will do. */
  fault: Extract<Code, 'password_short' | 'password_long' | 'password_common' | 'password_personal'> | undefined
  /** What makes it easy to guess. */
  why: Why
}

// zxcvbn's own steps. The third is where it says "safely unguessable", and what eight random characters just reach.
const steps = [3, 6, 8, 10]
const enough = 8
/** What digits and signs are written for. */
const letters: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  l: 'i',
  '!': 'i',
  3: 'e',
  4: 'a',
  '@': 'a',
  5: 's',
  $: 's',
  7: 't',
}
const phrases = famousPhrases.map(canonical)

/**
 * Judges a new password: long enough, and not what an attacker tries first. It counts for the least of three: all of
 * it; it without the ornaments at its ends ("!2024!!" is what everybody adds); it without any famous phrase in it.
 */
export function strengthOf(password: string, about: About, guesses: Guesses): Strength {
  const text = password.normalize('NFC')
  const length = [...text].length
  // Nobody needs to know how good it would be, and to find out costs the square of its length.
  if (length > longest) return { score: 2, fault: 'password_long', why: 'other' }
  const { worth, why } = readings(text, guesses).reduce((least, each) => (each.worth < least.worth ? each : least))
  const score = steps.filter(step => worth >= step).length as Strength['score']
  if (length < shortest) return { score: atMost(score, 1), fault: 'password_short', why }
  if (personal(text, about)) return { score: atMost(score, 1), fault: 'password_personal', why }
  if (worth < enough) return { score: atMost(score, 2), fault: 'password_common', why }
  return { score, fault: undefined, why }
}

function readings(text: string, guesses: Guesses): [ReturnType<Guesses>, ...ReturnType<Guesses>[]] {
  const plain = text.replace(/^[^\p{L}\p{N}]+|(?<![^\p{L}\p{N}])[^\p{L}\p{N}]+$/gu, '')
  const bare = canonical(text)
  const rest = phrases.reduce((left, phrase) => left.replaceAll(phrase, ''), bare)
  return [
    guesses(text),
    // Of eight random characters every one counts, at the ends too.
    ...(plain.length >= shortest ? [guesses(plain)] : []),
    ...(rest !== bare ? [{ worth: guesses(rest).worth, why: 'phrase' as const }] : []),
  ]
}

/** Tells whether it contains the address's local part or the service's name. Three letters count only as a word of their own, and fewer not at all. */
function personal(text: string, { email = '', service }: About): boolean {
  const local = (email.slice(0, email.lastIndexOf('@')).split('+')[0] ?? '').toLowerCase()
  const bare = canonical(text)
  const words = text.split(/[^\p{L}\p{N}]+/u).map(canonical)
  return [local, service]
    .map(canonical)
    .some(own => (own.length > 3 ? bare.includes(own) : own.length === 3 && words.includes(own)))
}

/** Letters and digits alone, with digits that stand for letters read as those. */
function canonical(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[013457l!@$]/g, each => letters[each] ?? each)
    .replace(/[^\p{L}\p{N}]/gu, '')
}

function atMost(score: Strength['score'], most: 1 | 2): Strength['score'] {
  return score > most ? most : score
}

// What attackers try first, and no more: with every list of both packages, as objects, a process grows by 57 MB instead of 10.
const lists: readonly [name: string, file: string, most?: number][] = [
  ['passwords-common', '@zxcvbn-ts/language-common/src/passwords.json'],
  ['commonWords-en', '@zxcvbn-ts/language-en/src/commonWords.json'],
  ['firstnames-en', '@zxcvbn-ts/language-en/src/firstnames.json'],
  ['lastnames-en', '@zxcvbn-ts/language-en/src/lastnames.json', 10_000],
]

/** What zxcvbn's warnings and suggestions come to. It names them where it was given no translations. */
const reasons: Readonly<Record<string, Why>> = {
  straightRow: 'keyboard',
  keyPattern: 'keyboard',
  simpleRepeat: 'repeats',
  extendedRepeat: 'repeats',
  sequences: 'sequence',
  recentYears: 'date',
  dates: 'date',
  topTen: 'listed',
  topHundred: 'listed',
  common: 'listed',
  similarToCommon: 'similar',
  namesByThemselves: 'name',
  commonNames: 'name',
  l33t: 'disguise',
  reverseWords: 'disguise',
}

let loaded: Promise<Guesses> | undefined

/** How many guesses a password takes (zxcvbn), by offline lists that are read when first asked for and kept: 5 MB, none of it in the heap. */
export function guesses(): Promise<Guesses> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Guesses> {
  const { ZxcvbnFactory } = await import('@zxcvbn-ts/core')
  const estimator = new ZxcvbnFactory({
    graphs: JSON.parse(String(await contents('@zxcvbn-ts/language-common/src/adjacencyGraphs.json'))),
    // Both bound the time, which grows with the square of the one times the other: 10 ms for the worst, and 2 for most.
    maxLength: 48,
    l33tMaxSubstitutions: 4,
  })
  // It takes lists as arrays and keeps them as objects with a prototype, in which "constructor" is a strong password.
  const { options } = estimator as unknown as { options: Options }
  options.rankedDictionaries = {}
  const add = (name: string, { rank, longest }: Wordlist) => {
    options.rankedDictionaries[name] = new Proxy(Object.create(null), { get: (_, word) => rank(String(word)) })
    options.rankedDictionariesMaxWordSize[name] = longest
  }
  for (const [name, file, most] of lists) add(name, wordlist(await contents(file), most))
  const sequences: Record<string, string[]> = JSON.parse(
    String(await contents('@zxcvbn-ts/language-en/src/wordSequences.json')),
  )
  for (const [name, words] of Object.entries(sequences)) add(name, wordlist(Buffer.from(JSON.stringify(words))))
  return text => {
    const { guessesLog10, feedback } = estimator.check(text)
    const named = [feedback.warning ?? '', ...feedback.suggestions].flatMap(each => reasons[each] ?? [])
    return { worth: guessesLog10, why: named[0] ?? 'other' }
  }
}

function contents(file: string): Promise<Buffer> {
  return readFile(new URL(import.meta.resolve(file)))
}
