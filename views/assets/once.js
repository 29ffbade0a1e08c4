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

// Names the browser's time zone, in which an account begins, and pages without a known zone write times.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
if (zone) {
  const secure = location.protocol === 'https:' ? '; Secure' : ''
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not there in all browsers, nor over plain http
  document.cookie = `latchkey_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
}

// What was typed comes along when the language is switched, but for passwords, codes and files.
const typed = () => document.querySelectorAll('main :is(input, textarea, select)')
const mayKeep = field =>
  /^(text|email|tel|date|checkbox|textarea|select-one)$/.test(field.type) &&
  field.name &&
  field.autocomplete !== 'one-time-code'

document.querySelector('form.languages')?.addEventListener('submit', ({ target }) => {
  const values = [...typed()].map(
    field => mayKeep(field) && [field.name, field.type === 'checkbox' ? field.checked : field.value],
  )
  try {
    sessionStorage.setItem('typed', JSON.stringify({ to: target.elements.to.value, values }))
  } catch {}
})

try {
  const kept = JSON.parse(sessionStorage.getItem('typed') ?? '{}')
  sessionStorage.removeItem('typed')
  if (kept.to === location.pathname + location.search)
    for (const [at, field] of typed().entries()) {
      const [name, value] = kept.values[at] || []
      if (!mayKeep(field) || name !== field.name) continue
      if (field.type === 'checkbox') field.checked = value
      else if (value) field.value = value
    }
} catch {}
