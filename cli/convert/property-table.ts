import { suggest } from '../../crds/suggest.ts';

/** How a property of a source is carried over. The texts are Markdown: the guide's tables are made of them. */
export type PropertyRule =
  /** The field that it becomes, or what it decides; `of`: for this type of source alone. */
  | { readonly to: string; readonly of?: string }
  /** Nothing is lost without it. */
  | { readonly unneeded: string }
  /** It is lost, and this is why. */
  | { readonly unsupported: string };

/** By a property's name; `x.*` stands for all names that begin with `x.`. */
export type PropertyTable = Readonly<Record<string, PropertyRule>>;

/** What is to be said of a property of the source; never holds its value. */
export interface Note {
  readonly property: string;
  readonly reason: string;
  /** Whether something is lost. */
  readonly lost: boolean;
}

/** The row for a property: that of its own name goes before that of its prefix. */
export function ruleFor(name: string, table: PropertyTable): PropertyRule | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  const prefix = Object.keys(table).find((row) => row.endsWith('.*') && name.startsWith(row.slice(0, -1)));
  return prefix === undefined ? undefined : table[prefix];
}

/** As the table writes the name, where nothing but capital letters differ. */
export function canonicalName(name: string, table: PropertyTable): string {
  if (ruleFor(name, table) !== undefined) return name;
  const row = Object.keys(table).find((known) => matches(name.toLowerCase(), known.toLowerCase()));
  return row === undefined ? name : row.replace(/\*$/u, '') + (row.endsWith('*') ? name.slice(row.length - 1) : '');
}

const matches = (name: string, row: string): boolean => (row.endsWith('.*') ? name.startsWith(row.slice(0, -1)) : name === row);

/** What the table says of the properties that are there and not carried over. */
export function notesOn(names: Iterable<string>, table: PropertyTable, type?: string): Note[] {
  return [...names].flatMap((property): Note[] => {
    const rule = ruleFor(property, table);
    if (rule === undefined) return [{ property, reason: unknown(property, table), lost: true }];
    if ('unsupported' in rule) return [{ property, reason: plain(rule.unsupported), lost: true }];
    if ('unneeded' in rule) return [{ property, reason: plain(rule.unneeded), lost: false }];
    return rule.of === undefined || rule.of === type ? [] : [{ property, reason: `of use to ${rule.of} alone`, lost: false }];
  });
}

function unknown(property: string, table: PropertyTable): string {
  const meant = suggest(
    property,
    Object.keys(table).filter((row) => !row.endsWith('*')),
  );
  return meant === undefined ? 'an unknown property' : `an unknown property; did you mean ${meant}?`;
}

const plain = (markdown: string): string => markdown.replaceAll('`', '');
