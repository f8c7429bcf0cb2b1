import { expect, it } from 'vitest';
import { canarySecret } from '../../test/support/canary.ts';
import { type Answer, bearer, examineScene, refusedSaying, usualClaims } from '../../test/support/examine-scene.ts';
import { serve } from '../../test/support/serve.ts';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { inNamedTenant } from './named-issuer.ts';

it('proves the scope that the API names: asks for it, and calls again', async () => {
  const { verdict, steps, tokenRequests, calls } = await examineScene({
    config: { grant: { scope: 'read' } },
    claims: { scope: 'read' },
    issue: (form) => ({ scope: form.get('scope') }),
    answer: ({ scope }) =>
      String(scope).includes('write') ? { status: 200 } : { status: 403, headers: bearer('error="insufficient_scope", scope="write"') },
  });
  expect(verdict.mend).toEqual({ kind: 'manifest', changes: [{ path: 'spec.grant.scope', value: 'read write' }], tried: true });
  expect(steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['API request ok', 'API answer failed', 'Try ok', 'Try ok']);
  expect(steps[2]?.summary).toMatch(/^one change of the credential is tried/);
  expect([tokenRequests, calls]).toEqual([1, 2]);
});

it('proposes nothing that did not work, and says at whom to ask', async () => {
  const refuses: Answer = { status: 403, headers: bearer('error="insufficient_scope", scope="write"') };
  const refused = await examineScene({ issue: () => undefined, answer: refuses });
  expect(refused.verdict.mend).toMatchObject({
    kind: 'elsewhere',
    advice: expect.stringMatching(/^Have the client given write at the token endpoint/),
  });
  expect([refused.tokenRequests, refused.calls]).toEqual([1, 1]);
  const ignored = await examineScene({ issue: () => ({}), answer: refuses });
  expect(ignored.steps.at(-1)?.summary).toMatch(/the token is as it was before$/);
  expect(ignored.calls).toBe(1);
});

it('tries the audience by either name, and asks at most four times', async () => {
  const byName = await examineScene({
    claims: { aud: 'account' },
    issue: (form) => ({ aud: form.get('audience') ?? 'account' }),
    answer: ({ aud }) => (aud === 'http://127.0.0.1/x' ? { status: 200 } : refusedSaying('wrong aud, expected http://127.0.0.1/x')),
  });
  expect(byName.verdict.mend).toEqual({
    kind: 'manifest',
    changes: [{ path: 'spec.grant.audience', value: ['http://127.0.0.1/x'] }],
    tried: true,
  });
  expect(byName.tokenRequests).toBe(2);
  const never = await examineScene({ claims: { aud: 'account' }, issue: () => ({ aud: 'other' }), answer: refusedSaying('wrong aud') });
  expect(never.tokenRequests).toBeLessThanOrEqual(4);
  expect(never.verdict.mend?.kind).toBe('elsewhere');
});

it.each([
  [
    'an audience of another host',
    { status: 401, headers: bearer('error="invalid_token", error_description="audience", resource="https://payroll.example/"') },
  ],
  ['an audience by a name that says nothing', refusedSaying('wrong aud, expected payroll')],
  ['a scope of another host', { status: 403, headers: bearer('error="insufficient_scope", scope="https://graph.example/mail.read"') }],
  ['a scope among its own', { status: 403, headers: bearer('error="insufficient_scope", scope="read api://payroll.example/write"') }],
] as const)('gets an API no token for what may be another one: %s', async (_what, answer) => {
  const { verdict, steps, tokenRequests, calls } = await examineScene({ claims: { aud: 'account' }, issue: () => ({}), answer });
  expect(verdict.mend).toMatchObject({ kind: 'manifest', tried: false });
  expect(steps.at(-1)).toMatchObject({ name: 'Try', outcome: 'skipped', summary: expect.stringContaining('may be for another API') });
  expect([tokenRequests, calls]).toEqual([0, 1]);
});

it('does not try what the credential says already', async () => {
  const { tokenRequests } = await examineScene({
    claims: null,
    config: { grant: { resource: ['http://127.0.0.1/x'] } },
    issue: () => ({}),
    answer: refusedSaying('wrong aud, expected http://127.0.0.1/x'),
  });
  expect(tokenRequests).toBe(1);
});

it('shows of where a redirect leads neither query nor password, and of what it says no secret that markup hides', async () => {
  const secret = `${canarySecret('api')}<b>x</b>  tail`;
  const { steps } = await examineScene({
    config: { client: { id: 'acme', authentication: 'ClientSecretBasic', secret } },
    answer: {
      status: 403,
      headers: { location: 'https://anna:hidden@login.example/start?session=5' },
      body: { message: `you sent ${secret}, ${'y '.repeat(1000)}` },
    },
  });
  const shown = JSON.stringify(steps);
  expect(shown).toContain('location: https://login.example/start?…');
  expect(shown).not.toMatch(/hidden|session=5| tail/);
});

it('reads the metadata that the API names of itself, without the token, and from no other host', async () => {
  let url = '';
  const authorizations: (string | undefined)[] = [];
  const found = await examineScene({
    claims: { aud: 'account' },
    issue: (form) => ({ aud: form.get('resource') ?? 'account' }),
    answer: ({ aud }, headers) => {
      url = `http://${headers.host}`;
      if (headers.authorization === undefined) {
        authorizations.push(headers.authorization);
        return { status: 200, body: { resource: `${url}/orders`, authorization_servers: ['https://login.example'] } };
      }
      return aud === `${url}/orders`
        ? { status: 200 }
        : { status: 401, headers: bearer(`error="invalid_token", resource_metadata="${url}/.well-known/oauth-protected-resource"`) };
    },
  });
  expect(found.verdict.mend).toEqual({
    kind: 'manifest',
    changes: [{ path: 'spec.grant.resource', value: [`${url}/orders`] }],
    tried: true,
  });
  expect(authorizations.length).toBeGreaterThan(0);
  const foreign = await examineScene({ answer: { status: 401, headers: bearer('resource_metadata="https://evil.example/x"') } });
  expect(foreign.calls).toBe(1);
});

