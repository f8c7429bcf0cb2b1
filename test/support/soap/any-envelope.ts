import * as fc from 'fast-check';

export const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/';
export const soap12 = 'http://www.w3.org/2003/05/soap-envelope';

/** The header block that the tests look for; the elements below take its name and its namespace, also apart from each other. */
export const soughtBlock = { element: 'Token', namespace: 'urn:acme:auth' };

const space = fc.constantFrom('', ' ', '\n\t', '\r\n  ');
const someSpace = fc.constantFrom(' ', '\n', ' \t\r\n');
const name = fc.constantFrom('a', 'Token', 'Header', 'Body', 'Envelope', 'x-y.z', 'größe', '_1');
const quiet = fc.constantFrom('', ' ', 'text > more', '&lt;a/&gt; &#60;Token&#x3e;', 'Grüße 😀', '\n');
const misleading = fc.constantFrom(
  '',
  '</s:Header>',
  '<Token xmlns="urn:acme:auth">',
  '<Envelope><Header>',
  ' & ',
  '<!DOCTYPE a>',
  ']]',
  '"\'',
);

const comment = misleading.map((text) => `<!--${text}-->`);
const instruction = misleading.map((text) => `<?do ${text}?>`);
const section = misleading.map((text) => `<![CDATA[${text}]]>`);
const asides = fc.array(fc.oneof(space, comment, instruction), { maxLength: 3 }).map((parts) => parts.join(''));

const attributeValue = fc.constantFrom('', 'v', 'a > b', '/>', '&amp;&quot;&#9;', "'", '"', 'größer', 'urn:acme:auth');
const attribute = fc.record({
  before: someSpace,
  name: fc.constantFrom('id', 'x', 'größe', 'xml:lang', 'xmlnsx'),
  around: space,
  value: attributeValue,
});

type Attribute = { readonly before: string; readonly name: string; readonly around: string; readonly value: string };

function write({ before, name: attributeName, around, value }: Attribute): string {
  const quote = value.includes('"') ? "'" : '"';
  return `${before}${attributeName}${around}=${around}${quote}${value}${quote}`;
}

const attributes = fc
  .uniqueArray(attribute, { maxLength: 3, selector: (one) => one.name })
  .map((all) => all.map((one) => write(one)).join(''));

interface Tag {
  readonly name: string;
  /** Beside what an attribute may be: the declarations that the name needs. */
  readonly declarations?: string;
}

/** An element with this content; sometimes written as empty if it has none. */
function element({ name: tagName, declarations = '' }: Tag, content: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(attributes, space, content, fc.boolean()).map(([more, end, inside, short]) => {
    const start = `<${tagName}${declarations}${more}${end}`;
    return inside === '' && short ? `${start}/>` : `${start}>${inside}</${tagName}${end}>`;
  });
}

const anything = fc.letrec<{ content: string }>((tie) => ({
  content: fc
    .array(
      fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        quiet,
        comment,
        instruction,
        section,
        fc
          .tuple(name, fc.constantFrom('', ' xmlns="urn:acme:auth"', ' xmlns=""'))
          .chain(([tag, declarations]) => element({ name: tag, declarations }, tie('content'))),
      ),
      { maxLength: 3 },
    )
    .map((parts) => parts.join('')),
})).content;

/** In the scope of `auth`, which the envelope declares for the namespace that is sought. */
const block = fc
  .constantFrom<Tag>(
    { name: 'Token', declarations: ' xmlns="urn:acme:auth"' },
    { name: 'Token', declarations: " xmlns = 'urn:acme&#x3a;auth'" },
    { name: 'auth:Token' },
    { name: 'p:Token', declarations: ' xmlns:p="urn:acme:auth"' },
    { name: 'auth:Token', declarations: ' xmlns:auth="urn:other"' },
    { name: 'Token', declarations: ' xmlns=""' },
    { name: 'Token', declarations: ' xmlns="urn:other"' },
    { name: 'auth:Other' },
    { name: 'w:Security', declarations: ' xmlns:w="urn:wsse"' },
  )
  .chain((tag) => element(tag, anything));

const prefix = fc.constantFrom('', 's', 'SOAP-ENV', 'größe', '_');
const declaration = fc.constantFrom(
  '',
  '<?xml version="1.0"?>',
  "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>",
  '<?xml  version = "1.0"  encoding = "UTF-8"?>\r\n',
);

function headerOf(qualified: string): fc.Arbitrary<string> {
  const blocks = fc.array(fc.oneof(block, asides), { maxLength: 4 }).map((parts) => parts.join(''));
  return fc.oneof(fc.constant(''), element({ name: qualified }, blocks));
}

/** Envelopes of both versions in UTF-8, as odd as XML lets them be. */
export const anyEnvelope: fc.Arbitrary<Buffer> = fc
  .record({
    prefix,
    namespace: fc.constantFrom(soap11, soap12),
    mark: fc.constantFrom('', '\u{feff}'),
    declaration,
    asides: fc.array(asides, { minLength: 4, maxLength: 4 }),
  })
  .chain(({ prefix: own, namespace, mark, declaration: first, asides: [a, b, c, d] }) => {
    const qualified = (local: string): string => (own === '' ? local : `${own}:${local}`);
    const declarations = ` xmlns${own === '' ? '' : `:${own}`}="${namespace}" xmlns:auth='urn:acme:auth'`;
    const nested = `<${qualified('Header')}><auth:Token>inner</auth:Token></${qualified('Header')}>`;
    const content = fc
      .tuple(headerOf(qualified('Header')), element({ name: qualified('Body') }, fc.oneof(anything, fc.constant(nested))))
      .map(([header, body]) => `${b}${header}${c}${body}${d}`);
    return element({ name: qualified('Envelope'), declarations }, content).map((envelope) => `${mark}${first}${a}${envelope}${d}`);
  })
  // In memory of its own: a test can tell what is a part of it.
  .map((text) => Buffer.from(new Uint8Array(Buffer.from(text)).buffer));
