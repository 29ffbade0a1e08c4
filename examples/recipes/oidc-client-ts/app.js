const { IndexedDbDPoPStore, UserManager } = window.oidc
const { issuer, clientId } = await (await fetch('/settings.json')).json()

const manager = new UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: `${location.origin}/`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: 'openid email offline_access',
  // Who steals the tokens cannot use them without this browser's key (RFC 9449).
  dpop: { store: new IndexedDbDPoPStore(), bind_authorization_code: true },
})

const say = text => {
  document.querySelector('#who').textContent = text
}
document.querySelector('#login').onclick = () => manager.signinRedirect()
document.querySelector('#refresh').onclick = async () => {
  const before = await manager.getUser()
  const { profile, access_token } = await manager.signinSilent()
  say(`${profile.email}, ${access_token === before.access_token ? 'as before' : 'refreshed'}`)
}
document.querySelector('#logout').onclick = () => manager.signoutRedirect()

const answer = new URLSearchParams(location.search)
if (answer.has('code') || answer.has('error')) {
  await manager.signinCallback()
  history.replaceState(null, '', '/')
}
const user = await manager.getUser()
say(user ? user.profile.email : 'Nobody')
