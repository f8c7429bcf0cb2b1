import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type Tags, type YAMLError } from 'yaml';
import type { FieldPath, ManifestObject } from './manifest-object.ts';
import type { ManifestProblem } from './manifest-problem.ts';

export interface ParsedManifests {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

/**
 * Splits a file into Kubernetes objects. YAML (JSON is a part of it) is read as kubectl does: version 1.1, where an unquoted
 * `yes` is a boolean and `<<` merges, but without that version's times and dates.
 */
export function parseManifests(file: string, text: string): ParsedManifests {
  const objects: ManifestObject[] = [];
  const problems: ManifestProblem[] = [];
  if (text.trim() === '') return { objects, problems: [{ file, message: 'the file is empty' }] };
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    // The library's own messages would quote the text around the mistake, which may be a secret.
    prettyErrors: false,
    logLevel: 'silent',
    version: '1.1',
    schema: 'yaml-1.1',
    customTags: withoutTimes,
  });
  if (!Array.isArray(documents)) return { objects, problems };
  for (const [index, yaml] of documents.entries()) {
    const place = { file, document: index + 1 };
    const [error] = yaml.errors;
    if (error !== undefined) {
      problems.push({ ...place, line: lines.linePos(error.pos[0]).line, message: `not valid YAML: ${safeMessage(error)}` });
      continue;
    }
    const value = toPlainValue(yaml);
    if (value === null) continue;
    if (value === unresolvable) {
      problems.push({ ...place, line: lines.linePos(offsetOf(yaml, [])).line, message: unresolvableMessage });
      continue;
    }
    const found = objectsOf(value, place, (path) => lines.linePos(offsetOf(yaml, path)).line);
    objects.push(...found.objects);
    problems.push(...found.problems);
  }
  return { objects, problems };
}

type YamlDocument = Document.Parsed;
type Place = { readonly file: string; readonly document: number };

function withoutTimes(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || !(tag.tag.endsWith(':timestamp') || ('format' in tag && tag.format === 'TIME')));
}

const quoteIt = 'put the value in single quotes';

/** How to mend the mistakes that are made most. */
const mends: Partial<Record<YAMLError['code'], string>> = {
  BAD_INDENT: 'indent it as its neighbours are',
  BAD_SCALAR_START: quoteIt,
  BLOCK_AS_IMPLICIT_KEY: `${quoteIt} if it holds a colon, or begin a new line`,
  DUPLICATE_KEY: 'remove one of the two',
  MISSING_CHAR: 'add what is missing, here or above',
  TAB_AS_INDENT: 'indent with spaces',
  UNEXPECTED_TOKEN: quoteIt,
};

/** What the YAML library says, less any text of the file that it may quote. */
function safeMessage({ code, message }: YAMLError): string {
  if (code === 'BAD_DQ_ESCAPE') return 'invalid escape sequence in a double-quoted string; use single quotes for text with backslashes';
  // The library's name for a quotation mark reads like one that is out of place.
  const said = (message.split(': ', 1)[0] ?? '').replace(/["']quote$/, 'quotation mark');
  const mend = mends[code];
  return `${said.charAt(0).toLowerCase()}${said.slice(1)}${mend === undefined ? '' : `; ${mend}`}`;
}

const unresolvable = Symbol('unresolvable');
const unresolvableMessage =
  'not valid YAML: an alias (*) without its anchor (&), or too many of them, or a merge (<<) of what is no mapping';

/** null for an empty document. The library's exception is of no use to the reader, and may quote the file. */
function toPlainValue(yaml: YamlDocument): unknown {
  try {
    return yaml.toJS() as unknown;
  } catch {
    return unresolvable;
  }
}

function objectsOf(value: unknown, place: Place, lineOf: (path: FieldPath) => number): ParsedManifests {
  if (!isRecord(value) || typeof value['kind'] !== 'string' || value['kind'] === '') {
    return { objects: [], problems: [{ ...place, line: lineOf([]), message: 'not a Kubernetes object: it needs apiVersion and kind' }] };
  }
  if (!value['kind'].endsWith('List') || !Array.isArray(value['items'])) {
    return { objects: [{ ...place, pathPrefix: '', value, lineOf }], problems: [] };
  }
  const items = value['items'].map((item, index) => {
    const found = objectsOf(item, place, (path) => lineOf(['items', index, ...path]));
    const prefix = `items[${index}].`;
    return {
      objects: found.objects.map((object) => ({ ...object, pathPrefix: prefix + object.pathPrefix })),
      problems: found.problems.map((problem) => ({ ...problem, path: prefix.slice(0, -1) })),
    };
  });
  return { objects: items.flatMap((item) => item.objects), problems: items.flatMap((item) => item.problems) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where the field's key starts; for a list's entry, where the entry does. */
function offsetOf(yaml: YamlDocument, path: FieldPath): number {
  let node: unknown = yaml.contents;
  let offset = startOf(node, 0);
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(yaml);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      if (pair === undefined) return offset;
      offset = startOf(pair.key, offset);
      node = pair.value;
    } else if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
      node = node.items[segment];
      offset = startOf(node, offset);
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown, fallback: number): number {
  return isNode(node) ? (node.range?.[0] ?? fallback) : fallback;
}
