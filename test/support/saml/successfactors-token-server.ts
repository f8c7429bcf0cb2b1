import type { VerifiedAssertion } from './assertion-verifier.ts';
import { decodeExactly, exactFields, Refusal, SamlTokenServer, type SamlTokenServerOptions } from './token-server.ts';

/** One user, by each of the names that SuccessFactors knows. */
export interface SuccessFactorsUser {
  readonly userId: string;
  readonly userName?: string;
  readonly email?: string;
  /** Known to Learning alone. */
  readonly external?: boolean;
}

export interface SuccessFactorsOptions extends SamlTokenServerOptions {
  readonly clientId: string;
  readonly companyId: string;
  readonly users: readonly SuccessFactorsUser[];
}

/** Takes token requests as the OAuth server of SuccessFactors' APIs does: no secret, the client in the attribute `api_key`. */
export async function startSuccessFactorsTokenServer(options: SuccessFactorsOptions): Promise<SamlTokenServer> {
  const { clientId, companyId, users } = options;
  const server = new SamlTokenServer(
    {
      path: '/oauth/token',
      audience: 'www.successfactors.com',
      tokenType: 'Bearer',
      lifetimeSeconds: 86_400,
      keepsTokens: true,
      readRequest: (request, form) => {
        if (request.headers.authorization !== undefined) throw new Refusal('an Authorization header is not expected', 400);
        const fields = exactFields(form, ['client_id', 'company_id', 'grant_type', 'assertion'], ['new_token']);
        if (fields.get('client_id') !== clientId) throw new Refusal('unknown client_id');
        if (fields.get('company_id') !== companyId) throw new Refusal('unknown company_id');
        return decodeExactly(fields.get('assertion') ?? '', 'base64');
      },
      userOf: (assertion) => {
        if (attribute(assertion, 'api_key') !== clientId) throw new Refusal('the attribute api_key is not the client id');
        const user = users.find((candidate) => isNamed(candidate, assertion, companyId));
        if (user === undefined) throw new Refusal('Unable to map the subject to a user');
        return user.userId;
      },
      describe: ({ status, message }) => ({ errorHttpCode: String(status), errorMessage: message }),
    },
    options,
  );
  await server.listen();
  return server;
}

function isNamed(
  { userId, userName, email, external = false }: SuccessFactorsUser,
  assertion: VerifiedAssertion,
  company: string,
): boolean {
  const { nameID, nameIDFormat } = assertion;
  if (nameIDFormat === 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress') return nameID === email;
  if (nameIDFormat !== 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified') return false;
  if (attribute(assertion, 'external_user') === 'true') return external && nameID === `${userId}#DIV#${company}`;
  return !external && nameID === (attribute(assertion, 'use_username') === 'true' ? userName : userId);
}

function attribute({ attributes }: VerifiedAssertion, name: string): string | undefined {
  const [value, ...others] = attributes.filter(([found]) => found === name).map(([, text]) => text);
  if (others.length > 0) throw new Refusal(`the attribute ${name} is there more than once`);
  return value;
}
