import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { configure, secretsOf } from '../src/config.ts'

describe('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'))
  const file = join(folder, 'made', 'secrets')
  const of = (environment: Record<string, string>) => secretsOf(configure(environment))
  const beside = () => of({ LATCHKEY_STORE: `sqlite:${join(folder, 'made', 'store.db')}` })
  after(() => rmSync(folder, { recursive: true }))

  it('are the configured ones, newest first', () => {
    const [old, fresh] = ['an old secret of thirty-two characters', 'a fresh secret of thirty-two characters']
    expect(of({ LATCHKEY_SECRETS: `${fresh},${old}` })).to.deep.equal([fresh, old])
  })

  it('are made once in development, and kept beside the store for its owner alone', () => {
    const [made, ...more] = beside()
    expect(made).to.match(/^[\w-]{43}$/)
    expect(more).to.deep.equal([])
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    expect(beside()).to.deep.equal([made])
    expect(readFileSync(file, 'utf8')).to.equal(`${made}\n`)
  })

  it('may be rotated in that file, too', () => {
    const [made = ''] = beside()
    writeFileSync(file, `a-newer-secret-of-thirty-two-characters\n${made}\n`)
    expect(beside()).to.deep.equal(['a-newer-secret-of-thirty-two-characters', made])
  })

  it('last as long as a store in memory', () => {
    const [one, other] = [of({ LATCHKEY_STORE: 'sqlite::memory:' }), of({ LATCHKEY_STORE: 'sqlite::memory:' })]
    expect(one).to.have.length(1)
    expect(one).not.to.deep.equal(other)
  })

  it('are not made where nobody may write', () => {
    writeFileSync(join(folder, 'taken'), '')
    expect(() => of({ LATCHKEY_STORE: `sqlite:${join(folder, 'taken', 'store.db')}` })).to.throw(/E(EXIST|NOTDIR)/)
  })
})
