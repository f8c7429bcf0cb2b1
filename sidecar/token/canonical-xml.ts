/**
 * Elements as Exclusive XML Canonicalization 1.0 writes them, so that a digest can be taken of the text as it stands: no XML declaration,
 * no comments, no empty-element tags, no white space between elements; the escapes of Canonical XML 1.0 section 2.3. Within a start tag
 * the caller keeps the order: namespaces by prefix, then attributes by name; and declares each prefix where it is used first.
 */
export function element(name: string, attributes: Readonly<Record<string, string>>, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(([attribute, value]) => ` ${attribute}="${attributeValue(value)}"`);
  return `<${name}${written.join('')}>${content.join('')}</${name}>`;
}

/** Character data. Throws if XML has no way to write the value (XML 1.0 section 2.2). */
export function text(value: string): string {
  return characters(value).replace(/[&<>\r]/g, escape);
}

function attributeValue(value: string): string {
  return characters(value).replace(/[&<"\t\n\r]/g, escape);
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

const escape = (character: string): string => escapes[character] ?? character;

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const notXml = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

function characters(value: string): string {
  if (notXml.test(value)) throw new Error('a value holds a character that XML cannot hold');
  return value;
}
