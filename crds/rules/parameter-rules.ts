import { matching, type Rule } from '../rule.ts';

interface Entry {
  readonly name: string;
  readonly value?: string | undefined;
  readonly secretKeyRef?: { readonly name: string; readonly key: string } | undefined;
  readonly in?: string | undefined;
}

export const notBlank = matching('InvalidParameter', '[^\\t\\n\\f\\r ]', 'is blank: give the name, or remove the entry');

export const noDuplicates: Rule<readonly Entry[]> = {
  reason: 'InvalidParameter',
  cel: 'self.all(a, self.exists_one(b, a == b))',
  holds: (self) => new Set(self.map(identity)).size === self.length,
  message: 'holds the same entry twice: remove one of the two',
};

const identity = (entry: Entry): string =>
  JSON.stringify([entry.in, entry.name, entry.value ?? null, entry.secretKeyRef?.name ?? null, entry.secretKeyRef?.key ?? null]);

/** What goes into the token URL's query may not be there already. */
export const notInTheQueryAlready: Rule<{
  readonly url: string;
  readonly method: string;
  readonly parameters?: readonly Entry[] | undefined;
}> = {
  reason: 'InvalidParameter',
  at: ['parameters'],
  cel:
    "!has(self.parameters) || !isURL(self.url) || self.parameters.all(p, !(p.__in__ == 'Query' || (p.__in__ == 'Body' && self.method == 'GET'))" +
    ' || !(p.name in url(self.url).getQuery()))',
  holds: (self) => {
    if (!URL.canParse(self.url)) return true;
    const { searchParams } = new URL(self.url);
    const inQuery = (entry: Entry) => entry.in === 'Query' || (entry.in === 'Body' && self.method === 'GET');
    return (self.parameters ?? []).every((entry) => !inQuery(entry) || !searchParams.has(entry.name));
  },
  message: "holds a parameter that the URL's own query has already: remove it from one of the two",
};
