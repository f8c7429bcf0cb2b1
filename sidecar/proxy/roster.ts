/** Where something stands in the one roster that it may be in; nobody else's to set. */
export interface Member {
  place: number;
}

/**
 * Those that come and go with every call. A Set would do, but leaves a table behind every few dozen calls, each of which refers to the next
 * one: where one of them is old, V8 takes all later ones for alive, and what was in them, until it looks at the old ones too.
 */
export class Roster<Kind extends Member> implements Iterable<Kind> {
  readonly #members: Kind[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Kind): void {
    member.place = this.#members.push(member) - 1;
  }

  /** The last one takes its place. One that is not here stays away. */
  delete(member: Kind): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop() as Kind;
    if (last === member) return;
    this.#members[place] = last;
    last.place = place;
  }

  /** From the last to the first: whoever leaves meanwhile hides no other. */
  *[Symbol.iterator](): Iterator<Kind> {
    for (let place = this.#members.length - 1; place >= 0; place -= 1) {
      const member = this.#members[place];
      if (member !== undefined) yield member;
    }
  }
}
