/** Why bytes are not the XML that was expected: what kind of thing is there, never its text. */
export class XmlProblem extends Error {
  readonly expected: string;
  readonly found: string;
  /** In bytes, from the beginning of the body. */
  readonly offset: number;

  constructor(expected: string, found: string, offset: number) {
    super(`expected ${expected}, found ${found} at byte ${offset}`);
    this.expected = expected;
    this.found = found;
    this.offset = offset;
  }
}

/** Texts are latin1, so that a character is a byte: names in any encoding that extends ASCII come out as they went in. */
export interface StartTag {
  /** Of its `<`. */
  readonly start: number;
  /** After its `>`. */
  readonly end: number;
  readonly name: string;
  /** What it declares: prefix ('' for the default) to namespace. Namespaces in XML 1.0 section 3. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** It has no content and no end tag. */
  readonly empty: boolean;
}

const longestDeclaration = 256;
const longestName = 1024;
const longestNamespace = 8192;
const mostAttributes = 256;
const deepest = 128;
/** Each costs a little, and meanwhile nobody else is served. */
const mostElements = 10_000;

const lessThan = 0x3c;
const greaterThan = 0x3e;
const slash = 0x2f;

const nameStarts = bytesMatching(/[A-Za-z_:\x80-\xff]/);
const nameBytes = bytesMatching(/[A-Za-z\d_:.\-\x80-\xff]/);
const spaces = bytesMatching(/[ \t\r\n]/);

function bytesMatching(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (pattern.test(String.fromCharCode(byte)) ? 1 : 0));
}

