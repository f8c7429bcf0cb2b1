/** Which condition a reason belongs to, and what it means. docs/conditions.md has one row for each. */
export const reasons = {
  Accepted: { condition: 'Accepted', meaning: 'The spec is valid.' },
  InvalidManifest: { condition: 'Accepted', meaning: 'The document is not an OAuth2Credential of tokenward.dev/v1alpha1.' },
  InvalidName: { condition: 'Accepted', meaning: 'The name cannot be an alias.' },
  UnknownField: { condition: 'Accepted', meaning: 'The spec has a field that does not exist.' },
  InvalidField: { condition: 'Accepted', meaning: 'A field is missing, has the wrong type, or is outside its limits.' },
  InvalidURL: { condition: 'Accepted', meaning: 'A URL is malformed, not https, or holds what it must not hold.' },
  InvalidAllow: { condition: 'Accepted', meaning: 'A rule of `upstream.allow` is not a method or path pattern.' },
  InvalidHeader: { condition: 'Accepted', meaning: "A header's name or value cannot be sent, or is not the credential's to set." },
  InvalidParameter: { condition: 'Accepted', meaning: 'A parameter is blank, reserved, or given twice.' },
  InvalidReference: { condition: 'Accepted', meaning: 'A reference is malformed, or not exactly one of the alternatives is given.' },
  InvalidClient: { condition: 'Accepted', meaning: "The client's id, authentication and secret do not fit together." },
  InvalidGrant: { condition: 'Accepted', meaning: "The grant's type and what belongs to it do not fit together." },
  InvalidScope: { condition: 'Accepted', meaning: 'The scope is sent as JSON and is not JSON.' },
  SecretsResolved: { condition: 'SecretsResolved', meaning: 'Every reference leads to a usable value.' },
  SecretNotFound: { condition: 'SecretsResolved', meaning: 'A Secret that the spec names does not exist.' },
  SecretKeyNotFound: { condition: 'SecretsResolved', meaning: 'The Secret exists, the key in it does not.' },
  SecretNotLabelled: { condition: 'SecretsResolved', meaning: 'The Secret has not opted in to serving credentials.' },
  SecretIsRendering: { condition: 'SecretsResolved', meaning: "The Secret is one of Tokenward's own renderings, which are no source." },
  ConfigMapNotFound: { condition: 'SecretsResolved', meaning: 'A ConfigMap that the spec names does not exist.' },
  ConfigMapKeyNotFound: { condition: 'SecretsResolved', meaning: 'The ConfigMap exists, the key in it does not.' },
  ConfigMapNotLabelled: { condition: 'SecretsResolved', meaning: 'The ConfigMap has not opted in to serving credentials.' },
  HostNotAllowed: {
    condition: 'SecretsResolved',
    meaning: "The Secret's `tokenward.dev/allowed-hosts` does not list a host that the spec names.",
  },
  InvalidAllowedHosts: {
    condition: 'SecretsResolved',
    meaning: "The Secret's `tokenward.dev/allowed-hosts` is malformed; it then allows no host.",
  },
  InvalidSecretValue: {
    condition: 'SecretsResolved',
    meaning:
      'A value is empty, holds characters that cannot be sent, or is not the key, certificate, token or assertion that it should be.',
  },
  TrailingNewlineTrimmed: { condition: 'SecretsResolved', meaning: 'A warning: the value ended in a newline, which is not sent.' },
  CertificateExpired: { condition: 'SecretsResolved', meaning: 'A warning: a certificate has come to its end.' },
  AssertionExpired: { condition: 'SecretsResolved', meaning: 'A warning: a token or assertion in a Secret has come to its end.' },
  SpecNotAccepted: { condition: 'SecretsResolved', meaning: 'Not known: the spec is not valid, so its references are not followed.' },
  Ready: { condition: 'Ready', meaning: 'The rendering, the Secret `tokenward-<name>` that sidecars read, is what spec and sources say.' },
  Invalid: {
    condition: 'Ready',
    meaning: 'There is no good rendering to fall back on; callers are answered `credential_invalid` with what is wrong.',
  },
  LastGoodKept: { condition: 'Ready', meaning: 'Something is wrong; sidecars go on with the last good rendering.' },
  ConsentWithdrawn: {
    condition: 'Ready',
    meaning: 'What the rendering was made from is gone, replaced, or no longer opted in; the rendering was deleted at once.',
  },
  RenderingNameTaken: {
    condition: 'Ready',
    meaning: "A Secret that is not this credential's bears the name of its rendering; it is left alone.",
  },
  AwaitingGarbageCollection: {
    condition: 'Ready',
    meaning: 'The rendering of a deleted credential of the same name is still there.',
  },
  WriteRefused: { condition: 'Ready', meaning: 'The API server refuses the rendering; it is tried again.' },
} as const satisfies Record<string, { condition: Condition; meaning: string }>;

export type Condition = 'Accepted' | 'SecretsResolved' | 'Ready';
export type Reason = keyof typeof reasons;
export type ReasonOf<C extends Condition> = { [R in Reason]: (typeof reasons)[R]['condition'] extends C ? R : never }[Reason];
