// Tells the browser's password manager which passkeys this account still takes, and what it is called now.
const { rpId, user, name, passkeys } = JSON.parse(document.querySelector('[data-signals]').dataset.signals)
const passkey = globalThis.PublicKeyCredential
const userId = btoa(user)
  .replaceAll('+', '-')
  .replaceAll('/', '_')
  .replace(/={1,2}$/, '')

// A browser that cannot, or will not, changes nothing for anybody.
const tell = (signal, told) => passkey?.[signal]?.({ rpId, userId, ...told }).catch(() => {})

tell('signalAllAcceptedCredentials', { allAcceptedCredentialIds: passkeys })
tell('signalCurrentUserDetails', { name, displayName: name })
