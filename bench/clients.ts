/** The API that tokens are made for. */
export const api = { resource: 'https://api.example.com', name: 'API', scopes: ['read'] }

/** An app that people sign in to and that keeps a refresh token. */
export const app = {
  client_id: 'app',
  client_name: 'App',
  client_secret: 'the-secret-of-the-app-that-is-measured',
  redirect_uris: ['https://app.example.com/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
}

/** A service with no person behind it. */
export const machine = {
  client_id: 'machine',
  client_name: 'Machine',
  client_secret: 'the-secret-of-the-machine-that-is-measured',
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
}
