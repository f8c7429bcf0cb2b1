import { findJsonError } from '../json-error.ts';
import type { Rule } from '../rule.ts';

interface Scoped {
  readonly tokenEndpoint: { readonly contentType: string };
  readonly grant: { readonly scope?: string | undefined };
}

const curlyQuotes = '["\\u201c", "\\u201d", "\\u2018", "\\u2019"]';
const firstQuote = `${curlyQuotes}.map(q, self.grant.scope.indexOf(q)).filter(i, i >= 0).min()`;

/** Word processors turn " into curly quotes, and then a scope object is no JSON any more. */
export const noCurlyQuotes: Rule<Scoped> = {
  reason: 'InvalidScope',
  at: ['grant', 'scope'],
  cel: "self.tokenEndpoint.contentType != 'application/json' || !has(self.grant.scope) || !self.grant.scope.matches('[\\u201c\\u201d\\u2018\\u2019]')",
  holds: (self) => jsonScope(self) === undefined || curlyQuoteIn(jsonScope(self) ?? '') === undefined,
  message: {
    // Put together by format: the API server cannot bound the cost of string(…).
    cel:
      "'holds the curly quote %s at offset %d: JSON has straight quotes (U+0022) only; type the quotes anew in a plain-text editor'" +
      `.format([{"\\u201c": "U+201C", "\\u201d": "U+201D", "\\u2018": "U+2018", "\\u2019": "U+2019"}[self.grant.scope.charAt(${firstQuote})], ${firstQuote}])`,
    text: (self) => {
      const quote = curlyQuoteIn(self.grant.scope ?? '');
      return `holds the curly quote ${quote?.codePoint} at offset ${quote?.offset}: JSON has straight quotes (U+0022) only; type the quotes anew in a plain-text editor`;
    },
    otherwise: 'holds a curly quote: JSON has straight quotes (U+0022) only; type the quotes anew in a plain-text editor',
  },
};

/** CEL has no JSON parser, so this one is for the operator and the command line. */
export const noBrokenJson: Rule<Scoped> = {
  reason: 'InvalidScope',
  at: ['grant', 'scope'],
  holds: (self) => {
    const scope = jsonScope(self);
    return scope === undefined || curlyQuoteIn(scope) !== undefined || !/^\s*[[{]/u.test(scope) || findJsonError(scope) === undefined;
  },
  message: {
    text: (self) => {
      const error = findJsonError(self.grant.scope ?? '');
      return `begins like JSON and is not: ${error?.expected} expected at offset ${error?.offset}, found ${error?.found}; correct it there, for a scope sent as application/json must be a JSON object or plain text`;
    },
  },
};

function jsonScope(self: Scoped): string | undefined {
  return self.tokenEndpoint.contentType === 'application/json' ? self.grant.scope : undefined;
}

/** Offsets count code points, as CEL's indexOf does. */
function curlyQuoteIn(scope: string): { codePoint: string; offset: number } | undefined {
  const characters = Array.from(scope);
  const offset = characters.findIndex((character) => /[\u201c\u201d\u2018\u2019]/u.test(character));
  const quote = characters[offset];
  return quote === undefined ? undefined : { codePoint: `U+${quote.charCodeAt(0).toString(16).toUpperCase()}`, offset };
}
