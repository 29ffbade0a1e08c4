import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { configure } from '../src/config.ts'
import { listed } from '../src/setting.ts'
import { settings } from '../src/settings.ts'
import { settingFaults } from './support/settings.ts'

const secret = 'a-secret-of-more-than-32-characters!'
const others = {
  LATCHKEY_ISSUER: 'https://id.example.com',
  LATCHKEY_MAIL_URL: 'smtps://mail.example.com',
  LATCHKEY_SMS_URL: 'https://sms.example.com/send',
}

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
  after(() => rmSync(folder, { recursive: true }))
  const kept = (content: string, mode = 0o600) => {
    const file = join(folder, randomUUID())
    writeFileSync(file, content, { mode })
    return file
  }

  it('is read without the end of its last line, and is enough in production', () => {
    for (const end of ['', '\n', '\r\n']) {
      const { secrets, warnings } = configure({ ...others, LATCHKEY_SECRETS_FILE: kept(`${secret}${end}`) })
      expect([secrets, warnings]).to.deep.equal([[secret], []])
    }
    const lines = kept(`${secret}\n${secret}-older\n`)
    expect(configure({ LATCHKEY_SECRETS_FILE: lines }).secrets).to.deep.equal([secret, `${secret}-older`])
    const token = `${'x'.repeat(16)}\n`
    expect(configure({ LATCHKEY_METRICS_TOKEN_FILE: kept(`${token}\n`) }).metrics.token).to.equal(token)
  })

  it('may be any secret, and nothing else', () => {
    const secrets = listed(settings).filter(each => each.secret)
    const short = ['STORE', 'SECRETS', 'MAIL_URL', 'SMS_URL', 'METRICS_TOKEN', 'BACKUP_PASSPHRASE']
    const names = short.map(each => `LATCHKEY_${each}`)
    expect(secrets.map(({ name }) => name)).to.have.members(names)
    const environment = Object.fromEntries(listed(settings).map(({ name }) => [`${name}_FILE`, '']))
    const refused = listed(settings).filter(each => !each.secret)
    expect(settingFaults(environment)).to.have.members(refused.map(({ name }) => `${name}_FILE is not a setting`))
  })

  it('is refused beside the text itself, and so are a file that is not there, an empty one and a wrong text, by the name that was typed', () => {
    expect(settingFaults({ LATCHKEY_SECRETS: secret, LATCHKEY_SECRETS_FILE: kept(secret) })).to.deep.equal([
      'LATCHKEY_SECRETS and LATCHKEY_SECRETS_FILE are both set: which is meant?',
    ])
    const wrongly = [
      [join(folder, 'nowhere'), 'cannot be read: ENOENT'],
      [folder, 'cannot be read: EISDIR'],
      [kept('\n'), 'is empty'],
      [kept('hunter2'), 'each must have 32 characters or more'],
    ] as const
    for (const [file, fault] of wrongly)
      expect(settingFaults({ ...others, LATCHKEY_SECRETS_FILE: file })).to.deep.equal([
        `LATCHKEY_SECRETS_FILE ${fault}`,
      ])
  })

  it('is warned of where everybody can read it', () => {
    const { warnings } = configure({ LATCHKEY_SECRETS_FILE: kept(secret, 0o644) })
    expect(warnings).to.deep.equal(['LATCHKEY_SECRETS_FILE can be read by every user of this machine'])
  })
})
