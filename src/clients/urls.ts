import { z } from 'zod'

/** The characters of a URI (RFC 3986, 2), without the wildcard: no blank, control character or backslash is among them. */
const characters = /^[\w\-.~:/?#[\]@!$&'()+,;=%]+$/
/** A host as it is written in DNS, or an IP literal. What else a host can be, such as `a;b.example`, is a directive or a disguise somewhere. */
const host = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/

/** A URL that an app may be sent to: nothing in it is read differently by two programs, or matches loosely. */
export const target = z
  .string()
  .refine(
    text => {
      const url = URL.parse(text)
      return url !== null && !text.includes('#') && !text.includes('*') && url.username === '' && url.password === ''
    },
    { error: 'must be a URL without a fragment, user or wildcard' },
  )
  .refine(text => characters.test(text.replaceAll('*', '')), {
    error: 'must have the characters of a URL only, without blanks and backslashes',
  })
  .refine(wellHosted, { error: 'must have a host of a-z, 0-9, dots and hyphens, or an IP address' })

/** The same on the web. */
export const web = target.refine(text => /^https?:/.test(text), { error: 'must be an http or https URL' })

/** A page that people can go to. */
export const link = web.refine(text => text.startsWith('https:'), { error: 'must be https' })

/** Is the host that a parser finds the one that is written, and a plain one? */
function wellHosted(text: string): boolean {
  const url = URL.parse(text)
  if (url === null) return true
  const onWeb = /^https?:$/.test(url.protocol)
  if (!onWeb && url.host === '') return true
  return host.test(url.hostname) && text.toLowerCase().startsWith(`${url.protocol}//${url.host}`)
}
