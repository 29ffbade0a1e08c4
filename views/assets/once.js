// A form is posted once: a second press while the answer is on its way would spend the code again.
let posted

const release = () => {
  posted?.removeAttribute('aria-busy')
  posted = undefined
}

addEventListener('submit', event => {
  if (event.defaultPrevented) return
  if (posted) {
    event.preventDefault()
    return
  }
  posted = event.target
  posted.setAttribute('aria-busy', 'true')
  // An answer that never comes must not lock the form.
  setTimeout(release, 8_000)
})

addEventListener('pageshow', release)

const secure = location.protocol === 'https:' ? '; Secure' : ''
const remember = (name, value) => {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not there in all browsers, nor over plain http
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
}

// Names the browser's time zone, in which an account begins, and pages without a known zone write times.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
if (zone) remember('latchkey_zone', zone)

// Says whether a passkey can be offered here, and whether the browser makes one by itself after a password was used.
const passkey = globalThis.PublicKeyCredential
const asked = [passkey?.isUserVerifyingPlatformAuthenticatorAvailable?.(), passkey?.getClientCapabilities?.()]
Promise.all(asked).then(
  ([here, can]) => remember('latchkey_passkeys', here ? (can?.conditionalCreate ? 'automatic' : 'yes') : 'no'),
  () => {},
)

// What was typed comes along when the language is switched, but for passwords, codes and files.
const typed = () =>
  [...document.querySelectorAll('main :is(input, textarea, select)')].filter(
    ({ name, type, autocomplete }) =>
      name && autocomplete !== 'one-time-code' && /^(text|email|tel|date|checkbox|textarea|select-one)$/.test(type),
  )

const keep = to => {
  const values = typed().map(({ name, type, checked, value }) => [name, type === 'checkbox' ? checked : value])
  try {
    sessionStorage.setItem('typed', JSON.stringify({ to, values }))
  } catch {}
}

document.querySelector('form.languages')?.addEventListener('submit', ({ target }) => keep(target.elements.to.value))

// So does an address, on the way from sign-in to sign-up or to a forgotten password, and back: each flow has a path of its own below.
for (const link of document.querySelectorAll('a[data-keeps]')) link.addEventListener('click', () => keep(link.pathname))

try {
  const { to, values = [] } = JSON.parse(sessionStorage.getItem('typed') ?? '{}')
  sessionStorage.removeItem('typed')
  if (to && (location.pathname + location.search).startsWith(to))
    for (const field of typed()) {
      const at = values.findIndex(([name]) => name === field.name)
      if (at < 0) continue
      const [[, value]] = values.splice(at, 1)
      if (field.type === 'checkbox') field.checked = value
      else if (value) field.value = value
    }
} catch {}
