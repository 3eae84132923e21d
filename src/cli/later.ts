/**
 * Verbs of the contract whose part is not built yet. They are listed so that help is honest and a script gets
 * exit 64 with a sentence, instead of "unknown command". Building one deletes its line here.
 */
export const later: readonly (readonly [verb: string, does: string])[] = [
  ["approve", "record a gate"],
  ["stop", "stop every engine"],
];
