import { sign } from '../api-keys/rfc9421.ts'
import { id } from '../crypto/random.ts'
import { type Command, Refusal, textOf } from './command.ts'

/** `sign`: a request with an API key, as the curl that sends it. */
export const signRequest: Command = {
  does: 'Signs a request with an API key and prints the curl that sends it',
  takes: '--key ID --secret-file FILE [--method METHOD] [--data BODY | --data-file FILE] URL',
  options: {
    key: { type: 'string' },
    'secret-file': { type: 'string' },
    method: { type: 'string' },
    data: { type: 'string' },
    'data-file': { type: 'string' },
  },
  words: true,
  help: [
    '  --key ID            the key’s id, lk_…',
    '  --secret-file FILE  the file with its secret, or with its Ed25519 private key in PEM; - is standard input.',
    '                      There is no option for the secret itself: others on the machine can read command lines.',
    '  --method METHOD     default: GET, or POST with a body',
    '  --data BODY         the body; --data-file reads it from a file',
    '',
    'The signature (RFC 9421) is valid once, for a minute. No configuration is needed.',
  ].join('\n'),
  examples: ['sign --key lk_1b2c --secret-file key.secret https://api.example.com/orders'],
  async run({ option, words, out }) {
    const [url, ...more] = words
    const key = option('key')
    const file = option('secret-file')
    if (url === undefined || more.length > 0) throw new Refusal('Give one URL.')
    if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Refusal(`${url} is no http or https URL.`)
    if (key === undefined || file === undefined) throw new Refusal('Give --key and --secret-file.')
    const body = option('data') ?? (option('data-file') && textOf(option('data-file') as string))
    const method = (option('method') ?? (body === undefined ? 'GET' : 'POST')).toUpperCase()
    // As curl sends it, and so as it is signed: without what only browsers look at.
    const href = Object.assign(new URL(url), { hash: '' }).href
    const headers = await signed({ id: key, secret: textOf(file).trim() }, { method, url: href, body })
    out.write(`${curl({ method, url: href, body, headers })}\n`)
    return 0
  },
}

type Request = Parameters<typeof sign>[1]

async function signed(key: Parameters<typeof sign>[0], request: Request): Promise<Record<string, string>> {
  if (key.secret === '') throw new Refusal('There is no secret in that file.')
  try {
    return await sign(key, request, { at: Date.now(), nonce: id() })
  } catch (fault) {
    throw new Refusal(`That key cannot sign: ${(fault as Error).message}.`)
  }
}

function curl({ method, url, body, headers }: Request & { headers: Record<string, string> }): string {
  const type = body?.startsWith('{') || body?.startsWith('[') ? { 'Content-Type': 'application/json' } : {}
  const fields = Object.entries({ ...type, ...headers }).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
  const data = body === undefined ? [] : [`--data-raw ${quoted(body)}`]
  return ['curl --globoff', `-X ${quoted(method)}`, ...fields, ...data, quoted(url)].join(' \\\n  ')
}

/** As a POSIX shell takes it: nothing in single quotes means anything but their end. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
