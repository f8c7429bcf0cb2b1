import { describe, expect, it } from 'vitest';
import { ProxyRefusedError } from '../net/connect-through-proxy.ts';
import type { Attempt } from './attempt.ts';
import { connectionFailure } from './connection-failure.ts';

/** What the HTTP client rejects with; its message may quote anything. */
function failureOf(code: string): Attempt {
  return connectionFailure(Object.assign(new Error('canary'), { code }), 'login.example');
}

describe('connectionFailure', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'has expired', 'renew'],
    ['CERT_NOT_YET_VALID', 'not valid yet', 'clock'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'signed by itself', 'tokenEndpoint.tls.caBundle'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'not trusted here', 'tokenEndpoint.tls.caBundle'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'the whole chain', 'tokenEndpoint.tls.caBundle'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another name', 'tokenEndpoint.tls.serverName'],
  ])('%s: names what is wrong with the certificate, how to mend it, and is not repeated', (code, detail, hint) => {
    expect(failureOf(code)).toMatchObject({
      ok: false,
      retry: 'never',
      failure: {
        code: 'token_unavailable',
        detail: expect.stringMatching(new RegExp(`login\\.example .*${detail} \\(${code}\\)`)),
        hint: expect.stringContaining(hint),
        log: { cause: code },
      },
    });
  });

  it.each([
    ['ENOTFOUND', 'token_unavailable', 'soon', 'its name does not resolve'],
    ['EAI_AGAIN', 'token_unavailable', 'soon', 'DNS does not answer'],
    ['ECONNREFUSED', 'token_unavailable', 'soon', 'it refuses connections'],
    ['EHOSTUNREACH', 'token_unavailable', 'soon', 'there is no way to it'],
    ['ECONNRESET', 'token_unavailable', 'soon', 'broke the connection off'],
    ['CONNECTION_CLOSED', 'token_unavailable', 'soon', 'broke the connection off'],
    ['CONNECT_TIMEOUT', 'token_timeout', 'soon', 'no connection could be made in time'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'token_unavailable', 'never', 'no TLS connection'],
    ['ANSWER_HEADERS_TOO_LARGE', 'token_malformed', 'never', 'sent headers of more than 16 KiB'],
    ['ANSWER_MALFORMED', 'token_malformed', 'never', 'did not answer in HTTP/1.1'],
    ['WHO_KNOWS', 'token_unavailable', 'soon', 'cannot be reached (WHO_KNOWS)'],
  ] as const)('%s: %s, %s', (error, code, retry, detail) => {
    const attempt = failureOf(error);
    expect(attempt).toMatchObject({ ok: false, retry, failure: { code, detail: expect.stringContaining(detail) } });
    expect(JSON.stringify(attempt)).not.toContain('canary');
  });

  it('has a hint for a server that breaks off instead of saying that it wants a client certificate', () => {
    expect(failureOf('ECONNRESET')).toMatchObject({ failure: { hint: expect.stringContaining('tokenEndpoint.tls.clientCertificate') } });
  });

  it('says that it is the proxy that cannot be reached, where there is one', () => {
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    expect(connectionFailure(refused, 'login.example', 'proxy.example:3128')).toMatchObject({
      failure: {
        code: 'token_unavailable',
        detail:
          'The proxy proxy.example:3128 to the token endpoint login.example cannot be reached: it refuses connections (ECONNREFUSED).',
        hint: expect.stringContaining('tokenEndpoint.proxy.url'),
      },
      retry: 'soon',
    });
    const foreign = Object.assign(new Error('x'), { code: 'EPROTO' });
    expect(connectionFailure(foreign, 'login.example', 'proxy.example:3128')).toMatchObject({
      failure: { detail: expect.stringMatching(/^The token endpoint login\.example cannot be reached/) },
    });
  });

  it('says that it was the proxy that refused', () => {
    expect(connectionFailure(new ProxyRefusedError(407), 'login.example')).toMatchObject({
      failure: { code: 'token_unavailable', hint: expect.stringContaining('tokenEndpoint.proxy') },
    });
  });

  it('bears with what is no error at all', () => {
    expect(connectionFailure('canary', 'login.example')).toMatchObject({ failure: { code: 'token_unavailable' }, retry: 'soon' });
  });
});
