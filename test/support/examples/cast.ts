import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { Certificate } from '../make-certificate.ts';
import { startResourceServer, type VerifyToken } from '../resource-server.ts';
import type { AssertionVerifier } from '../saml/assertion-verifier.ts';
import type { XmlReader } from '../soap/xml-reader.ts';
import type { Example, Servers } from './example.ts';
import { type OidcOptions, startOidcTokenServer } from './oidc-token-server.ts';
import { startTokenEndpoint, type TokenEndpointOptions } from './token-endpoint.ts';
import { type JwtExpectation, signJwt, verifyJwt } from './verify-jwt.ts';

export interface Circumstances {
  /** Closes the servers. */
  readonly stack: AsyncDisposableStack;
  readonly verifier: AssertionVerifier;
  readonly xml: XmlReader;
  /** Of a server on 127.0.0.1 that the client trusts. */
  readonly serverCertificate: Certificate;
  /** The public key of the cluster that issues service account tokens. */
  readonly clusterKey: string;
}

/** The servers of one example, the call that is to be made, and what comes of it. */
export interface Cast {
  readonly start: (example: Example, circumstances: Circumstances) => Promise<Servers>;
  readonly call: string;
  readonly body?: string;
  /** For whom the token is, as the API understands it. */
  readonly answer: string;
  /** Something that makes the token server refuse, and what it puts in its place. */
  readonly mistake: readonly [string, string];
}

export const serviceAccount = {
  iss: 'https://kubernetes.default.svc.cluster.local',
  sub: 'system:serviceaccount:hr:jobs',
  aud: ['api://AzureADTokenExchange', 'https://iam.acme.example/pools/cluster'],
};

/** An API that says for whom the token is. */
export async function startApi(stack: AsyncDisposableStack, verifyToken: VerifyToken): Promise<string> {
  const { url } = stack.use(
    await startResourceServer({ verifyToken, respond: (_request, response, { clientId }) => void response.end(clientId) }),
  );
  return url;
}

/** oidc-provider in front of that API. */
export const provider =
  (options: (example: Example, circumstances: Circumstances) => OidcOptions | Promise<OidcOptions>): Cast['start'] =>
  async (example, circumstances) => {
    const { stack } = circumstances;
    const tokens = stack.use(await startOidcTokenServer(await options(example, circumstances)));
    return { tokens: tokens.url, api: await startApi(stack, tokens.verifyToken) };
  };

/** A token endpoint that insists on each part of the request, in front of that API. */
export const strict =
  (options: (example: Example, circumstances: Circumstances) => TokenEndpointOptions): Cast['start'] =>
  async (example, circumstances) => {
    const { stack } = circumstances;
    const endpoint = stack.use(await startTokenEndpoint(options(example, circumstances)));
    return { tokens: new URL(endpoint.url).origin, api: await startApi(stack, (token) => endpoint.verifyToken(token)) };
  };

export const plainCall = { call: 'GET /things' } as const;
export const clientSecret = 'example-client-secret';

export const claims = (user: string | undefined): { readonly clientId: string } | undefined =>
  user === undefined ? undefined : { clientId: user };

/** RFC 7515 section 4.1.8. */
export const thumbprintOf = (certificate: string): string =>
  Buffer.from(new X509Certificate(certificate).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

/** A JWT that someone has made, and what is known of it. */
export function suppliedJwt(example: Example, file: string, made: object): JwtExpectation {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  example.give(file, signJwt(made, privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const key = publicKey.export({ type: 'spki', format: 'pem' });
  return { key, algorithm: 'RS256', header: { kid: 'cluster' }, claims: { ...made }, longestSeconds: 3600 };
}

export const verifyServiceAccount = (token: string, key: string): void =>
  verifyJwt(token, { key, algorithm: 'RS256', header: { kid: 'cluster' }, longestSeconds: 3600, claims: serviceAccount });
