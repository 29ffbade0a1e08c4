import type { FormatName } from '../../src/admin/people-formats.ts'

/** What everybody in the made-up exports signs in with: its hashes were made by Python, and by Django itself. */
export const password = 'plum anchor violin'
/** The one of the Firebase export: its hash is the example that Firebase publishes. */
export const firebasePassword = 'user1password'
/** Firebase's password hash parameters, as its console shows them. */
export const firebaseProject = {
  base64_signer_key: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  base64_salt_separator: 'Bw==',
  rounds: 8,
  mem_cost: 14,
}
/** Base32. */
export const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const salt = 'c2l4dGVlbiBieXRlcyBvaw=='
const keycloakPassword = (value: string, hashIterations: number, algorithm: string, additionalParameters = {}) => ({
  type: 'password',
  createdDate: 1_600_000_000_000,
  secretData: JSON.stringify({ value, salt, additionalParameters: {} }),
  credentialData: JSON.stringify({ hashIterations, algorithm, additionalParameters }),
})
const keycloakUser = (name: string, credentials: object[], more = {}) => ({
  id: `11111111-2222-4333-8444-${name.padEnd(12, '0')}`,
  username: name,
  email: `${name}@example.com`,
  emailVerified: true,
  enabled: true,
  createdTimestamp: 1_600_000_000_000,
  firstName: 'Ada',
  lastName: 'Lovelace',
  totp: false,
  credentials,
  requiredActions: [],
  realmRoles: ['default-roles-suite'],
  notBefore: 0,
  groups: [],
  ...more,
})
const argon2 = {
  hashLength: ['32'],
  memory: ['7168'],
  type: ['id'],
  version: ['1.3'],
  parallelism: ['1'],
}
const sha512 = 'UD5NRCnV3zjzcOlY0YXzxwk11OVJYs0Kq4KpaO8S0wbdQWkOCFTOoQiecmS2nBsmJI28fp30Dz4iMgj1XzMZAQ=='
const sha256 = 'VymRVokncqzNVIG+SaW+b5uP4G7otkzPglpP+tFWEsnFUhXeYA79GkqDSMEFLrO8bUzzIxXVl1zA8htduY2sJw=='
const sha1 = 'jaTk1Tvq0V5UAe5ifsKRYGzYgokDxUJ2FaEi3V/bU/3cBzGgtD6sqYh8cjOpZ35BYoBW+HWXQ5EMdLgearJj4g=='

