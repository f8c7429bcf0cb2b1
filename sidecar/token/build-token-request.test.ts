import { describe, expect, it } from 'vitest';
import { configOf, credentialManifest, secretManifest } from '../../test/support/manifest.ts';
import { buildTokenRequest, type Occasion, type TokenRequest } from './build-token-request.ts';

const plain: Occasion = { material: {}, because: { refused: false }, userAgent: 'tokenward/0' };

function build(tokenEndpoint: Readonly<Record<string, unknown>>, client = {}, grant = {}): TokenRequest {
  const spec = { tokenEndpoint: { url: 'https://acme.example/token', ...tokenEndpoint }, client, grant };
  return buildTokenRequest(configOf(credentialManifest(spec), secretManifest({ 'client-secret': 's3cr3t' })), plain);
}

describe('buildTokenRequest', () => {
  it('leaves Accept and User-Agent to parameters of these names', () => {
    const { headers } = build({
      parameters: [
        { name: 'ACCEPT', value: '*/*', in: 'Header' },
        { name: 'User-agent', value: 'x', in: 'Header' },
      ],
    });
    expect(headers).toEqual(['Authorization', expect.any(String), 'Content-Type', expect.any(String), 'ACCEPT', '*/*', 'User-agent', 'x']);
  });

  it('asks for the root of a host where the URL has no path, and never sends a fragment', () => {
    expect(build({ url: 'https://acme.example' }).path).toBe('/');
  });

  it("says nothing of its own again that the URL's query says", () => {
    const { path, body } = build(
      { url: 'https://acme.example/token?client_id=acme&scope=a' },
      { authentication: 'ClientSecretPost' },
      { scope: 'a' },
    );
    expect(path).toBe('/token?client_id=acme&scope=a');
    expect(body).toBe('grant_type=client_credentials&client_secret=s3cr3t');
  });

  it("puts a parameter that is declared for the body there, whatever the URL's query says", () => {
    const { body } = build({ url: 'https://acme.example/token?company_id=x', parameters: [{ name: 'company_id', value: 'y' }] });
    expect(body).toBe('grant_type=client_credentials&company_id=y');
  });

  it('sends header parameters of one name as lines of their own, in their order', () => {
    const parameters = [
      { name: 'X-A', value: '1', in: 'Header' },
      { name: 'x-a', value: '2', in: 'Header' },
    ];
    expect(build({ parameters }).headers.slice(-4)).toEqual(['X-A', '1', 'x-a', '2']);
  });

  it('builds the same request each time: nothing is used up', () => {
    const spec = { tokenEndpoint: { url: 'https://acme.example/token' } };
    const config = configOf(credentialManifest(spec), secretManifest({ 'client-secret': 's3cr3t' }));
    expect(buildTokenRequest(config, plain)).toEqual(buildTokenRequest(config, plain));
  });
});
