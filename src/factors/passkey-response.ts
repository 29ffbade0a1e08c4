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
export function read<T>(json: string, shape: z.ZodType<T>): T | undefined {
  try {
    return shape.safeParse(JSON.parse(json)).data
  } catch {
    return undefined
  }
}
