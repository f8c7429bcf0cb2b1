import { expect, it } from 'vitest';
import { Html, html } from './html.ts';

it('escapes all that is put in, for text and for attributes', () => {
  const hostile = `"><script>alert(1)</script>'&amp;`;
  expect(String(html`<p title="${hostile}">${hostile}</p>`)).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;amp;">&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;amp;</p>',
  );
});

it('puts HTML into HTML as it is, lists one after the other, and nothing for what is not there', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
  expect(String(html`${items}${undefined}${false}${0}${''}${[1, [2]]}`)).toBe('<i>a</i><i>&lt;b&gt;</i>012');
  expect(String(html`${new Html('<hr>')}`)).toBe('<hr>');
});

it('shows what would hide or reorder text', () => {
  expect(String(html`${'a\u0000b\u001b[31m\u202egnp.exe\u200b\u2066'}`)).toBe('a\ufffdb\ufffd[31m\ufffdgnp.exe\ufffd\ufffd');
  expect(String(html`${'a\n\tb \u00e9 \u{1f600} \u05d0'}`)).toBe('a\n\tb \u00e9 \u{1f600} \u05d0');
});
