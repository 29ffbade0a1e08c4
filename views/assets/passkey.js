const { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill, startAuthentication, startRegistration } =
  globalThis.SimpleWebAuthnBrowser

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
  if (name === 'NotAllowedError' || name === 'AbortError') return form.dataset.stopped
  return form.dataset.failed
}

const busy = is => {
  form.setAttribute('aria-busy', String(is))
  label.textContent = is ? form.dataset.waiting : act
  button.disabled = is
}

const ask = async event => {
  event.preventDefault()
  words.textContent = ''
  busy(true)
  try {
    // Asking again ends the offer in the email field: a device answers one question at a time.
    send(await (create ? startRegistration({ optionsJSON }) : startAuthentication({ optionsJSON })))
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

if (browserSupportsWebAuthn()) {
  button.disabled = false
  form.addEventListener('submit', ask)
  offer()
} else {
  const choice = form.closest('[data-passkey-choice]')
  if (choice) choice.hidden = true
  else words.textContent = form.dataset.unsupported
}
