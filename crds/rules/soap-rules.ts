import type { Rule } from '../rule.ts';

interface Injection {
  readonly header: string;
  readonly soapHeader?: unknown;
}

/** A token that goes into the envelope goes into no HTTP header. */
export const soapHeaderAlone: Rule<Injection> = {
  reason: 'InvalidHeader',
  at: ['header'],
  cel: "!has(self.soapHeader) || self.header == 'Authorization'",
  holds: (self) => self.soapHeader === undefined || self.header === 'Authorization',
  message: 'is not used beside soapHeader, which puts the token into the envelope: remove one of the two',
};
