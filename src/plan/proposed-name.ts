/**
 * The plain name that `check` proposes for one that needs quotes or cannot stand: letters of other scripts as they are
 * spelled in Latin ones, emoji by what they show, in the contract's form and free. It is a function of the names alone,
 * so the same schema is proposed the same on every day and machine.
 */
import anyAscii from "any-ascii";
import { foldName, hashedName, isOrdinaryName, maxNameBytes } from "./names.js";

/** Proposes names, each of them once: none of `taken`, nor one that reads like it. */
export function nameProposals(
  taken: Iterable<string>,
  names: "keep" | "lower",
): (name: string, identity: string) => string {
  const used = new Set([...taken].map(alike));
  const isFree = (name: string): boolean => isOrdinaryName(name) && !used.has(alike(name));
  return (name, identity) => {
    const plain = foldName(readableName(name), names);
    let free = [plain, `${plain}_`].find(isFree);
    for (let salt = 0; free === undefined; salt += 1) {
      const hashed = hashedName(plain, identity, salt);
      if (isFree(hashed)) free = hashed;
    }
    used.add(alike(free));
    return free;
  };
}

/** People and unquoted SQL read them as one. */
export function alike(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** Letters, digits and underscores, not beginning with a digit, never empty; as long as it comes. */
export function readableName(name: string): string {
  const plain = Array.from(name.normalize("NFC"))
    .map(spelled)
    .join("")
    .replaceAll(/[^a-zA-Z0-9_]+/gu, "_");
  // Underscores at the ends stand for what was lost there, but for the name's own.
  const [head, tail] = [name.startsWith("_"), name.endsWith("_")];
  const trimmed = plain.replace(/^_+/u, head ? "$&" : "").replace(/_+$/u, tail ? "$&" : "");
  if (!/[a-zA-Z0-9]/u.test(trimmed)) return hashedName("name", name, 0);
  const begun = /^[a-zA-Z_]/u.test(trimmed) ? trimmed : `_${trimmed}`;
  return begun.length > maxNameBytes ? hashedName(begun, name, 0) : begun;
}

/** `é` is a letter of its word; `:grinning:` is a word of its own. */
function spelled(character: string): string {
  if (/^[\u0020-\u007e]$/u.test(character)) return character;
  const latin = anyAscii(character);
  return /^:.+:$/u.test(latin) ? ` ${latin.slice(1, -1)} ` : latin;
}
