import { isDeepStrictEqual } from 'node:util';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { ApiAnswer, Federation } from './federation.ts';

export type Issued =
  | { readonly ok: true; readonly grant: ApiAnswer }
  /** RFC 6749 section 5.2. */
  | { readonly ok: false; readonly error: 'invalid_request' | 'invalid_client' | 'invalid_grant'; readonly description: string };

const urn = 'urn:ietf:params:oauth';
const exchange = `${urn}:grant-type:token-exchange`;

/** Takes a token of a service account as client assertion (RFC 7523 section 2.2) or as subject token (RFC 8693), and no secret. */
export async function issueToken(form: URLSearchParams, federation: Federation): Promise<Issued> {
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) return refuse('invalid_request', 'a parameter comes twice');
  const fields = Object.fromEntries(form);
  const by = fields['grant_type'] === exchange ? 'subject_token' : 'client_assertion';
  const wanted: Readonly<Record<string, string | undefined>> =
    by === 'subject_token'
      ? { grant_type: exchange, subject_token_type: `${urn}:token-type:jwt`, audience: 'https://ledger.example' }
      : {
          grant_type: 'client_credentials',
          client_assertion_type: `${urn}:client-assertion-type:jwt-bearer`,
          client_id: fields['client_id'] ?? '',
          scope: 'https://graph.microsoft.com/.default',
        };
  const { [by]: token = '', ...others } = fields;
  if (!isDeepStrictEqual(others, wanted)) {
    return refuse('invalid_request', `what came is ${names.join()}, or other values`);
  }
  const error = by === 'subject_token' ? 'invalid_grant' : 'invalid_client';
  const subjects = by === 'subject_token' ? Object.values(federation.clients) : [federation.clients[fields['client_id'] ?? '']];
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(federation.keys), {
      issuer: federation.issuer,
      audience: federation.audience,
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['exp', 'iat', 'nbf', 'sub', 'jti'],
      maxTokenAge: '1h',
    });
    const { sub = '', aud, exp = 0, iat = 0 } = payload;
    if (!subjects.includes(sub)) return refuse(error, `${sub} is not trusted`);
    if ([aud].flat().length !== 1) return refuse(error, 'the token is for others too');
    if (exp - iat > 3600) return refuse(error, 'the token lives too long');
    const { pod } = payload['kubernetes.io'] as { pod: { name: string } };
    return { ok: true, grant: { subject: sub, by, pod: pod.name } };
  } catch (cause) {
    return refuse(error, String(cause));
  }
}

const refuse = (error: Extract<Issued, { ok: false }>['error'], description: string): Issued => ({ ok: false, error, description });
