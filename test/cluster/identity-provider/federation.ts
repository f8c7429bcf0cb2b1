import type { JSONWebKeySet } from 'jose';

/** What the provider's administrator says: the cluster whose tokens it trusts, and which service account is which client. */
export interface Federation {
  readonly issuer: string;
  readonly keys: JSONWebKeySet;
  readonly audience: string;
  /** By client id the subject of its tokens. */
  readonly clients: Readonly<Record<string, string>>;
}

export const providerPort = 8080;

/** What the API says that it was called by. */
export interface ApiAnswer {
  readonly subject: string;
  readonly by: 'client_assertion' | 'subject_token';
  /** Of the token that was sent. */
  readonly pod: string;
}
