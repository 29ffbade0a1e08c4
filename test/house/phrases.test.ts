import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { mails } from '../../src/delivery/mails.ts'
import { problems } from '../../src/errors.ts'
import { events } from '../../src/events.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const files = (folder: string, extension: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(extension))
    .map(name => `${folder}/${name}`)

const phrasesOf = (locale: string): Record<string, string> => JSON.parse(read(`views/locales/${locale}.json`))
const source = phrasesOf('en')
const english = Object.keys(source)
const sources = [...files('views', '.ejs'), ...files('src', '.ts')].map(path => ({ path, text: read(path) }))

/** Keys that are put together where they are used: every value of the part in brackets has a phrase, or may have one. */
const dynamic = [
  /^problem\.[a-z_]+$/,
  /^title\.[a-z-]+(\/[a-z-]+)?$/,
  /^error\.(\d{3}\.)?title$/,
  /^factor\.[a-z-]+\.(name|what|choose|offer|hint|few|last|change|added|replaced|removed|remove|set|guessed|closed|(prove|unsent|enrol|ask|add)\.title)$/,
  /^(keys\.)?scope\.[a-z_]+$/,
  /^meter\.[0-4]$/,
  /^account\.(overview|security|api-keys|sessions|apps|activity)$/,
  /^account\.next\.(passkey|spare|phrase)(\.go)?$/,
  /^activity\.(from|to|kind\.[a-z-]+|when|what|address|device)$/,
  /^event\.[a-z-]+\.[a-z-]+$/,
  /^act\.(change|prefer|remove)$/,
  /^(security|act)\.(texts|weekly-summary)(\.on|\.off|-on|-off)?$/,
  /^alert\.[a-z-]+\.[a-z-]+$/,
  /^not-me\.(sessions|password|added|apps)$/,
  /^data\.in\.[a-z]+$/,
  /^close\.(at-once|then|stays)\.[a-z]+$/,
  /^recover\.(other|passkey|recovery-code|password)(\.title|\.act)?$/,
  /^reason\.[a-z-]+\.[a-z-]+$/,
  /^amr\.[a-z]+$/,
  /^(risk|session\.why)\.[a-z-]+$/,
  /^outbox\.(email|sms)$/,
  /^mail\.[a-z-]+\.(subject|title|preview|sms)$/,
  /^mail\.code\.sms-towards$/,
  /^help\.[a-z]+\.(title|act|\d)$/,
  /^identity\.(how\.\d|stage\.[a-z]+(\.next)?|afresh\.[a-z]+)$/,
  /^admin\.(state|verdict|status)\.[a-z]+$/,
  /^admin\.messages?\.[a-z-]+$/,
  /^admin\.act\.[a-z-]+(\.what|\.hint)?$/,
  /^admin\.(figure|period)\.[a-z-]+$/,
  /^admin\.done\.[a-z-]+$/,
  /^admin\.invitations\.state\.[a-z-]+$/,
  /^admin\.role\.[a-z]+(\.what)?$/,
  /^admin\.template\.[a-z]+(\.what)?$/,
  /^admin\.(apps|settings)\.source\.[a-z]+$/,
  /^admin\.keys\.state\.[a-z]+$/,
  /^admin\.(waiting|granted|closed)\.title$/,
  /^admin\.(known\.(devices|places)|viewer\.(zoom|turn)|check\.[a-z]+)$/,
  /^done\.[a-z-]+(\.[a-z-]+)?$/,
  /^confirm\.(sessions\.(others|all)|hold|[a-z-]+\.[a-z-]+\.[a-z-]+)$/,
  /^brand\.(terms|privacy|support)$/,
  /^gallery\.theme\.(system|light|dark)$/,
  /^device\.apart\.(far|abroad)$/,
  /^error\.[a-z_]+\.title$/,
]

/** Factors that people remove as they like. */
const removable = ['passkey', 'totp', 'sms']
/** Factors whose answers are counted: those that stand second, and can be guessed. */
const guessable = ['totp', 'sms', 'email', 'recovery-code']

/** Keys asked for as they are written: `t('act.help')`, `t(locale, 'mail.x')`, `key: 'mail.x'`. */
const asked = (text: string): string[] =>
  [...text.matchAll(/\bt\(\s*(?:[\w.]+,\s*)?'([^']+)'/g)].map(([, key = '']) => key)

describe('phrases', () => {
  it('has a phrase for every problem, and a problem for every such phrase', () => {
    const explained = english.filter(key => key.startsWith('problem.')).map(key => key.slice('problem.'.length))
    expect(explained).to.have.members(Object.keys(problems))
  })

  it('has words for everything that is kept about an account', () => {
    const kept = Object.entries(events).filter(([, { level, data }]) => level !== 'routine' && 'account' in data.shape)
    expect(english).to.include.members(kept.map(([name]) => `event.${name}`))
  })

  it('has words for everything that owners are told of', () => {
    const told = Object.entries(events).filter(([, { tell }]) => tell === 'owner')
    const keys = told.flatMap(([name]) => {
      if (!name.startsWith('factor.')) return [`alert.${name}`]
      const did = name.slice('factor.'.length)
      const all = readdirSync(new URL('views/factors', root))
      // What every account has is replaced, and never removed.
      const some: Record<string, string[]> = { removed: removable, guessed: guessable, closed: guessable }
      const ids = all.filter(id => some[did]?.includes(id) ?? true)
      return ids.map(id => `factor.${id}.${did}`)
    })
    expect(english).to.include.members(keys)
  })

  it('has the views and phrases of every mail that is declared, and of no other', () => {
    const names = Object.entries(mails)
    const phrased = names.flatMap(([name, { text }]) =>
      ['subject', 'title', 'preview', ...(text ? ['sms'] : [])].map(part => `mail.${name}.${part}`),
    )
    expect(english.filter(key => /^mail\..*\.(subject|title|preview|sms)$/.test(key))).to.have.members(phrased)
    const views = readdirSync(new URL('views/mail', root)).filter(file => !file.startsWith('layout.'))
    expect(views).to.have.members(names.flatMap(([name]) => [`${name}.html.ejs`, `${name}.text.ejs`]))
  })

  it('has every key that is used', () => {
    for (const { path, text } of sources) {
      for (const key of asked(text)) expect(english, `${path} uses it`).to.include(key)
    }
  })

  it('uses every key that there is', () => {
    const all = sources.map(({ text }) => text).join('\n')
    const unused = english.filter(key => !dynamic.some(shape => shape.test(key)) && !all.includes(`'${key}'`))
    expect(unused).to.deep.equal([])
  })

  it('has what every page about a factor says', () => {
    for (const id of readdirSync(new URL('views/factors', root))) {
      const keys = ['name', 'what', 'choose', 'prove.title', 'enrol.title'].map(last => `factor.${id}.${last}`)
      expect(english).to.include.members(keys)
    }
  })
})
