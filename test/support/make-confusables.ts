/**
 * Makes src/clients/confusables.json of Unicode's own file: `node test/support/make-confusables.ts confusables.txt > FILE`. Names are
 * compared by their letters and digits, after compatibility composition (NFKC) and without marks, so other lines are left out.
 */
import { readFileSync } from 'node:fs'

const text = readFileSync(process.argv[2] ?? '', 'utf8')
const characters = (codes: string) =>
  String.fromCodePoint(
    ...codes
      .trim()
      .split(' ')
      .map(code => Number.parseInt(code, 16)),
  )
const bare = (some: string) => some.normalize('NFD').replace(/[^\p{L}\p{N}]/gu, '')

const looks = new Map<string, string>()
for (const line of text.split('\n')) {
  const [source, target] = line.split(';')
  if (source === undefined || target === undefined || line.startsWith('#')) continue
  const [from, to] = [characters(source), bare(characters(target))]
  if (from.normalize('NFKC') !== from || /\p{M}/u.test(from) || to === '' || to === bare(from)) continue
  looks.set(to, (looks.get(to) ?? '') + from)
}

const version = /Version: ([\d.]+)/.exec(text)?.[1]
const notice = `Derived from confusables.txt of Unicode Security Mechanisms (UTS #39), version ${version}. Copyright Unicode, Inc.; Unicode License V3, https://www.unicode.org/license.txt`
const sorted = [...looks].sort(([one], [other]) => (one < other ? -1 : 1))
const rows: string[] = []
for (const [to, from] of sorted) {
  const pair = `${JSON.stringify(to)}: ${JSON.stringify(from)}`
  const last = rows.at(-1)
  if (last !== undefined && last.length + pair.length < 600) rows[rows.length - 1] = `${last}, ${pair}`
  else rows.push(pair)
}
console.log(`{\n"notice": ${JSON.stringify(notice)},\n"looks": {\n${rows.join(',\n')}\n}\n}`)
