import { expect } from 'chai'
import fc from 'fast-check'
import {
  emailAddress,
  maskedEmail,
  maskedPhone,
  ownNumber,
  phoneCountry,
  phoneNumber,
} from '../../src/factors/contacts.ts'

describe('factors/addresses', () => {
  const addresses: [typed: string, address: string | undefined][] = [
    ['ada@example.com', 'ada@example.com'],
    ['  Ada.Lovelace@Example.COM\n', 'ada.lovelace@example.com'],
    ["o'brien+apps@mail.example.co.uk", "o'brien+apps@mail.example.co.uk"],
    ['ada@müller.example', 'ada@xn--mller-kva.example'],
    ['ada@１２３.example', 'ada@123.example'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
    [`${'a'.repeat(65)}@example.com`, undefined],
    [
      `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example`,
      `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example`,
    ],
    [`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(62)}.example`, undefined],
    [`a@${'b'.repeat(64)}.example`, undefined],
    ['', undefined],
    ['@', undefined],
    ['ada', undefined],
    ['ada@', undefined],
    ['@example.com', undefined],
    ['ada@localhost', undefined],
    ['ada@127.0.0.1', undefined],
    ['ada@[127.0.0.1]', undefined],
    ['ada@@example.com', undefined],
    ['ada@example..com', undefined],
    ['ada@-example.com', undefined],
    ['.ada@example.com', undefined],
    ['ada..b@example.com', undefined],
    ['a b@example.com', undefined],
    ['"a b"@example.com', undefined],
    ['ada@example.com\r\nBcc: eve@example.com', undefined],
    ['ada@example.com,eve@example.com', undefined],
    ['Ada <ada@example.com>', undefined],
    // Letters of two alphabets, which look like those of one.
    ['аda@example.com', undefined],
    ['ρaul@example.com', undefined],
    ['иван.petrov@example.com', undefined],
    // Internationalised (RFC 6531), in one alphabet or the several of one language.
    ['Иван.Петров+app@почта.рф', 'иван.петров+app@xn--80a1acny.xn--p1ai'],
    ['josé@example.com', 'josé@example.com'],
    ['jose\u0301@example.com', 'josé@example.com'],
    ['ΑΓΓΕΛΟΣ@example.com', 'αγγελος@example.com'],
    ['用户@例子.公司', '用户@xn--fsqu00a.xn--55qx5d'],
    ['ひらがなカタ漢字a@example.com', 'ひらがなカタ漢字a@example.com'],
    ['사용자@example.com', '사용자@example.com'],
    ['علي@example.com', 'علي@example.com'],
    ['علي٥@example.com', 'علي٥@example.com'],
    ['अजय@डाटामेल.भारत', 'अजय@xn--c2bd4bq1db8d.xn--h2brj9c'],
    [`${'é'.repeat(32)}@example.com`, `${'é'.repeat(32)}@example.com`],
    [`${'é'.repeat(33)}@example.com`, undefined],
    ['\u0301ada@example.com', undefined],
    ['☃@example.com', undefined],
    ['ада😀@example.com', undefined],
    // As fingers, keyboards and copies have it.
    ['\u200bada@exam\u00adple.com\ufe0f', 'ada@example.com'],
    ['\u202aada@example.com\u202c', 'ada@example.com'],
    ['ａｄａ１＠ｅｘａｍｐｌｅ．ｃｏｍ', 'ada1@example.com'],
    ['ada@example。com', 'ada@example.com'],
    ['ada١٢@example٣.com', 'ada12@example3.com'],
    ['ada–lovelace@my‑example.com', 'ada-lovelace@my-example.com'],
    ['mailto:Ada@example.com', 'ada@example.com'],
    ['mailto:ada@example.com?subject=x', undefined],
    ['ada@exa℀mple.com', undefined],
    ['ada\u037eb@example.com', undefined],
    ['ada@example.com/path', undefined],
    ['ada@example.com:25', undefined],
    ['ada@example.com?x', undefined],
    ['ada@example.com#x', undefined],
    ['ada@ex%61mple.com', undefined],
  ]
  for (const [typed, address] of addresses) {
    it(`reads ${JSON.stringify(typed.slice(0, 40))} as ${address === undefined ? 'none' : 'an address'}`, () => {
      expect(emailAddress(typed)).to.equal(address)
    })
  }

  const numbers: [typed: string, number: string | undefined][] = [
    ['+447700900123', '+447700900123'],
    ['+44 7700 900123', '+447700900123'],
    ['0044 7700 900-123', '+447700900123'],
    ['+44 (0)7700 900123', '+447700900123'],
    ['+1 (202) 555-0123', '+12025550123'],
    ['+1.202.555.0123', '+12025550123'],
    ['＋４９ １５１ １２３４５６７８', '+4915112345678'],
    ['\u202a+44 7700 900123\u202c', '+447700900123'],
    ['\u200e+44\u00a07700\u2009900\t123', '+447700900123'],
    ['+44 7700‑900–123', '+447700900123'],
    ['+44 7700−900ー123', '+447700900123'],
    ['+٤٤ ٧٧٠٠ ٩٠٠١٢٣', '+447700900123'],
    ['००४४ ७७०० ९००१२३', '+447700900123'],
    ['tel:+44-7700-900-123', '+447700900123'],
    ['TEL: 0044 7700 900123', '+447700900123'],
    ['tel:+447700900123;phone-context=example.com', undefined],
    ['tel:', undefined],
    ['sip:+447700900123', undefined],
    // No table knows this range: it is what its neighbours are.
    ['+43 664 12345100', '+4366412345100'],
    ['07700 900123', undefined],
    ['7700 900123', undefined],
    ['+49 30 901820', undefined],
    ['+43 820 123456', undefined],
    ['+49 180 5123456', undefined],
    ['+44 845 123 4567', undefined],
    ['+44 845 123 456', undefined],
    ['+881 6 1234 5678', undefined],
    ['+870 773 123456', undefined],
    ['+882 13 123456', undefined],
    ['+883 5100 0123 4567', undefined],
    ['+808 1234 5678', undefined],
    ['+979 1 2345 6789', undefined],
    ['+1 000 555 0100', undefined],
    ['+1 500 555 0006', undefined],
    ['7700900123', undefined],
    ['+999 12345678', undefined],
    ['+49151', undefined],
    [`+49151${'1'.repeat(20)}`, undefined],
    ['+1 900 555 1234', undefined],
    ['+1 800 555 1234', undefined],
    ['+49 900 1234567', undefined],
    ['+44 70 1234 5678', undefined],
    ['+49 151 12345678 ext. 5', undefined],
    ['+49 151 12345678;phone-context=x', undefined],
    ['call me', undefined],
    ['+', undefined],
    ['', undefined],
    ['+1'.repeat(5000), undefined],
  ]
  for (const [typed, number] of numbers) {
    it(`reads ${JSON.stringify(typed.slice(0, 40))} as ${number ?? 'none'}`, () => {
      expect(phoneNumber(typed)).to.equal(number)
    })
  }

  const countries: [number: string, country: string | undefined][] = [
    ['+447700900123', 'GB'],
    ['+436641234567', 'AT'],
    ['+12025550123', 'US'],
    ['+16135550123', 'CA'],
    ['+8816123456789', undefined],
    ['+4930901820', undefined],
  ]
  for (const [number, country] of countries) {
    it(`takes ${number} for a mobile number of ${country ?? 'no country'}`, () => {
      expect(phoneCountry(number)).to.equal(country)
    })
  }

  it('is settled: what was read is read the same again', () => {
    for (const [, address] of addresses) if (address) expect(emailAddress(address)).to.equal(address)
    for (const [, number] of numbers) if (number) expect(phoneNumber(number)).to.equal(number)
  })

  const dialled: [typed: string, country: string, number: string | undefined][] = [
    ['07700 900123', 'GB', '+447700900123'],
    ['0151 12345678', 'DE', '+4915112345678'],
    ['0664/12345100', 'AT', '+4366412345100'],
    ['(202) 555-0123', 'US', '+12025550123'],
    ['٠٥٠ ١٢٣ ٤٥٦٧', 'SA', '+966501234567'],
    ['tel:07700-900-123', 'GB', '+447700900123'],
    // The prefix says more than the country that is chosen.
    ['+43 664 12345100', 'GB', '+4366412345100'],
    ['0043 664 12345100', 'GB', '+4366412345100'],
    ['020 7946 0958', 'GB', undefined],
    ['07700 900123', 'XX', undefined],
    ['07700 900123', '', undefined],
    ['07700 900123', 'constructor', undefined],
    ['112', 'DE', undefined],
  ]
  for (const [typed, country, number] of dialled)
    it(`reads ${typed} in ${country || 'no country'} as ${number ?? 'none'}`, () =>
      expect(phoneNumber(typed, country)).to.equal(number))

  it('is settled whatever was typed', () => {
    const words = fc.string({ unit: 'binary', maxLength: 12 })
    const typed = fc.oneof(
      words.map(name => `${name}@example.com`),
      words.map(name => `a@${name}.com`),
      words.map(number => `+49${number}1512345`),
    )
    fc.assert(
      fc.property(typed, text => {
        for (const read of [emailAddress, phoneNumber]) {
          const first = read(text)
          if (first !== undefined) expect(read(first)).to.equal(first)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('masks what is shown', () => {
    expect(maskedEmail('ada@example.com')).to.equal('a•••@example.com')
    expect(maskedEmail('𐐨da@example.com')).to.equal('𐐨•••@example.com')
    expect(maskedEmail('')).to.equal('•••')
    expect(maskedPhone('+447700900142')).to.equal('••• 42')
    expect(maskedPhone('')).to.equal('•••')
    expect(ownNumber('+447700900142')).to.equal('+44 ••• 142')
  })
})
