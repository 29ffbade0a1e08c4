import { readFile } from 'node:fs/promises'
import type { Options } from '@zxcvbn-ts/core'
import type { Guesses } from './password-strength.ts'
import { type Wordlist, wordlist } from './wordlist.ts'

// What attackers try first, and no more: with every list of both packages, as objects, a process grows by 57 MB instead of 10.
const lists: readonly [name: string, file: string, most?: number][] = [
  ['passwords-common', '@zxcvbn-ts/language-common/src/passwords.json'],
  ['commonWords-en', '@zxcvbn-ts/language-en/src/commonWords.json'],
  ['firstnames-en', '@zxcvbn-ts/language-en/src/firstnames.json'],
  ['lastnames-en', '@zxcvbn-ts/language-en/src/lastnames.json', 10_000],
]

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
  return text => estimator.check(text).guessesLog10
}

function contents(file: string): Promise<Buffer> {
  return readFile(new URL(import.meta.resolve(file)))
}
