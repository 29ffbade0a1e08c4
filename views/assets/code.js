const form = document.querySelector('[data-code]')
const field = form.elements.code
const complete = Number(form.dataset.code)

const sendWhole = () => {
  const digits = field.value.replace(/\D/g, '')
  if (digits.length === complete && /^[\d\s-]*$/.test(field.value)) {
    field.value = digits
    form.requestSubmit()
  }
}

field.addEventListener('input', sendWhole)
// Whoever types fast may be done before this script has come.
sendWhole()

// WebOTP: the phone offers the code out of the message by itself.
if ('sms' in form.dataset && 'OTPCredential' in globalThis) {
  const stop = new AbortController()
  form.addEventListener('submit', () => stop.abort())
  navigator.credentials
    .get({ otp: { transport: ['sms'] }, signal: stop.signal })
    .then(message => {
      field.value = message.code
      form.requestSubmit()
    })
    .catch(() => {})
}