const declarationPattern =
  /^<\?xml\s+version\s*=\s*(["'])1\.0\1(?:\s+encoding\s*=\s*(["'])([A-Za-z][\w.-]*)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*\?>/;

/** Whether every byte below 0x80 is that ASCII character, wherever it stands. */
export function extendsAscii(charset: string): boolean {
  return /^(?:utf-?8|(?:us-)?ascii|latin1|iso-8859-\d{1,2}|windows-125\d)$/i.test(charset);
}

/**
 * Reads XML 1.0 from bytes, as far as it is asked to and once from front to back. It is stricter than it needs to be, because what it reads
 * differently from the API's parser would be found out at the wrong place: no document type declaration, so no entities of one's own. Throws
 * `XmlProblem`.
 */
export class XmlScanner {
  readonly #bytes: Buffer;
  #at = 0;
  #elements = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The byte order mark, the XML declaration, and what else may precede the root. */
  readProlog(root: string): void {
    const [first, second, third] = this.#bytes;
    if (first === 0 || second === 0 || first === 0xfe || first === 0xff) {
      throw new XmlProblem('UTF-8 or another encoding that extends ASCII', 'UTF-16 or UTF-32', 0);
    }
    if (first === 0xef && second === 0xbb && third === 0xbf) this.#at = 3;
    if (this.#looksAt('<?xml') && spaces[this.#byte(5)]) this.#readDeclaration();
    this.skipAsides(root);
  }

  /** White space, comments and processing instructions. `next` is what should follow. */
  skipAsides(next: string): void {
    do this.#skipSpaces();
    while (this.#skipComment() || this.#skipInstruction(next));
  }

  readStartTag(expected: string): StartTag {
    const start = this.#at;
    if (this.#byte() !== lessThan || !nameStarts[this.#byte(1)]) throw this.#problem(expected);
    if (++this.#elements > mostElements) throw new XmlProblem(`at most ${mostElements} elements`, 'one more', start);
    this.#at++;
    const name = this.#readName();
    const namespaces = new Map<string, string>();
    const attributes = new Set<string>();
    for (;;) {
      const spaced = this.#skipSpaces();
      const empty = this.#byte() === slash;
      if (empty) this.#at++;
      if (this.#byte() === greaterThan) return { start, end: ++this.#at, name, namespaces, empty };
      if (empty || !spaced || !nameStarts[this.#byte()]) throw this.#problem('the end of the tag or an attribute');
      if (attributes.size >= mostAttributes) throw this.#problem(`at most ${mostAttributes} attributes`);
      this.#readAttribute(attributes, namespaces);
    }
  }

  /** Says whether an end tag was there, and reads it; it must be that of `name`. */
  readEndTag(name: string): boolean {
    if (!this.#looksAt('</')) return false;
    const start = this.#at;
    this.#at += 2;
    if (!nameStarts[this.#byte()] || this.#readName() !== name) {
      throw new XmlProblem('the end tag of the element that is open', 'another one', start);
    }
    this.#skipSpaces();
    if (this.#byte() !== greaterThan) throw this.#problem('the end of the tag');
    this.#at++;
    return true;
  }

  /** Character data, comments, processing instructions and CDATA sections. */
  skipText(): void {
    do {
      const next = this.#bytes.indexOf(lessThan, this.#at);
      this.#at = next === -1 ? this.#bytes.length : next;
    } while (this.#skipComment() || this.#skipSection() || this.#skipInstruction('an element'));
  }

  /** The rest of the element whose start tag has been read; returns where it ends. */
  skipElement({ name, empty }: StartTag): number {
    const open = empty ? [] : [name];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      this.skipText();
      if (this.readEndTag(last)) open.pop();
      else {
        const inner = this.readStartTag('an element or an end tag');
        if (!inner.empty) open.push(inner.name);
        if (open.length > deepest) throw new XmlProblem(`elements at most ${deepest} deep`, 'a deeper one', inner.start);
      }
    }
    return this.#at;
  }

  #readDeclaration(): void {
    const start = this.#at;
    const declaration = this.#bytes.toString('latin1', start, start + longestDeclaration);
    const [whole, , , encoding] = declarationPattern.exec(declaration) ?? [];
    if (whole === undefined) throw new XmlProblem('the XML declaration of version 1.0', 'another one', start);
    if (encoding !== undefined && !extendsAscii(encoding)) {
      throw new XmlProblem('UTF-8 or another encoding that extends ASCII', 'the declaration of another one', start);
    }
    this.#at += whole.length;
  }

  #readAttribute(seen: Set<string>, namespaces: Map<string, string>): void {
    const start = this.#at;
    const name = this.#readName();
    if (seen.has(name)) throw new XmlProblem('each attribute once', 'one that is there already', start);
    seen.add(name);
    this.#skipSpaces();
    if (this.#byte() !== 0x3d) throw this.#problem('"="');
    this.#at++;
    this.#skipSpaces();
    const quote = this.#byte();
    if (quote !== 0x22 && quote !== 0x27) throw this.#problem('a value in quotes');
    const from = this.#at + 1;
    const end = this.#indexAfter(quote, from, 'the closing quote of an attribute') - 1;
    const value = this.#bytes.subarray(from, end);
    if (value.includes(lessThan)) throw new XmlProblem('no "<" in the value of an attribute', 'one', from + value.indexOf(lessThan));
    this.#at = end + 1;
    if (name === 'xmlns') namespaces.set('', this.#decode(value, from));
    else if (name.startsWith('xmlns:')) namespaces.set(name.slice(6), this.#decode(value, from));
  }

  /** XML 1.0 sections 3.3.3 and 4.6. */
  #decode(value: Buffer, offset: number): string {
    if (value.length > longestNamespace) throw new XmlProblem(`a namespace of at most ${longestNamespace} bytes`, 'a longer one', offset);
    const text = value.toString('latin1').replaceAll(/\r\n|[\t\r\n]/g, ' ');
    return text.replaceAll(/&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos))?;?/g, (whole, hex, decimal, name) => {
      const code = hex === undefined ? Number(decimal ?? NaN) : Number.parseInt(hex, 16);
      const known = name === undefined ? code <= 0x10ffff : true;
      if (!whole.endsWith(';') || !known) throw new XmlProblem('a reference that XML knows by itself', 'another one', offset);
      return name === undefined ? Buffer.from(String.fromCodePoint(code)).toString('latin1') : (entities[name] ?? '');
    });
  }

  #readName(): string {
    const start = this.#at;
    while (nameBytes[this.#byte()]) this.#at++;
    if (this.#at - start > longestName) throw new XmlProblem(`a name of at most ${longestName} bytes`, 'a longer one', start);
    return this.#bytes.toString('latin1', start, this.#at);
  }

  #skipSpaces(): boolean {
    const start = this.#at;
    while (spaces[this.#byte()]) this.#at++;
    return this.#at > start;
  }

  #skipComment(): boolean {
    if (!this.#looksAt('<!--')) return false;
    this.#at = this.#indexAfter('--', this.#at + 4, 'the end of a comment');
    if (this.#byte() !== greaterThan) throw this.#problem('the end of a comment after "--"');
    this.#at++;
    return true;
  }

  #skipInstruction(next: string): boolean {
    if (!this.#looksAt('<?')) return false;
    const start = this.#at;
    this.#at += 2;
    if (!nameStarts[this.#byte()]) throw this.#problem('the target of a processing instruction');
    if (/^xml$/i.test(this.#readName())) throw new XmlProblem(next, 'an XML declaration that is not at the beginning', start);
    this.#at = this.#indexAfter('?>', this.#at, 'the end of a processing instruction');
    return true;
  }

  #skipSection(): boolean {
    if (!this.#looksAt('<![CDATA[')) return false;
    this.#at = this.#indexAfter(']]>', this.#at + 9, 'the end of a CDATA section');
    return true;
  }

  #indexAfter(text: string | number, from: number, expected: string): number {
    const index = this.#bytes.indexOf(text, from, 'latin1');
    if (index === -1) throw new XmlProblem(expected, 'the end of the body', this.#bytes.length);
    return index + (typeof text === 'string' ? text.length : 1);
  }

  /** 0, which is nothing in XML, behind the end. */
  #byte(ahead = 0): number {
    return this.#bytes[this.#at + ahead] ?? 0;
  }

  #looksAt(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#byte(i) !== text.charCodeAt(i)) return false;
    return true;
  }

  #problem(expected: string): XmlProblem {
    return new XmlProblem(expected, this.#kindOfNext(), this.#at);
  }

  #kindOfNext(): string {
    if (this.#at >= this.#bytes.length) return 'the end of the body';
    if (this.#looksAt('<!DOCTYPE')) return 'a document type declaration';
    if (this.#looksAt('<![CDATA[')) return 'a CDATA section';
    if (this.#looksAt('</')) return 'an end tag';
    if (this.#byte() === lessThan) return nameStarts[this.#byte(1)] ? 'an element' : 'a "<" that begins nothing';
    return 'something else';
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
