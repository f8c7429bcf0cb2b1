import { type StartTag, XmlProblem, XmlScanner } from './xml-scanner.ts';

/** The header block (SOAP 1.2 part 1 section 5.2.1) that carries the token; without a namespace it is in none. */
export interface HeaderBlock {
  readonly element: string;
  readonly namespace?: string | undefined;
}

/** An envelope around the place for one header block more. */
export interface OpenEnvelope {
  readonly before: readonly Buffer[];
  readonly after: readonly Buffer[];
}

/** SOAP 1.1 section 3, SOAP 1.2 part 1 section 5. */
const envelopeNamespaces = new Set(['http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope']);

/**
 * Finds the place for a header block, at the beginning of the Header. What the sender put under that name is left out, a Header that is not
 * there is added; every other byte stays. Nothing behind the start of the Body is read: there the envelope has no more headers.
 * Throws `XmlProblem`.
 */
export function openEnvelope(bytes: Buffer, block: HeaderBlock): OpenEnvelope {
  const scanner = new XmlScanner(bytes);
  scanner.readProlog('the Envelope of SOAP 1.1 or 1.2');
  const envelope = scanner.readStartTag('the Envelope of SOAP 1.1 or 1.2');
  const { prefix, local, namespace } = expand(envelope, []);
  if (local !== 'Envelope' || !envelopeNamespaces.has(namespace)) {
    throw new XmlProblem('the Envelope of SOAP 1.1 or 1.2', 'an element of another name or namespace', envelope.start);
  }
  if (envelope.empty) throw new XmlProblem('the Header or the Body', 'the end of the Envelope', envelope.end);
  const isPart = (tag: StartTag, name: string): boolean => {
    const part = expand(tag, [envelope]);
    return part.local === name && part.namespace === namespace;
  };
  scanner.skipAsides('the Header or the Body');
  const first = scanner.readStartTag('the Header or the Body');
  if (isPart(first, 'Body')) {
    const header = prefix === '' ? 'Header' : `${prefix}:Header`;
    return {
      before: [bytes.subarray(0, envelope.end), latin1(`<${header}>`)],
      after: [latin1(`</${header}>`), bytes.subarray(envelope.end)],
    };
  }
  if (!isPart(first, 'Header')) throw new XmlProblem('the Header or the Body', 'another element', first.start);
  const blocks = first.empty ? [] : readBlocks(scanner, envelope, first, block);
  scanner.skipAsides('the Body');
  const body = scanner.readStartTag('the Body');
  if (!isPart(body, 'Body')) throw new XmlProblem('the Body', 'another element', body.start);
  if (first.empty) {
    const after = [latin1(`</${first.name}>`), bytes.subarray(first.end)];
    return { before: [bytes.subarray(0, first.end - 2), latin1('>')], after };
  }
  return { before: [bytes.subarray(0, first.end)], after: without(bytes.subarray(first.end), blocks, first.end) };
}

/** The token in its element. All in ASCII, so that the envelope's encoding does not matter. */
export function writeBlock({ element, namespace = '' }: HeaderBlock, token: string): Buffer {
  return latin1(`<${element} xmlns="${escape(namespace)}">${escape(token)}</${element}>`);
}

/** Reads the Header to its end; returns from where to where blocks of this name go. */
function readBlocks(
  scanner: XmlScanner,
  envelope: StartTag,
  header: StartTag,
  { element, namespace = '' }: HeaderBlock,
): [number, number][] {
  const found: [number, number][] = [];
  const sought = Buffer.from(namespace).toString('latin1');
  for (;;) {
    scanner.skipText();
    if (scanner.readEndTag(header.name)) return found;
    const tag = scanner.readStartTag('a header block or the end of the Header');
    const block = expand(tag, [header, envelope]);
    const end = scanner.skipElement(tag);
    if (block.local === element && block.namespace === sought) found.push([tag.start, end]);
  }
}

/** `offset`: of these bytes in the body. */
function without(bytes: Buffer, ranges: readonly [number, number][], offset: number): Buffer[] {
  const starts = [offset, ...ranges.map(([, end]) => end)];
  return starts.map((start, i) => bytes.subarray(start - offset, (ranges[i]?.[0] ?? Infinity) - offset));
}

interface ExpandedName {
  readonly prefix: string;
  readonly local: string;
  readonly namespace: string;
}

/** Namespaces in XML 1.0 sections 4 to 6. `within`: the elements around it, the nearest first. */
function expand({ name, namespaces, start }: StartTag, within: readonly StartTag[]): ExpandedName {
  const colon = name.indexOf(':');
  const prefix = name.slice(0, Math.max(0, colon));
  const local = name.slice(colon + 1);
  if (colon === 0 || local === '' || local.includes(':')) throw new XmlProblem('a name with at most one prefix', 'another one', start);
  const declaring = [namespaces, ...within.map((tag) => tag.namespaces)].find((declared) => declared.has(prefix));
  const namespace = declaring?.get(prefix) ?? '';
  if (prefix !== '' && namespace === '') throw new XmlProblem('an element whose prefix is declared', 'one whose prefix is not', start);
  return { prefix, local, namespace };
}

function escape(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|[&<>"]/gu, (character) => `&#${character.codePointAt(0)};`);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
