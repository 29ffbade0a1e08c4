import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { randomPKCECodeVerifier, randomState } from 'openid-client'
import { settingsTable } from '../../src/setting.ts'
import { settings } from '../../src/settings.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { signUp, somebody } from '../support/people.ts'

const readme = readFileSync('README.md', 'utf8')
const example = readFileSync('examples/sign-in.ts', 'utf8')

/** The names by which the headings of a page can be linked to, as GitHub makes them. */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  )

describe('README', () => {
  it('prints the table of settings as settings.ts declares it', () => {
    const [table] = readme.match(/^\| setting \|.*\n(\|.*\n)+/m) ?? []
    expect(table?.trimEnd()).to.equal(settingsTable(settings))
  })

  it('names only commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
    const named = [...readme.matchAll(/\bnpm (?:run ([a-z:]+)|(start|test)\b)/g)].map(([, run, own]) => run ?? own)
    expect(named).to.include.members(['start', 'test', 'serve', 'check', 'bench'])
    expect(scripts).to.include.keys(named)
  })

  for (const page of [
    'README.md',
    'CHANGELOG.md',
    ...['docs', 'docs/operating'].flatMap(folder =>
      readdirSync(folder)
        .filter(name => name.endsWith('.md'))
        .map(name => `${folder}/${name}`),
    ),
  ]) {
    it(`is not led astray: every file that ${page} links to is there`, () => {
      const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
      const folder = new URL(page, `file://${process.cwd()}/`)
      expect(links.filter(link => !existsSync(new URL(link, folder)))).to.deep.equal([])
    })

    it(`is not led astray: every section that ${page} links to is there`, () => {
      const text = readFileSync(page, 'utf8')
      const folder = new URL(page, `file://${process.cwd()}/`)
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)]
      const missing = links.filter(([, file = '', anchor = '']) => {
        const there = file === '' ? text : readFileSync(new URL(file, folder), 'utf8')
        return !file.match(/\.md$|^$/) || !anchorsOf(there).includes(anchor)
      })
      expect(missing.map(([link]) => link)).to.deep.equal([])
    })
  }

  it('shows how an app integrates as examples/sign-in.ts has it', () => {
    const [, shown] = readme.match(/```ts\n([\s\S]*?)```/) ?? []
    expect(shown).to.equal(example)
  })
})

describe('the app of README', () => {
  it('signs somebody in', async () => {
    const latchkey = await startLatchkey()
    try {
      const { login, callback } = await appAt(latchkey.issuer)
      const [verifier, state] = [randomPKCECodeVerifier(), randomState()]
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))

      const page = await person.browser.get((await login(verifier, state)).href, { follow: false })
      const claims = await callback(new URL(page.location ?? ''), verifier, state)
      expect(claims).to.include({ iss: latchkey.issuer, aud: 'trading', acr: 'aal2' })
      expect(claims?.amr).to.include.members(['pwd', 'otp'])
    } finally {
      await latchkey.stop()
    }
  })

  it('asks a stranger to sign in', async () => {
    const latchkey = await startLatchkey()
    try {
      const { login } = await appAt(latchkey.issuer)
      const page = await jar().get((await login(randomPKCECodeVerifier(), randomState())).href)
      expect(page.find('[autocomplete="current-password"]')).to.not.equal(undefined)
    } finally {
      await latchkey.stop()
    }
  })
})

/** The example as it is printed, but for the issuer, which has a port of its own here, and for where the library lies. */
async function appAt(issuer: string): Promise<typeof import('../../examples/sign-in.ts')> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-readme-'))
  const file = join(folder, 'sign-in.mts')
  const library = JSON.stringify(import.meta.resolve('openid-client'))
  writeFileSync(file, example.replace('http://localhost:3000', issuer).replace("'openid-client'", library))
  try {
    return await import(pathToFileURL(file).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
