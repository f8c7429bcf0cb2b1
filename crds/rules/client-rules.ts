import { matching, type Rule } from '../rule.ts';

interface Client {
  readonly id?: string | undefined;
  readonly authentication: string;
  readonly basicEncoding: string;
  readonly secretRef?: unknown;
}

/** RFC 7617 section 2: the user-id ends at the first colon. */
export const colonInClientId =
  'holds a colon, which ends the user name in a Basic header (RFC 7617): set spec.client.basicEncoding: FormURLEncoded';

export const noControlCharacters: Rule<string> = matching(
  'InvalidClient',
  '^[^\\x00-\\x1f\\x7f]*$',
  'holds a control character, such as a line break: remove it',
);

export const clientRules: readonly Rule<Client>[] = [
  {
    reason: 'InvalidClient',
    at: ['secretRef'],
    cel: "self.authentication == 'None' || has(self.secretRef)",
    holds: (self) => self.authentication === 'None' || self.secretRef !== undefined,
    message: 'is required by this authentication: name the Secret that holds the client secret, or set authentication: None',
  },
  {
    reason: 'InvalidClient',
    at: ['secretRef'],
    cel: "self.authentication != 'None' || !has(self.secretRef)",
    holds: (self) => self.authentication !== 'None' || self.secretRef === undefined,
    message: 'is not used by authentication: None; remove it, or choose ClientSecretBasic or ClientSecretPost',
  },
  {
    reason: 'InvalidClient',
    at: ['id'],
    cel: "self.authentication != 'ClientSecretBasic' || self.basicEncoding != 'Raw' || !has(self.id) || !self.id.contains(':')",
    holds: (self) => self.authentication !== 'ClientSecretBasic' || self.basicEncoding !== 'Raw' || self.id?.includes(':') !== true,
    message: colonInClientId,
  },
];
