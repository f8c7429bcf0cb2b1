import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenFailure } from '../failure.ts';
import type { Token } from './token.ts';

/** The injected header's value, or why this token cannot be injected. */
export type AuthorizationValue = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly failure: TokenFailure };

/** What servers call a bearer token (RFC 6750); SAP's say `BearerToken` too. */
const bearer = /^bearer(?:[ _-]?token)?$/i;

/** A word that can be quoted: no token is that short and has letters alone. */
const typeName = /^[A-Za-z][A-Za-z_-]{0,15}$/;

/**
 * The value of the header that a token is injected as. A client must not use a token whose type it does not understand (RFC 6749
 * section 7.1): DPoP and MAC tokens are refused, unless `injection.scheme` says how this API wants to see it.
 */
export function authorizationValue(
  token: Pick<Token, 'value' | 'type' | 'issuedType'>,
  injection: SidecarConfig['injection'],
): AuthorizationValue {
  const { scheme } = injection;
  if (scheme !== undefined) return { ok: true, value: scheme === '' ? token.value.reveal() : `${scheme} ${token.value.reveal()}` };
  const type = token.type?.trim() ?? '';
  if (type === '' || bearer.test(type)) return { ok: true, value: `Bearer ${token.value.reveal()}` };
  if (/^n_a$/i.test(type)) return { ok: false, failure: noAccessToken(token.issuedType) };
  const name = typeName.test(type) && type !== token.value.reveal() ? type : 'another one';
  return {
    ok: false,
    failure: {
      code: 'token_malformed',
      detail: `The token endpoint issued a token that is not a bearer token; its type is ${name}.`,
      hint: 'If the API takes it nevertheless, set injection.scheme to the word that goes before it; "" for none.',
    },
  };
}

/** RFC 8693 section 2.2.1: what is issued as N_A is no access token, but may be sent as a credential of another kind. */
function noAccessToken(issuedType = 'another token'): TokenFailure {
  return {
    code: 'token_malformed',
    detail: `The token endpoint issued no access token but ${issuedType}; its type is N_A.`,
    hint:
      'Ask for another one by grant.tokenExchange.requestedTokenType, such as urn:ietf:params:oauth:token-type:access_token. If the API takes this one,' +
      ' set injection.scheme to the word that goes before it, such as Bearer; "" for none.',
  };
}
