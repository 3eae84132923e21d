/**
 * How a cell says no. A cell knows what is wrong with a value but neither table, column nor row, so it throws a
 * Refusal; whoever runs the cell turns it into the Fault that a person reads. Never seen outside src/typemap.
 */

/** `message` completes the sentence "shop.users.born holds ...". It never holds the value itself. */
export class Refusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "Refusal";
  }
}

/** Throws; an expression, so that hot functions stay small. */
export function refuse(reason: string): never {
  throw new Refusal(reason);
}
