import * as oidc from 'openid-client'

const http = { execute: [oidc.allowInsecureRequests] } // for localhost only

/** Signs somebody in on a device without a keyboard (RFC 8628): it shows a code, and they let it in on their phone. Needs a client with the grant of devices. */
export async function signIn(issuer: string, id: string, show: (line: string) => void) {
  const latchkey = await oidc.discovery(new URL(issuer), id, undefined, oidc.None(), http)
  const asked = await oidc.initiateDeviceAuthorization(latchkey, { scope: 'openid email offline_access' })
  show(`Open ${asked.verification_uri} and enter ${asked.user_code}`)
  // Waits, and slows down when it is told to; throws once the code has run out, or somebody said no.
  const tokens = await oidc.pollDeviceAuthorizationGrant(latchkey, asked)
  return tokens.claims()
}

if (import.meta.main) {
  const [issuer = 'http://localhost:3000', id = 'television'] = process.argv.slice(2)
  const person = await signIn(issuer, id, console.log)
  console.log(`Signed in: ${person?.sub}`)
}
