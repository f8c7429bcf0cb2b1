import { sidecarConfigFile, type SidecarConfig } from '../../crds/sidecar-config.ts';
import { connectionProblem, connectionCodes } from '../../sidecar/net/connection-problem.ts';
import { clientAdvice, grantAdvice } from '../../sidecar/token/credential-hints.ts';
import { hintRows } from '../../sidecar/token/hint-rows.ts';

/** The least that a client needs, by its authentication. */
const leastClients: Readonly<Record<SidecarConfig['client']['authentication'], readonly object[]>> = {
  ClientSecretBasic: [{}],
  ClientSecretPost: [{}],
  ClientSecretJWT: [{}],
  PrivateKeyJWT: [{ privateKeyJWT: { key: 'k' } }],
  TLSClientAuth: [{}],
  ClientAssertion: [{ clientAssertion: { value: 'v' } }, { clientAssertion: { from: 'ProjectedToken' } }],
  None: [{}],
};

const subjectTokenType = 't';

/** The same of a grant; supplied and signed here. */
const leastGrants: Readonly<Record<SidecarConfig['grant']['type'], readonly object[]>> = {
  ClientCredentials: [{}],
  Password: [{}],
  SAML2Bearer: [{ saml2Bearer: { supplied: 'x' } }, { saml2Bearer: { assertion: { nameID: 'u', key: 'k', certificate: 'c' } } }],
  JWTBearer: [{ jwtBearer: { supplied: 'x' } }, { jwtBearer: { assertion: { subject: 'u', key: 'k' } } }],
  TokenExchange: [
    { tokenExchange: { subjectToken: { value: 'v' }, subjectTokenType } },
    { tokenExchange: { subjectToken: { from: 'ProjectedToken' }, subjectTokenType } },
  ],
  RefreshToken: [{}],
  None: [{}],
};

export function configWith(client: object, grant: object): SidecarConfig {
  const config = sidecarConfigFile.parse({
    version: 1,
    upstream: { url: 'https://api.example' },
    tokenEndpoint: { url: 'https://login.example/token' },
    client: { id: 'acme', ...client },
    grant,
  });
  if ('invalid' in config) throw new Error(config.invalid);
  return config;
}

/** The tables of docs/errors.md that say what the sidecar says, from what it says. */
export function hintsPage(): string {
  const clients = rowsFor(leastClients, (authentication, more) => clientAdvice(configWith({ authentication, ...more }, {})));
  const grants = rowsFor(leastGrants, (type, more) => grantAdvice(configWith({}, { type, ...more })));
  return [
    table(
      ['The token endpoint says', 'What to do'],
      hintRows.map(({ says, hint, page }) => [says, page ?? hint]),
    ),
    table(['`client.authentication`', 'What to check where the client is not accepted'], clients),
    table(['`grant.type`', 'What to check where the grant is not accepted'], grants),
    table(
      ['There is no connection', 'What to do (for the API, `upstream` in place of `tokenEndpoint`)'],
      connectionCodes.map(connectionRow),
    ),
  ].join('\n');
}

function rowsFor<T extends string>(least: Readonly<Record<T, readonly object[]>>, advice: (name: T, more: object) => string): string[][] {
  return (Object.keys(least) as T[]).map((name) => [`\`${name}\``, least[name].map((more) => advice(name, more)).join(' Or: ')]);
}

function connectionRow(code: string): string[] {
  const error = Object.assign(new Error(code), { code });
  const { detail, hint } = connectionProblem(error, { name: 'token endpoint', field: 'tokenEndpoint', host: 'HOST' });
  return [detail.replace('The token endpoint HOST', '…').replace(/^(.*)\.$/u, '$1'), hint];
}

function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('')
    .replace('| --- | --- |', '|---|---|');
}
