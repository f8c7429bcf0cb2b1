import { decodeExactly, exactFields, Refusal, SamlTokenServer, type SamlTokenServerOptions } from './token-server.ts';

export interface BtpOptions extends SamlTokenServerOptions {
  /** The token service user. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** The issuer that the subaccount trusts. */
  readonly issuer: string;
  readonly audience: string;
}

/** Takes token requests as the UAA of a subaccount of SAP BTP does: Basic, which is not decoded, and the assertion in base64url. */
export async function startBtpTokenServer(options: BtpOptions): Promise<SamlTokenServer> {
  const { clientId, clientSecret, issuer, audience } = options;
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const server = new SamlTokenServer(
    {
      path: '/oauth/token/alias/acme.aws-live-eu10',
      audience,
      tokenType: 'bearer',
      lifetimeSeconds: 43_199,
      keepsTokens: false,
      readRequest: (request, form) => {
        if (request.headers.authorization !== basic) throw new Refusal('Bad credentials');
        return decodeExactly(exactFields(form, ['grant_type', 'assertion'], ['client_id']).get('assertion') ?? '', 'base64url');
      },
      userOf: (assertion) => {
        if (assertion.issuer !== issuer) throw new Refusal('Unknown issuer');
        return assertion.nameID;
      },
      describe: ({ message }) => ({ error: message === 'Bad credentials' ? 'unauthorized' : 'invalid_grant', error_description: message }),
    },
    options,
  );
  await server.listen();
  return server;
}
