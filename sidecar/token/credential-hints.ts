import type { SidecarConfig } from '../../crds/sidecar-config.ts';

type Client = SidecarConfig['client'];
type Grant = SidecarConfig['grant'];
type Advise = (config: SidecarConfig) => string;

const otherEncoding: Record<Client['basicEncoding'], Client['basicEncoding']> = { Raw: 'FormURLEncoded', FormURLEncoded: 'Raw' };

const clocks = "that this machine's clock is right";

const secret = 'Check client.id and the secret that client.secretRef names.';

/** What to check where the endpoint does not accept the client, by how it authenticates. */
const clientAdvices: Record<Client['authentication'], Advise> = {
  ClientSecretBasic: ({ client: { basicEncoding } }) =>
    `${secret} If they are right, the endpoint may want client.authentication: ClientSecretPost, or client.basicEncoding: ${otherEncoding[basicEncoding]}.`,
  ClientSecretPost: () => `${secret} If they are right, the endpoint may want client.authentication: ClientSecretBasic.`,
  ClientSecretJWT: (config) =>
    `${secret} Check that the endpoint expects an assertion signed with HS256, ${audience(config)}, and ${clocks}.`,
  PrivateKeyJWT: (config) => {
    const { algorithm = 'RS256', keyId, thumbprint } = config.client.privateKeyJWT ?? {};
    const shown = thumbprint === undefined ? '' : ', and the certificate of certificateRef';
    const key =
      keyId === undefined
        ? '; if it looks for a key id, set client.privateKeyJWT.keyId'
        : ` under the key id of client.privateKeyJWT.keyId`;
    return `Check client.id, that the endpoint knows the public key${shown} for ${algorithm}${key}; ${audience(config)}; and ${clocks}.`;
  },
  TLSClientAuth: () =>
    'Check client.id, that the certificate of tokenEndpoint.tls.clientCertificate is registered for it and has not expired, and that the host of' +
    ' tokenEndpoint.url is the one that asks for certificates.',
  ClientAssertion: ({ client: { clientAssertion } }) =>
    clientAssertion !== undefined && 'from' in clientAssertion
      ? `Check client.id, and that the endpoint trusts this cluster as an issuer for it, with the pod's service account as subject and its annotation tokenward.dev/assertion-audience as audience.`
      : 'Check client.id, and that the JWT that client.clientAssertion.assertionRef names has not expired, was not used before, and has the issuer, subject and audience that the endpoint expects.',
  None: ({ grant }) =>
    grant.type === 'None'
      ? 'Check tokenEndpoint.parameters: nothing else is sent (client.authentication: None).'
      : 'Check client.id. No secret is sent (client.authentication: None): the endpoint may want one.',
};

function audience({ client }: SidecarConfig): string {
  return client.assertionAudience === undefined
    ? "that it takes its own URL as the assertion's audience (else set client.assertionAudience)"
    : "that client.assertionAudience is the assertion's audience that it wants";
}

export const clientAdvice: Advise = (config) => clientAdvices[config.client.authentication](config);

/** What to check where the endpoint does not accept what is exchanged for the token. */
const grantAdvices: Record<Grant['type'], Advise> = {
  ClientCredentials: () => 'The endpoint refuses the grant: check grant, and that the client is active.',
  Password: () =>
    'Check grant.password: the user name, the password in the Secret that passwordRef names, and that the user is active, not locked, and need not' +
    ' change the password or show a second factor.',
  SAML2Bearer: ({ grant: { saml2Bearer } }) => {
    const company = saml2Bearer?.profile === 'SuccessFactors' ? 'client.id (the API key), companyId, ' : '';
    return saml2Bearer?.assertion === undefined
      ? `Check ${company}that the assertion that grant.saml2Bearer.assertionRef names has not expired and has the audience and recipient that the endpoint expects.`
      : `Check ${company}that the endpoint knows the certificate of grant.saml2Bearer.assertion.certificateRef, that it knows nameID as what nameIDType says, and that issuer,` +
          ` audience and recipient are those that it expects; and ${clocks}.`;
  },
  JWTBearer: ({ grant: { jwtBearer } }) =>
    jwtBearer?.assertion === undefined
      ? 'Check that the JWT that grant.jwtBearer.assertionRef names has not expired, was not used before, and has the issuer, subject and audience that the endpoint expects.'
      : 'Check that the endpoint knows the public key of grant.jwtBearer.assertion.keyRef (keyId, certificateRef), and that issuer, subject and audience are' +
        ` those that it expects; and ${clocks}.`,
  TokenExchange: ({ grant: { tokenExchange } }) => {
    const { subjectToken, actorToken } = tokenExchange ?? {};
    const subject =
      subjectToken !== undefined && 'from' in subjectToken
        ? "that the endpoint trusts this cluster as an issuer, with the audience of the pod's annotation tokenward.dev/assertion-audience"
        : 'that the token that grant.tokenExchange.subjectTokenRef names has not expired and may be exchanged by this client';
    return `Check ${subject}, and that subjectTokenType${actorToken === undefined ? '' : ', actorTokenType'} and requestedTokenType are what the endpoint knows.`;
  },
  RefreshToken: () =>
    'The refresh token that grant.refreshToken.refreshTokenRef names has expired, was revoked, was issued to another client, or has been replaced because the' +
    ' endpoint rotates them: store a new one that does not rotate.',
  None: () => 'Check tokenEndpoint.parameters and the client.',
};

export const grantAdvice: Advise = (config) => grantAdvices[config.grant.type](config);

/** Whether a refusal that names nothing is about the grant: it is what shows who asks, or stands for a person. */
export function isAboutGrant({ client, grant }: SidecarConfig): boolean {
  return grant.type === 'Password' || (client.authentication === 'None' && grant.type !== 'ClientCredentials' && grant.type !== 'None');
}