it('takes the token from the realm of the same server that the API names, and its secret nowhere else', async () => {
  await using endpoint = await serve((request, response) => {
    const realm = /realms\/(\w+)/.exec(request.url ?? '')?.[1];
    response.end(
      JSON.stringify({
        access_token: unsignedJwt({ ...usualClaims, iss: `http://${request.headers.host}/realms/${realm}` }),
        token_type: 'Bearer',
      }),
    );
  });
  const named = endpoint.url;
  const { verdict } = await examineScene({
    config: { tokenEndpoint: `${named}/realms/a/token` },
    claims: { iss: `${named}/realms/a` },
    answer: ({ iss }) =>
      iss === `${named}/realms/b` ? { status: 200 } : { status: 401, headers: bearer(`realm="${named}/realms/b", error="invalid_token"`) },
  });
  expect(verdict.code).toBe('api_tenant_refused');
  expect(verdict.mend).toEqual({
    kind: 'manifest',
    changes: [{ path: 'spec.tokenEndpoint.url', value: `${named}/realms/b/token` }],
    tried: true,
  });
});

it('finds that the API looks for the token in the usual header', async () => {
  const { verdict, tokenRequests } = await examineScene({
    config: { injection: { header: 'X-Token', scheme: '' } },
    answer: (_claims, headers) =>
      headers.authorization?.startsWith('Bearer ') === true ? { status: 200 } : { status: 401, headers: bearer('realm="x"') },
  });
  expect(verdict.code).toBe('api_token_not_seen');
  expect(verdict.mend).toMatchObject({
    kind: 'manifest',
    tried: true,
    changes: [{ path: 'spec.injection.header' }, { path: 'spec.injection.scheme' }],
  });
  expect(tokenRequests).toBe(0);
});

it('tries nothing where that is forbidden, and proposes what the API itself names', async () => {
  const answer: Answer = { status: 403, headers: bearer('error="insufficient_scope", scope="write"') };
  const { verdict, steps, tokenRequests } = await examineScene({ answer, probe: false });
  expect(verdict.mend).toEqual({ kind: 'manifest', changes: [{ path: 'spec.grant.scope', value: 'write' }], tried: false });
  expect(steps.at(-1)).toMatchObject({ name: 'Try', outcome: 'skipped' });
  expect(tokenRequests).toBe(0);
});

it('tries nothing where a token request may use something up', async () => {
  const { tokenRequests, steps } = await examineScene({
    config: { grant: { type: 'RefreshToken', refreshToken: { refreshToken: canarySecret('refresh') } } },
    answer: { status: 403, headers: bearer('error="insufficient_scope", scope="write"') },
  });
  expect([tokenRequests, steps.at(-1)?.outcome]).toEqual([0, 'skipped']);
});

it('shows of the answer what says why, without what it repeats of the token', async () => {
  const { steps } = await examineScene({
    answer: (_claims, { authorization = '' }) => ({
      status: 401,
      headers: { server: 'nginx' },
      body: { message: `invalid token ${authorization}` },
    }),
  });
  expect(steps.at(-1)?.details).toEqual([expect.stringMatching(/^says: invalid token Bearer \[redacted\]$/), 'server: nginx']);
});

it('neither shows nor asks for what is a token in the place of a name', async () => {
  const { verdict, steps, tokenRequests } = await examineScene({
    issue: () => ({}),
    answer: (_claims, { authorization = '' }) => {
      const token = authorization.replace('Bearer ', '');
      return {
        status: 403,
        headers: bearer(
          `error="insufficient_scope", scope="${token}", audience="${token}", realm="${token}", error_description="${'x '.repeat(55)}${token}"`,
        ),
        body: { message: `${'y '.repeat(140)}${authorization}` },
      };
    },
  });
  expect(verdict.mend?.kind).toBe('elsewhere');
  expect(JSON.stringify(steps)).not.toContain('eyJ');
  expect(tokenRequests).toBe(0);
});

it('takes of another tenant that the API names no more than its name', () => {
  const inTenant = (endpoint: string, named: string): string | undefined => inNamedTenant(new URL(endpoint), new URL(named));
  const keycloak = 'https://kc.example/auth/realms/a/protocol/openid-connect/token';
  expect(inTenant(keycloak, 'https://kc.example/auth/realms/b/x?y')).toBe('https://kc.example/auth/realms/b/protocol/openid-connect/token');
  expect(inTenant(keycloak, 'https://evil.example/auth/realms/b')).toBeUndefined();
  expect(inTenant(keycloak, 'https://kc.example/evil/realms/b')).toBeUndefined();
  expect(inTenant(keycloak, 'https://kc.example/evil')).toBeUndefined();
  const entra = 'https://login.microsoftonline.com/one/oauth2/v2.0/token';
  expect(inTenant(entra, 'https://sts.windows.net/two/')).toBe('https://login.microsoftonline.com/two/oauth2/v2.0/token');
  expect(inTenant(entra, 'https://evil.example/two/')).toBeUndefined();
});

it('says so where a connection breaks', async () => {
  await using api = await serve((request) => request.socket.destroy());
  const { verdict } = await examineScene({ config: { upstream: api.url }, answer: { status: 200 } });
  expect(verdict).toMatchObject({ code: 'api_no_answer', failure: 'upstream_protocol' });
});
