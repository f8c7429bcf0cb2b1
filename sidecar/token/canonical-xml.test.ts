import { describe, expect, it } from 'vitest';
import { element, text } from './canonical-xml.ts';

describe('canonical XML', () => {
  it('escapes in a text what Canonical XML 1.0 section 2.3 says, and nothing else', () => {
    expect(text('a & b < c > d "e" \'f\' \t\n\r \u0085 ä \u{1f511}')).toBe(
      'a &amp; b &lt; c &gt; d "e" \'f\' \t\n&#xD; \u0085 ä \u{1f511}',
    );
  });

  it("escapes in an attribute's value what Canonical XML 1.0 section 2.3 says, and nothing else", () => {
    expect(element('a', { b: 'a & b < c > d "e" \'f\' \t\n\r \u0085 ä' })).toBe(
      '<a b="a &amp; b &lt; c > d &quot;e&quot; \'f\' &#x9;&#xA;&#xD; \u0085 ä"></a>',
    );
  });

  it('puts elements into each other as they are', () => {
    expect(element('a', {}, text('<'), element('b', {}), text('>'))).toBe('<a>&lt;<b></b>&gt;</a>');
  });

  it.each(['\0', '\u0008', '\u000b', '\u001f', '\ufffe', '\uffff', '\ud83d', '\udd11'])(
    'refuses %j, for which XML has no way to write it, and does not quote the value',
    (character) => {
      expect(() => text(`s3cr3t${character}`)).toThrow(/^a value holds a character that XML cannot hold$/);
      expect(() => element('a', { b: `s3cr3t${character}` })).toThrow(/^a value holds a character that XML cannot hold$/);
    },
  );
});
