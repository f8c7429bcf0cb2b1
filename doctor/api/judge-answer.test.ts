import { expect, it } from 'vitest';
import { examineScene, bearer, nowSeconds, refusedSaying, type Scene } from '../../test/support/examine-scene.ts';
import type { Verdict } from '../examination.ts';

it.each<[what: string, scene: Scene, code: Verdict['code'], sentence: RegExp]>([
  ['answers', { answer: { status: 200 } }, 'works', /^The API 127\.0\.0\.1:\d+ took the token and answered GET with status 200\.$/],
  ['redirects within itself', { answer: { status: 302, headers: { location: '/base/x' } } }, 'works', /a redirect to 127/],
  ['has nothing at the base URL', { answer: { status: 404 } }, 'works', /--path names what is meant/],
  [
    'has nothing at the path that was named',
    { answer: { status: 404 }, path: '/x' },
    'api_path_refused',
    /has nothing at this path \(status 404\); the token was accepted/,
  ],
  [
    'does not know the application',
    { answer: { status: 404, headers: { 'x-cf-routererror': 'unknown_route' } }, path: '/x' },
    'api_path_refused',
    /^Cloud Foundry's router before the API/,
  ],
  [
    'does not take the method',
    { answer: { status: 405, headers: { allow: 'POST' } }, path: '/x' },
    'api_method_refused',
    /does not take GET on this path, only POST/,
  ],
  ['refuses the request', { answer: { status: 422 }, path: '/x' }, 'api_request_refused', /refused the request \(status 422\)/],
  ['is called too often', { answer: { status: 429 } }, 'api_throttled', /too many calls/],
  ['fails', { answer: { status: 503 } }, 'api_failed', /failed \(status 503\)/],
  [
    'redirects to where people log in',
    { answer: { status: 302, headers: { location: 'https://idp.example/oauth2/authorize?x=1' } } },
    'api_login_page',
    /a redirect to idp\.example, where people log in/,
  ],
  [
    'sends a page to log in',
    { answer: { status: 200, body: '<html><form><input name=p type="password"></form></html>' } },
    'api_login_page',
    /a web page to log in/,
  ],
  [
    'says that the token has expired',
    { answer: refusedSaying('The token expired at 12:00') },
    'api_token_expired',
    /because it has expired, which it has not by the clock of this machine/,
  ],
  [
    'says nothing of a token that has expired',
    { answer: { status: 401 }, claims: { iat: nowSeconds - 900, exp: nowSeconds - 600 } },
    'api_token_expired',
    /it has expired, 10 min ago.*the token shows it/,
  ],
  [
    'says that the token is not valid yet',
    { answer: refusedSaying('Jwt used before 12:00') },
    'api_token_too_early',
    /it is not valid yet/,
  ],
  [
    'says nothing of a token that is not valid yet',
    { answer: { status: 401 }, claims: { iat: nowSeconds + 300, nbf: nowSeconds + 300 } },
    'api_token_too_early',
    /not valid yet: by 5 min/,
  ],
  [
    'has a clock that is ahead',
    {
      answer: {
        ...refusedSaying('jwt expired'),
        headers: { ...refusedSaying('jwt expired').headers, date: new Date((nowSeconds + 7200) * 1000).toUTCString() },
      },
    },
    'api_token_expired',
    /the API's clock is 2 h ahead/,
  ],
  [
    'says that the token is not active, in words of Spring',
    { answer: refusedSaying("Provided token isn't active") },
    'api_token_revoked',
    /not active: revoked/,
  ],
  ['says that the token was revoked', { answer: refusedSaying('Token was revoked') }, 'api_token_revoked', /not active: revoked/],
  [
    'does not know the token, in words of SuccessFactors',
    { answer: { status: 500, body: { error: { code: 'LGN0022', message: { value: '[LGN0022]' } } } } },
    'api_token_revoked',
    /not active/,
  ],
  [
    'says not active of a token that has expired',
    { answer: refusedSaying('Token is not active'), claims: { exp: nowSeconds - 60 } },
    'api_token_expired',
    /it has expired/,
  ],
  [
    'does not trust the issuer',
    { answer: refusedSaying('The iss claim is not valid') },
    'api_issuer_refused',
    /does not trust who issued it: it was issued by https:\/\/login\.example/,
  ],
  [
    'cannot verify the signature',
    { answer: refusedSaying('Signed JWT rejected: Another algorithm expected, or no matching key(s) found') },
    'api_issuer_refused',
    /does not trust who issued it/,
  ],
  [
    'names another issuer',
    { answer: { status: 401, headers: bearer('authorization_uri="https://other.example/oauth2", error="invalid_token"') } },
    'api_issuer_refused',
    /and the API trusts https:\/\/other\.example\/oauth2/,
  ],
  [
    'says that the tenant is wrong',
    { answer: refusedSaying('The tenant is not allowed'), claims: { tid: 'one' } },
    'api_tenant_refused',
    /of another tenant: it is of one/,
  ],
  [
    'cannot verify the signature, and names another realm of the issuer',
    {
      answer: {
        status: 401,
        headers: bearer(
          'authorization_uri="https://login.example/realms/b", error="invalid_token", error_description="The signature is invalid"',
        ),
      },
      claims: { iss: 'https://login.example/realms/a' },
    },
    'api_tenant_refused',
    /it was issued by https:\/\/login\.example\/realms\/a, and the API is of https:\/\/login\.example\/realms\/b/,
  ],
  [
    'names the audience that it wants',
    { answer: refusedSaying('jwt audience invalid. expected: api://orders') },
    'api_audience_refused',
    /its audience is orders, and the API wants api:\/\/orders/,
  ],
  [
    'says nothing of an audience that is none',
    { answer: { status: 401 }, claims: { aud: 'account' } },
    'api_audience_refused',
    /not meant for this API: its audience is account.*the token shows it/,
  ],
  [
    'names the scope that it wants',
    { answer: { status: 403, headers: bearer('error="insufficient_scope", scope="read write"') }, claims: { scope: 'read' } },
    'api_scope_missing',
    /needs the scope write; the token has read \(status 403, insufficient_scope\)/,
  ],
  [
    'wants a privilege',
    { answer: { status: 403, body: { message: 'Missing privileges' } } },
    'api_scope_missing',
    /more scopes or roles than the token has; the token has none/,
  ],
  [
    'says nothing of a scope that was not given',
    { answer: { status: 403 }, config: { grant: { scope: 'read' } } },
    'api_scope_missing',
    /needs the scope read; the token has none/,
  ],
  ['says nothing at all', { answer: { status: 401 } }, 'api_token_refused', /refused the token, and does not say why \(status 401\)/],
  ['forbids, and says nothing', { answer: { status: 403 } }, 'api_forbidden', /does not permit GET on this path/],
  [
    'wants user and password',
    { answer: { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x", Negotiate' } } },
    'api_scheme_refused',
    /asks for Basic \(user and password\) or Negotiate \(Kerberos\) instead/,
  ],
  [
    'wants a bound token',
    { answer: { status: 401, headers: { 'WWW-Authenticate': 'DPoP algs="ES256"' } } },
    'api_scheme_refused',
    /DPoP \(a token bound to a key\)/,
  ],
  [
    'wants a CSRF token',
    { answer: { status: 403, headers: { 'x-csrf-token': 'Required' } }, method: 'POST', path: '/x' },
    'api_csrf_token_wanted',
    /wants a CSRF token for POST/,
  ],
  [
    'wants an API key',
    { answer: { status: 401, body: { message: 'Access denied due to missing subscription key.' } } },
    'api_key_wanted',
    /^The gateway Azure API Management before the API .* wants an API key/,
  ],
  [
    'permits other addresses only',
    { answer: { status: 403, body: 'IP address not allowed' } },
    'api_address_refused',
    /the address that this one came from/,
  ],
  [
    'wants a user',
    { answer: { status: 403, body: { error: { message: 'Application-only tokens are not supported' } } } },
    'api_user_wanted',
    /wants a token of a user/,
  ],
  ['is sent an ID token', { answer: { status: 401 }, claims: { nonce: 'x' } }, 'api_wrong_token', /an ID token and not an access token/],
  [
    'cannot read an opaque token',
    { answer: refusedSaying('Malformed token'), claims: null },
    'api_token_refused',
    /does not say why \(status 401, invalid_token\)/,
  ],
])('says what it means if the API %s', async (_what, scene, code, sentence) => {
  const { verdict } = await examineScene({ issue: () => scene.claims ?? {}, ...scene });
  expect(verdict.sentence).toMatch(sentence);
  expect(verdict.code).toBe(code);
});
