import { z } from 'zod'
import { adminScopes } from '../accounts/role.ts'
import { changes, type Operation } from './operation.ts'

/** What an operation is called by: its method, and its path with the names of its arguments. */
export function addressOf({ at }: Pick<Operation, 'at'>): { method: string; path: string; inPath: readonly string[] } {
  const [method = '', path = ''] = at.split(' ')
  return { method, path, inPath: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '') }
}

const schemaOf = (shape: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' })
  return schema
}

interface Schema {
  properties?: Record<string, Record<string, unknown>>
  required?: string[]
}

const reference = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` })
const refusals = ['400', '401', '403', '404', '409', '422', '429', '500', '503']

/** Returns the OpenAPI 3.1 document of the admin API, made from what the operations declare. */
export function openapi(operations: readonly Operation[], issuer: string): object {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const each of operations) {
    const { method, path } = addressOf(each)
    paths[path] = { ...paths[path], [method.toLowerCase()]: described(each) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey admin API',
      version: '1',
      description:
        'What staff and programs of the operator can do. Every answer is JSON; every refusal is application/problem+json (RFC 9457) with a stable `code`.',
    },
    servers: [{ url: `${issuer}/admin/api` }],
    security: [{ oauth: [] }],
    paths,
    components: {
      securitySchemes: {
        oauth: {
          type: 'oauth2',
          description:
            'The resource is the address of this API (RFC 8707). Tokens of a person need the role as well, and a passkey: a fresh one for changes.',
          flows: {
            clientCredentials: { tokenUrl: `${issuer}/token`, scopes },
            authorizationCode: { authorizationUrl: `${issuer}/authorize`, tokenUrl: `${issuer}/token`, scopes },
          },
        },
      },
      parameters: {
        IdempotencyKey: {
          name: 'Idempotency-Key',
          in: 'header',
          required: false,
          description: 'The same request with the same key gets the same answer for 24 hours, and is made once.',
          schema: { type: 'string', minLength: 1, maxLength: 200 },
        },
      },
      headers: { RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer' } } },
      responses: {
        Problem: {
          description: 'A refusal.',
          headers: { 'Retry-After': reference('headers', 'RetryAfter') },
          content: { 'application/problem+json': { schema: reference('schemas', 'Problem') } },
        },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'detail', 'code', 'request'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string', description: 'For people, in English.' },
            code: { type: 'string', description: 'Stable: programs decide by it.' },
            request: { type: 'string', description: 'The X-Request-Id, which the log lines carry.' },
            errors: {
              type: 'array',
              items: {
                type: 'object',
                required: ['name', 'detail'],
                properties: { name: { type: 'string' }, detail: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  }
}

const scopes = Object.fromEntries(adminScopes.map(each => [each, each]))

function described(each: Operation): object {
  const { inPath } = addressOf(each)
  const { properties = {}, required = [] } = schemaOf(each.args, 'input') as Schema
  const posted = changes(each)
  const parameters = Object.entries(properties)
    .filter(([name]) => inPath.includes(name) || !posted)
    .map(([name, { description, ...schema }]) => ({
      name,
      in: inPath.includes(name) ? 'path' : 'query',
      required: inPath.includes(name) || required.includes(name),
      ...(description !== undefined && { description }),
      schema,
    }))
  const inBody = Object.entries(properties).filter(([name]) => !inPath.includes(name))
  const body = {
    type: 'object',
    properties: Object.fromEntries(inBody),
    required: required.filter(name => !inPath.includes(name)),
    additionalProperties: false,
  }
  return {
    operationId: each.id,
    summary: each.means,
    tags: [each.id.split('.')[0]],
    security: [{ oauth: [each.scope] }],
    parameters: [...parameters, ...(posted && !each.unkept ? [reference('parameters', 'IdempotencyKey')] : [])],
    ...(posted && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(each.result, 'output') } } },
      ...Object.fromEntries(refusals.map(status => [status, reference('responses', 'Problem')])),
    },
  }
}
