import { describe, expect, test } from 'vitest';
import { soap11, soughtBlock } from '../../test/support/soap/any-envelope.ts';
import { openEnvelope } from './soap-header.ts';

const open = (text: string | Buffer): unknown => openEnvelope(Buffer.from(text), soughtBlock);
const envelope = (inner: string, attributes = ''): string => `<s:Envelope xmlns:s="${soap11}"${attributes}>${inner}</s:Envelope>`;
const withHeader = (header: string): string => envelope(`<s:Header>${header}</s:Header><s:Body/>`);
const body = '<s:Body/>';
const mebibytes = (count: number): number => count * 1024 * 1024;

const laughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>${withHeader('&lol2;')}`;

describe('what is no envelope is refused with what is there and where, and never with its text', () => {
  test.each([
    ['nothing', '', 'the Envelope of SOAP 1.1 or 1.2, found the end of the body at byte 0'],
    ['JSON', '{"secret":1}', 'the Envelope of SOAP 1.1 or 1.2, found something else at byte 0'],
    ['another document', '<secret/>', 'the Envelope of SOAP 1.1 or 1.2, found an element of another name or namespace at byte 0'],
    ['an Envelope of no SOAP', '<Envelope xmlns="urn:secret"/>', 'found an element of another name or namespace at byte 0'],
    ['a document type declaration', `<!DOCTYPE secret>${envelope(body)}`, 'SOAP 1.1 or 1.2, found a document type declaration at byte 0'],
    ['entities of its own', laughs, 'found a document type declaration at byte 21'],
    ['an external entity', `\n<!DOCTYPE a SYSTEM "file:///etc/passwd">${envelope(body)}`, 'found a document type declaration at byte 1'],
    ['UTF-16', Buffer.from(`\ufeff${envelope(body)}`, 'utf16le'), 'found UTF-16 or UTF-32 at byte 0'],
    ['UTF-16 without a mark', Buffer.from(envelope(body), 'utf16le'), 'found UTF-16 or UTF-32 at byte 0'],
    [
      'a UTF-16 that is only declared',
      `<?xml version="1.0" encoding="UTF-16"?>${envelope(body)}`,
      'found the declaration of another one at byte 0',
    ],
    ['UTF-7', `<?xml version="1.0" encoding="utf-7"?>${envelope(body)}`, 'found the declaration of another one at byte 0'],
    ['XML 1.1', `<?xml version="1.1"?>${envelope(body)}`, 'expected the XML declaration of version 1.0, found another one at byte 0'],
    ['a late declaration', ` <?xml version="1.0"?>${envelope(body)}`, 'found an XML declaration that is not at the beginning at byte 1'],
    ['text in the Envelope', envelope(`secret${body}`), 'expected the Header or the Body, found something else at byte 64'],
    ['CDATA in the Envelope', envelope(`<![CDATA[<s:Body/>]]>${body}`), 'the Header or the Body, found a CDATA section at byte 64'],
    ['neither Header nor Body', envelope('<secret/>'), 'expected the Header or the Body, found another element at byte 64'],
    ['no Body', envelope('<s:Header></s:Header>'), 'expected the Body, found an end tag at byte 85'],
    ['two Headers', envelope(`<s:Header/><s:Header/>${body}`), 'expected the Body, found another element at byte 75'],
    ['an empty Envelope', `<s:Envelope xmlns:s="${soap11}"/>`, 'expected the Header or the Body, found the end of the Envelope at byte 65'],
    [
      'a Body behind an empty Envelope',
      `<s:Envelope xmlns:s="${soap11}"/><s:Body xmlns:s="${soap11}"/>`,
      'expected the Header or the Body, found the end of the Envelope at byte 65',
    ],
    [
      'an end tag of another name',
      withHeader('<secret></secrets>'),
      'expected the end tag of the element that is open, found another one at byte 82',
    ],
    ['a prefix that nobody declares', withHeader('<secret:Token/>'), 'whose prefix is declared, found one whose prefix is not at byte 74'],
    ['a name of three parts', withHeader('<a:b:c/>'), 'a name with at most one prefix, found another one at byte 74'],
    ['a "<" in an attribute', withHeader('<a b="<"/>'), 'no "<" in the value of an attribute, found one at byte 80'],
    ['an attribute without quotes', withHeader('<a b=secret/>'), 'expected a value in quotes, found something else at byte 79'],
    ['attributes without a space', withHeader('<a b=""c=""/>'), 'the end of the tag or an attribute, found something else at byte 81'],
    [
      'an attribute twice',
      withHeader('<a xmlns="urn:a" xmlns="urn:b"/>'),
      'each attribute once, found one that is there already at byte 91',
    ],
    ['an entity in a namespace', withHeader('<a xmlns="&secret;"/>'), 'a reference that XML knows by itself, found another one at byte 84'],
    ['two hyphens in a comment', withHeader('<!-- secret -- -->'), 'the end of a comment after "--", found something else at byte 88'],
    ['a "<" that is none', withHeader('a < b'), 'found a "<" that begins nothing at byte 76'],
    ['a comment without an end', withHeader('<!-- secret'), 'expected the end of a comment, found the end of the body'],
    ['a CDATA section without an end', withHeader('<a><![CDATA[ secret'), 'expected the end of a CDATA section, found the end of the body'],
    [
      'an instruction without an end',
      `<?secret ${envelope(body)}`,
      'expected the end of a processing instruction, found the end of the body',
    ],
    ['an attribute without an end', `<s:Envelope xmlns:s="secret`, 'expected the closing quote of an attribute, found the end of the body'],
    ['300 attributes', withHeader(`<a ${Array.from({ length: 300 }, (_, i) => `a${i}=""`).join(' ')}/>`), 'at most 256 attributes'],
    ['a name of 2,000 bytes', withHeader(`<${'a'.repeat(2000)}/>`), 'a name of at most 1024 bytes, found a longer one at byte 75'],
    ['a namespace of 9,000 bytes', withHeader(`<a xmlns="${'a'.repeat(9000)}"/>`), 'a namespace of at most 8192 bytes, found a longer one'],
    ['10,001 elements', withHeader('<a/>'.repeat(10_000)), 'expected at most 10000 elements, found one more'],
    ['elements 200 deep', withHeader('<a>'.repeat(200)), 'expected elements at most 128 deep, found a deeper one'],
  ])('%s', (_name, text, problem) => {
    const thrown = catchError(() => open(text));
    expect(thrown).toMatchObject({ name: 'Error', message: expect.stringContaining(problem) });
    expect(String(thrown)).not.toContain('secret');
  });
});