const keycloak = {
  realm: 'suite',
  enabled: true,
  roles: { realm: [{ name: 'offline_access', attributes: { users: ['not these'] } }] },
  users: [
    keycloakUser('kcargon', [keycloakPassword('iv0cidOsScCPjH0oU9ga3CLwpahf8+oUf1Mj0i9lQIw=', 5, 'argon2', argon2)], {
      attributes: { locale: ['de'] },
    }),
    keycloakUser('kclong', [
      keycloakPassword(sha512, 210_000, 'pbkdf2-sha512'),
      {
        type: 'otp',
        userLabel: 'Phone',
        secretData: JSON.stringify({ value: 'a secret of twenty b' }),
        credentialData: JSON.stringify({ subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1' }),
      },
    ]),
    keycloakUser('kcmiddle', [keycloakPassword(sha256, 27_500, 'pbkdf2-sha256')], { emailVerified: false }),
    keycloakUser('kcold', [keycloakPassword(sha1, 20_000, 'pbkdf2')], { enabled: false }),
    keycloakUser('service-account-api', [], { serviceAccountClientId: 'api', email: undefined }),
  ],
  clients: [{ clientId: 'api', users: [{ email: 'nobody@example.com' }] }],
}

const bcrypt = '$2b$04$yFW1llW5IwDMNXX9kvkjQeMruGUO18D24QW3L0b5yEm9fgXyrIChi'
const auth0 = [
  {
    _id: { $oid: '60425dc43519d90068f82973' },
    email_verified: true,
    email: 'azero@example.com',
    passwordHash: bcrypt,
    password_set_date: { $date: '2021-03-05T16:33:24.774Z' },
    tenant: 'suite',
    connection: 'Username-Password-Authentication',
    _tmp_is_unique: true,
  },
  {
    user_id: 'auth0|60425dc43519d90068f82974',
    email: 'aone@example.com',
    email_verified: true,
    name: 'aone@example.com',
    created_at: '2021-03-05T16:33:24.774Z',
    passwordHash: bcrypt,
    mfa_factors: [{ totp: { secret } }],
    blocked: true,
  },
]

const firebase = {
  users: [
    {
      localId: 'UVBu4yrDmOUeMX4KjZbpy2hQdDd2',
      email: 'fire@example.com',
      emailVerified: true,
      passwordHash: 'lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==',
      salt: '42xEC-ixf3L2lw==',
      displayName: 'Fire Base',
      phoneNumber: '+447700900123',
      lastSignedInAt: '1600000000000',
      createdAt: '1600000000000',
      disabled: false,
      providerUserInfo: [],
    },
  ],
}

const cognito = {
  Users: [
    {
      Username: '8f2c5b1e-3a47-4b6d-9d0f-5f6a7b8c9d0e',
      Attributes: [
        { Name: 'sub', Value: '8f2c5b1e-3a47-4b6d-9d0f-5f6a7b8c9d0e' },
        { Name: 'email', Value: 'cog@example.com' },
        { Name: 'email_verified', Value: 'true' },
        { Name: 'given_name', Value: 'Cog' },
        { Name: 'family_name', Value: 'Nito' },
        { Name: 'phone_number', Value: '+447700900124' },
        { Name: 'phone_number_verified', Value: 'false' },
      ],
      UserCreateDate: 1_600_000_000.123,
      UserLastModifiedDate: 1_600_000_000.123,
      Enabled: true,
      UserStatus: 'CONFIRMED',
    },
  ],
}

const logto = [
  {
    id: 'k6a1f0x9y2zq',
    username: 'log_to',
    primaryEmail: 'logto@example.com',
    primaryPhone: null,
    passwordEncrypted:
      '$argon2i$v=19$m=4096,t=256,p=1$c2l4dGVlbiBieXRlcyBvaw$WHR4EDOhlvKWr3dFapAFHvTSFf/aRL7lGpGARYRNwjI',
    passwordEncryptionMethod: 'Argon2i',
    name: 'Log To',
    profile: { locale: 'de-AT', zoneinfo: 'Europe/Vienna' },
    customData: {},
    mfaVerifications: [{ type: 'Totp', id: 'x', createdAt: '2024-01-01T00:00:00.000Z', key: secret }],
    createdAt: 1_600_000_000_000,
    isSuspended: false,
  },
  {
    id: 'k6a1f0x9y2zr',
    primary_email: 'legacy@example.com',
    password_encrypted: JSON.stringify([
      'pbkdf2',
      ['salt123', '1000', '20', 'sha512', '@'],
      'cf09e543108d47fa2279408f75f7058fcf116b22',
    ]),
    password_encryption_method: 'Legacy',
    created_at: '2024-01-01T00:00:00Z',
    is_suspended: false,
  },
]

const djangoUser = (pk: number, name: string, hash: string, more = {}) => ({
  model: 'auth.user',
  pk,
  fields: {
    password: hash,
    last_login: null,
    is_superuser: false,
    username: name,
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: `${name}@example.com`,
    is_staff: false,
    is_active: true,
    date_joined: '2020-09-13T12:26:40Z',
    groups: [],
    user_permissions: [],
    ...more,
  },
})
const django = [
  djangoUser(1, 'djlong', 'pbkdf2_sha256$1000000$fD5LdGTEiifrhtKt1CjqO0$/ott1tYygYB7k/wcFShAbHt7eIQducHoUAPkNSgmX/E='),
  djangoUser(2, 'djsha1', 'pbkdf2_sha1$1000000$78IciLf5zSchyuFlAFQwit$pBwlmndp15kHBjo/qPSh0c+S2Dg='),
  djangoUser(
    3,
    'djargon',
    'argon2$argon2id$v=19$m=102400,t=2,p=8$WGhhVjRIVkR6amFUMEhoZUdpc2lkMQ$FeUL8g8EvwEIPITpKMvhRzLiwmDvBpNpyPRPCHAxt/A',
  ),
  djangoUser(4, 'djouter', 'bcrypt_sha256$$2b$12$CU2CECNVHBtGaYf7WWqixO5Bn8jKFPLDJlTwP/hJNtcvcUpxqCtpy'),
  djangoUser(5, 'djbcrypt', 'bcrypt$$2b$12$yJLWxcQyJKLjpNGFGmV8xez1/nX3ZHqVxmJJIL6hahHnXlv3nAaXm'),
  djangoUser(
    6,
    'djscrypt',
    'scrypt$16384$tSiLssR3kKLxdRUEpwFGRI$8$5$HB6CmKFkH9DzZSPXMSEgxvCqexmIDMchwBhy9IJ5x7kehvdJeSCSnHiIgBTtrHK0qtNNwEttAUCg7stntS7S7g==',
    { is_active: false },
  ),
  { model: 'auth.group', pk: 1, fields: { name: 'editors' } },
]

const latchkey = [
  {
    ...{ id: 'ada-1', email: 'Ada.Moves@Example.com', email_verified: true, name: 'Ada Lovelace', username: 'ada' },
    ...{ locale: 'de-AT', zoneinfo: 'Europe/Vienna', created_at: '2020-09-13T12:26:40Z', password_hash: bcrypt },
  },
  { email: 'grace.moves@example.com', password_hash: bcrypt, totp: [{ secret, label: 'Phone' }] },
]

const linesOf = (records: object[]): string => records.map(each => `${JSON.stringify(each)}\n`).join('')

/** A file of each format, as its product writes it. */
export const exports: Readonly<Record<FormatName, { name: string; text: string; password: string }>> = {
  latchkey: { name: 'people.jsonl', text: linesOf(latchkey), password },
  keycloak: { name: 'suite-realm.json', text: JSON.stringify(keycloak, null, 2), password },
  auth0: { name: 'auth0.json', text: linesOf(auth0), password },
  firebase: { name: 'users.json', text: JSON.stringify(firebase, null, 2), password: firebasePassword },
  cognito: { name: 'users.json', text: JSON.stringify(cognito, null, 4), password: '' },
  logto: { name: 'users.json', text: JSON.stringify(logto), password },
  django: { name: 'users.json', text: JSON.stringify(django, null, 2), password },
}
