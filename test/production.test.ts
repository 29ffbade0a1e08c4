import { expect } from 'chai'
import { configure } from '../src/config.ts'
import { settingFaults } from './support/settings.ts'

const complete = {
  LATCHKEY_SECRETS: 'a-secret-of-more-than-32-characters!',
  LATCHKEY_MAIL_URL: 'smtps://mail.example.com',
  LATCHKEY_SMS_URL: 'https://sms.example.com/send',
}

describe('production', () => {
  const required = ['LATCHKEY_SECRETS', 'LATCHKEY_MAIL_URL', 'LATCHKEY_SMS_URL']
  const issuers = {
    'https://id.example.com': ['', 'production', 'development', 'test', 'Production'],
    'https://192.0.2.7': ['', 'development'],
    'https://[2001:db8::7]:8443': ['', 'development'],
    'https://localhost.example.com': ['', 'development'],
    'http://localhost:3000': ['production'],
    'http://127.0.0.1:3000': ['production'],
  }
  for (const [issuer, environments] of Object.entries(issuers)) {
    for (const NODE_ENV of environments) {
      it(`is ${issuer} with NODE_ENV=${NODE_ENV}`, () => {
        const environment = { ...complete, LATCHKEY_ISSUER: issuer, NODE_ENV }
        expect(configure(environment).production).to.equal(true)
        for (const name of required)
          expect(settingFaults({ ...environment, [name]: '' })).to.deep.equal([`${name} is required in production`])
      })
    }
  }
  for (const issuer of ['http://localhost:3000', 'https://localhost', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
    for (const NODE_ENV of ['', 'development', 'test']) {
      it(`is not ${issuer} with NODE_ENV=${NODE_ENV}`, () => {
        expect(configure({ LATCHKEY_ISSUER: issuer, NODE_ENV }).production).to.equal(false)
      })
    }
  }
})