test('an envelope in the Body, and all behind the start of the Body, is none of our business', () => {
  const inner = `<s:Header><Token xmlns="urn:acme:auth">inner</Token></s:Header>`;
  const nested = envelope(`<s:Body>${envelope(`${inner}<s:Body/>`)}<!DOCTYPE><unclosed>`);
  const { after } = openEnvelope(Buffer.from(nested), soughtBlock);
  expect(Buffer.concat(after).toString()).toBe(`</s:Header>${nested.slice(64)}`);
});

test.each([
  ['one long attribute', withHeader(`<a b="${'>'.repeat(mebibytes(4))}"/>`)],
  ['one long comment', withHeader(`<!--${'- '.repeat(mebibytes(2))}-->`)],
  ['one long text', withHeader('>'.repeat(mebibytes(4)))],
  ['one long CDATA section', withHeader(`<a><![CDATA[${']'.repeat(mebibytes(4))}]]></a>`)],
  ['one long space', envelope(`${' '.repeat(mebibytes(4))}${body}`)],
  ['one long namespace', withHeader(`<a xmlns="${'&amp;'.repeat(mebibytes(1) / 2)}"/>`)],
  ['a million comments', withHeader('<!---->'.repeat(600_000))],
  ['half a million header blocks', withHeader('<a/>'.repeat(mebibytes(1)))],
  ['as many header blocks of ours', withHeader('<Token xmlns="urn:acme:auth"/>'.repeat(140_000))],
  ['tags full of attributes', withHeader(`<a ${Array.from({ length: 250 }, (_, i) => `a${i}=""`).join(' ')}/>`.repeat(1900))],
  ['a start tag that never ends', `<s:Envelope xmlns:s="${soap11}"${' a'.repeat(mebibytes(2))}`],
  ['"<" after "<"', withHeader('<'.repeat(mebibytes(4)))],
])('%s takes time in proportion to its 4 MiB', (_name, text) => {
  const bytes = Buffer.from(text);
  const startedMs = performance.now();
  catchError(() => open(bytes));
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

function catchError(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
