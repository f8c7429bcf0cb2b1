import { describe, expect, it } from 'vitest';
import { configOf, credentialManifest, secretManifest } from '../../test/support/manifest.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import { redactor, type Redact } from './redactor.ts';
import type { TokenMaterial } from './token-material.ts';

function redactorFor(secret: string, parameters: readonly unknown[] = []): Redact {
  const spec = { tokenEndpoint: { url: 'https://acme.example/token', parameters } };
  return redactor(configOf(credentialManifest(spec), secretManifest({ 'client-secret': secret })), {});
}

describe('redactor', () => {
  it('leaves a text alone that holds no secret', () => {
    const text = 'AADSTS7000215: unsupported_token_type, see https://acme.example/help?page=client-credentials';
    expect(redactorFor('p4ssw0rd-of-acme')(text)).toBe(text);
  });

  it('takes out a secret in any letter case, and the pair of id and secret as a whole', () => {
    const redact = redactorFor('P4ssw0rd:Of-Acme');
    expect(redact('<p4ssw0rd:of-acme>')).toBe('<[redacted]>');
    expect(redact('<acme:P4ssw0rd:Of-Acme>')).toBe('<[redacted]>');
    expect(redact('<P4ssw0rd%3aOf-Acme>')).toBe('<[redacted]>');
  });

  it.each([
    ['base64', 'fj8+fj8+fg=='],
    ['base64 without its padding', 'fj8+fj8+fg'],
    ['base64url', 'fj8-fj8-fg'],
    ['a form', '%7E%3F%3E%7E%3F%3E%7E'],
  ])('takes out a secret in %s', (_encoding, encoded) => {
    expect(redactorFor('~?>~?>~')(`you sent ${encoded}`)).toMatch(/^you sent \[redacted\](?:==)?$/);
  });

  it('takes out a secret that is quoted in HTML or JSON', () => {
    const redact = redactorFor('a<b>&"c"\\d-e');
    expect(redact('you sent a&lt;b&gt;&amp;&quot;c&quot;\\d-e.')).toBe('you sent [redacted].');
    expect(redact('you sent a<b>&\\"c\\"\\\\d-e.')).toBe('you sent [redacted].');
  });

  it.each(['a&#39;b&lt;&#34;c-d', 'a&#039;b&lt;&quot;c-d', 'a&#x27;b&lt;&quot;c-d', "a'b&lt;&quot;c-d", 'a\\u0027b\\u003c\\"c-d'])(
    'takes out a secret as one or the other framework quotes it: %s',
    (quoted) => {
      expect(redactorFor(`a'b<"c-d`)(`you sent ${quoted}.`)).toBe('you sent [redacted].');
    },
  );

  it('takes out the value of every parameter, and a short one only where it stands alone', () => {
    const redact = redactorFor('p4ssw0rd-of-acme', [
      { name: 'response_type', value: 'token' },
      { name: 'company', value: 'AN02002005' },
    ]);
    expect(redact('no token of AN02002005 for unsupported_token_type')).toBe('no [redacted] of [redacted] for unsupported_token_type');
  });

  it.each([
    ['a JWT', 'got eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln!', 'got [redacted]!'],
    ['a part of a JWT', 'got eyJhbGciOiJub!', 'got [redacted]!'],
    ['an Authorization header', 'you sent Bearer abc', 'you sent Bearer [redacted]'],
    ['a telling name in JSON', '{"refresh_token": "a b"}', '{"refresh_token": [redacted]}'],
    ['a telling name in a form', 'client_secret=abc&x=1', 'client_secret=[redacted]&x=1'],
    ['a long run of letters and digits', 'id 0a1b2c3d4e5f6a7b8c9d.', 'id [redacted]'],
    ['a very long word', `x ${'y'.repeat(40)} z`, 'x [redacted] z'],
  ])('takes out %s', (_name, text, expected) => {
    expect(redactorFor('p4ssw0rd-of-acme')(text)).toBe(expected);
  });

  it('does not show the beginning of a secret where it cuts a long text', () => {
    const secret = 'word '.repeat(100);
    const redact = redactorFor(secret.trim());
    for (let before = 16_000; before < 16_400; before += 37) {
      expect(redact(`${'. '.repeat(before / 2)}${secret}${'. '.repeat(10_000)}`)).not.toContain('word');
    }
  });

  describe('with what was made for one request', () => {
    const redactorOf = (material: TokenMaterial): Redact =>
      redactor(
        configOf(
          credentialManifest({ tokenEndpoint: { url: 'https://acme.example/token' } }),
          secretManifest({ 'client-secret': 'p4ssw0rd-of-acme' }),
        ),
        material,
      );
    const xml = `<saml:Assertion ID="a">${'<saml:Attribute Name="api_key">x</saml:Attribute>'.repeat(20)}</saml:Assertion>`;

    it.each<keyof TokenMaterial>(['clientAssertion', 'assertion', 'subjectToken', 'actorToken'])(
      'takes out its %s, whole and in part',
      (name) => {
        const token = 'not a JWT at all, '.repeat(10);
        const redact = redactorOf({ [name]: new Sensitive(token) });
        for (const text of [token, token.slice(30, 150), encodeURIComponent(token), Buffer.from(token).toString('base64url')]) {
          expect(redact(`<${text}>`)).toBe('<[redacted]>');
        }
      },
    );

    it('takes out a SAML assertion in its encoding, in that of a form, and as XML', () => {
      const redact = redactorOf({ assertion: new Sensitive(Buffer.from(xml).toString('base64')) });
      const encoded = Buffer.from(xml).toString('base64');
      for (const text of [encoded, encodeURIComponent(encoded), xml, xml.slice(40, 400), JSON.stringify(xml).slice(1, -1)]) {
        expect(redact(`you sent {${text}}`)).toBe('you sent {[redacted]}');
      }
    });

    it('is not hindered by a token of the largest size', () => {
      const token = 'x1-'.repeat(21_845);
      expect(redactorOf({ subjectToken: new Sensitive(token) })(`<${token.slice(0, 5000)}>`)).toBe('<[redacted]>');
    });
  });
});
