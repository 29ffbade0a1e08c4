import fc from 'fast-check'

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  fc.constantFrom(
    '',
    '٠١٢٣٤٥',
    '１２３４５６',
    '123 456',
    '000000\u0000',
    '\ud800\udfff\udc00',
    'x'.repeat(100_000),
    '9'.repeat(4096),
    '{"__proto__":{"id":"x"},"id":"constructor","rawId":"constructor","type":"public-key","response":{}}',
    '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"bnVsbA","attestationObject":"oA","authenticatorData":"AA","signature":"AA"}}',
    `${'['.repeat(10_000)}`,
    'null',
    '+',
    '00',
    'a@b',
    '@@@@',
    '__proto__',
    'constructor',
  ),
  fc.json({ maxDepth: 3 }),
)
const fields = ['email', 'password', 'code', 'response', 'saved', 'phone', '__proto__'] as const
/** What somebody may post instead of an answer: wrong types, huge and broken strings, foreign digits, inherited names. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.record(Object.fromEntries(fields.map(field => [field, text]))) },
  {
    weight: 2,
    arbitrary: fc.record(Object.fromEntries(fields.map(field => [field, fc.anything()])), { requiredKeys: [] }),
  },
  { weight: 1, arbitrary: fc.anything({ withNullPrototype: true, withBigInt: true }) },
)
