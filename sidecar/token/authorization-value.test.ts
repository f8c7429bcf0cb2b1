import { expect, it } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { authorizationValue, type AuthorizationValue } from './authorization-value.ts';

function valueFor(type: string | undefined, scheme: string | undefined): AuthorizationValue {
  const token = { value: new Sensitive('tok'), ...(type !== undefined && { type }) };
  return authorizationValue(token, { header: 'Authorization', ...(scheme !== undefined && { scheme }) });
}

it.each([undefined, '', 'Bearer', 'bearer', 'BearerToken', 'bearer_token', ' Bearer '])(
  'a token of the type %o goes out as Bearer',
  (type) => {
    expect(valueFor(type, undefined)).toEqual({ ok: true, value: 'Bearer tok' });
  },
);

it.each(['DPoP', 'mac', 'N_A', 'Bearers', 'xbearer'])('a token of the type %s is refused by its name', (type) => {
  expect(valueFor(type, undefined)).toMatchObject({ ok: false, failure: { detail: expect.stringContaining(`its type is ${type}.`) } });
});

it('a token that was exchanged for what is no access token is refused with its own type', () => {
  const token = { value: new Sensitive('tok'), type: 'N_A', issuedType: 'urn:ietf:params:oauth:token-type:id_token' };
  expect(authorizationValue(token, { header: 'Authorization' })).toMatchObject({
    ok: false,
    failure: {
      detail: expect.stringContaining('urn:ietf:params:oauth:token-type:id_token'),
      hint: expect.stringContaining('requestedTokenType'),
    },
  });
});

it.each(['tok', 'Bearer eyJhbGciOiJub25lIn0', 'a type that is too long', '0a1b2c', '<b>'])(
  'a type that may be anything, such as %s, is not repeated',
  (type) => {
    expect(valueFor(type, undefined)).toMatchObject({
      ok: false,
      failure: { detail: expect.stringContaining('its type is another one.') },
    });
  },
);

it.each([
  ['SFMC', 'SFMC tok'],
  ['Bearer', 'Bearer tok'],
  ['', 'tok'],
])('with the scheme "%s" any type goes out as "%s"', (scheme, value) => {
  for (const type of ['DPoP', 'bearer', undefined]) expect(valueFor(type, scheme)).toEqual({ ok: true, value });
});
