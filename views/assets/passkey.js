const {
  WebAuthnAbortService: ceremonies,
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} = globalThis.SimpleWebAuthnBrowser

const form = document.querySelector('[data-passkey]')
const button = form.querySelector('button')
const label = button.querySelector('span')
const act = label.textContent
const words = form.querySelector('[role=alert]')
const create = form.dataset.passkey === 'create'
const optionsJSON = JSON.parse(form.dataset.options)

const send = response => {
  form.elements.response.value = JSON.stringify(response)
  form.submit()
}

const reason = fault => {
  const name = fault.cause?.name ?? fault.name
  if (name === 'InvalidStateError') return form.dataset.exists
  if (name === 'NotAllowedError' && !create && !elsewhere) {
    elsewhere = true
    return form.dataset.elsewhere
  }
  if (name === 'NotAllowedError' || name === 'AbortError') return form.dataset.stopped
  return form.dataset.failed
}

const busy = is => {
  form.setAttribute('aria-busy', String(is))
  label.textContent = is ? form.dataset.waiting : elsewhere ? form.dataset.elsewhereAct : act
  for (const other of form.querySelectorAll('[data-hint]')) other.disabled = is
  button.disabled = is
}

const passkey = globalThis.PublicKeyCredential
const capable = async name => (await passkey?.getClientCapabilities?.().catch(() => undefined))?.[name] === true

/** Makes a passkey; on a security key where that is asked for. */
const make = hint => {
  const authenticatorSelection = { ...optionsJSON.authenticatorSelection, authenticatorAttachment: 'cross-platform' }
  return startRegistration({
    optionsJSON: hint ? { ...optionsJSON, hints: [hint], authenticatorSelection } : optionsJSON,
  })
}

// Set once it turned out that this device has none: then the browser is asked for other devices.
let elsewhere = false

/** Uses a passkey. Where the browser can say at once that this device has none, it shows nothing before it knows. */
const use = async () => {
  if (elsewhere) return startAuthentication({ optionsJSON: { ...optionsJSON, hints: ['hybrid'] } })
  if (optionsJSON.allowCredentials?.length || !(await capable('immediateGet')))
    return startAuthentication({ optionsJSON })
  const publicKey = passkey.parseRequestOptionsFromJSON(optionsJSON)
  ceremonies.cancelCeremony()
  return (await navigator.credentials.get({ publicKey, mediation: 'immediate' })).toJSON()
}

const ask = async event => {
  event.preventDefault()
  words.textContent = ''
  busy(true)
  try {
    // Asking again ends the offer in the email field: a device answers one question at a time.
    send(await (create ? make(event.submitter?.dataset.hint) : use()))
  } catch (fault) {
    words.textContent = reason(fault)
    busy(false)
    button.focus()
    offer()
  }
}

/** Lets the browser offer passkeys where the email is typed, until one is chosen. */
const offer = async () => {
  if (!('autofill' in form.dataset) || !(await browserSupportsWebAuthnAutofill())) return
  startAuthentication({ optionsJSON, useBrowserAutofill: true }).then(send, () => {})
}

// What no account takes any more is best forgotten where it is kept. A browser that cannot changes nothing.
if ('unknown' in form.dataset) {
  const unknown = { rpId: optionsJSON.rpId, credentialId: form.dataset.unknown }
  globalThis.PublicKeyCredential?.signalUnknownCredential?.(unknown).catch(() => {})
}

/** Has the browser make a passkey by itself, right after a password was used; where it does not, a page that is there for that alone goes on. */
const upgrade = async () => {
  try {
    if (!(await capable('conditionalCreate'))) throw new TypeError('no conditional creation')
    const publicKey = passkey.parseCreationOptionsFromJSON(optionsJSON)
    send((await navigator.credentials.create({ publicKey, mediation: 'conditional' })).toJSON())
  } catch {
    if (form.dataset.automatic === 'quiet') document.querySelector('[data-skip]').form.submit()
  }
}

if (browserSupportsWebAuthn()) {
  busy(false)
  form.addEventListener('submit', ask)
  offer()
  if ('automatic' in form.dataset) upgrade()
} else {
  const choice = form.closest('[data-passkey-choice]')
  if (choice) choice.hidden = true
  else words.textContent = form.dataset.unsupported
}
