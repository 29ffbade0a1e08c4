import { z } from 'zod'

const bytes = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\w-]+$/)
const credential = { id: bytes(1400), rawId: bytes(1400), type: z.literal('public-key') }
// Results of extensions are not looked at.
const clientExtensionResults = z
  .unknown()
  .optional()
  .transform(() => ({}))

/** What a browser answers when a passkey was made (WebAuthn, 5.1.8), and no member more. */
export const attestation = z.object({
  ...credential,
  clientExtensionResults,
  response: z.object({
    clientDataJSON: bytes(8192),
    attestationObject: bytes(16_384),
    transports: z.array(z.string().max(32)).max(16).default([]),
  }),
})

/** What a browser answers when a passkey was used, and no member more. */
export const assertion = z.object({
  ...credential,
  clientExtensionResults,
  response: z.object({
    clientDataJSON: bytes(8192),
    authenticatorData: bytes(8192),
    signature: bytes(8192),
    userHandle: z
      .string()
      .regex(/^[\w-]{0,86}$/)
      .nullish()
      .transform(handle => handle || undefined),
  }),
})

/** Reads an answer that arrived as JSON in a form's field; undefined for anything but one of its shape. */
export function readResponse<T>(json: string, shape: z.ZodType<T>): T | undefined {
  try {
    return shape.safeParse(JSON.parse(json)).data
  } catch {
    return undefined
  }
}

/** What a passkey signed, with the key that verifies it: enough for anybody to verify, and not enough to sign in. */
export interface Evidence {
  /** Credential id and COSE public key, as base64url. */
  id: string
  publicKey: string
  /** As the browser sent them, base64url. */
  authenticatorData: string
  clientDataJSON: string
  signature: string
}

/** Well-known authenticators by AAGUID, as the community's list and the makers publish them. They name, and prove nothing. */
const authenticators: Readonly<Record<string, string>> = {
  'fbfc3007-154e-4ecc-8c0b-6e020557d7bd': 'iCloud Keychain',
  'dd4ec289-e01d-41c9-bb89-70fa845d4bf2': 'iCloud Keychain',
  'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4': 'Google Password Manager',
  'adce0002-35bc-c60a-648b-0b25f1f05503': 'Chrome on Mac',
  'b5397666-4885-aa6b-cebf-e52262a439a2': 'Chromium',
  '771b48fd-d3d4-4f74-9232-fc157ab0507a': 'Edge on Mac',
  '08987058-cadc-4b81-b6e1-30de50dcbe96': 'Windows Hello',
  '9ddd1817-af5a-4672-a2b9-3e3dd95000a9': 'Windows Hello',
  '6028b017-b1d4-4c02-b4b3-afcdafc96bb2': 'Windows Hello',
  'd3452668-01fd-4c12-926c-83a4204853aa': 'Microsoft Password Manager',
  '53414d53-554e-4700-0000-000000000000': 'Samsung Pass',
  'bada5566-a7aa-401f-bd96-45619a55120d': '1Password',
  'd548826e-79b4-db40-a3d8-11116f7e8349': 'Bitwarden',
  '531126d6-e717-415c-9320-3d9aa6981239': 'Dashlane',
  '50726f74-6f6e-5061-7373-50726f746f6e': 'Proton Pass',
  'b84e4048-15dc-4dd0-8640-f4f60813c8af': 'NordPass',
  'b78a0a55-6ef8-d246-a042-ba0f6d55050c': 'LastPass',
  '0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6': 'Keeper',
  'f3809540-7f14-49c1-a8b3-8f813b225541': 'Enpass',
  'fdb141b2-5d84-443e-8a35-4698c205a502': 'KeePassXC',
  'cb69481e-8ff7-4039-93ec-0a2729a154a8': 'YubiKey 5',
  'ee882879-721c-4913-9775-3dfcce97072a': 'YubiKey 5',
  'fa2b99dc-9e39-4257-8f92-4a30d23c4118': 'YubiKey 5 NFC',
  '2fc0579f-8113-47ea-b116-bb5a8db9202a': 'YubiKey 5 NFC',
  'a25342c0-3cdc-4414-8e46-f4807fca511c': 'YubiKey 5 NFC',
  'd8522d9f-575b-4866-88a9-ba99fa02f35b': 'YubiKey Bio',
}

/** Returns what people call an authenticator; undefined for one that is unknown or does not say. */
export function authenticatorName(aaguid: string): string | undefined {
  return Object.hasOwn(authenticators, aaguid) ? authenticators[aaguid] : undefined
}
