/**
 * Where each key of a file stands. Asked for a key that the file does not have, it answers with the nearest thing
 * around it, because "migration is missing" has to point somewhere too.
 */
import type { KeyPath, Place, Tree } from "./document.js";

export interface Places {
  /** The place of a value. */
  readonly value: (path: KeyPath) => Place;
  /** The place of a key's name; a list item's own place. */
  readonly key: (path: KeyPath) => Place;
}

export function placesOf(tree: Tree): Places {
  const values = new Map<string, Place>();
  const keys = new Map<string, Place>();
  const walk = (node: Tree, path: KeyPath): void => {
    values.set(JSON.stringify(path), node.place);
    if (node.kind === "list") for (const [at, item] of node.items.entries()) walk(item, [...path, at]);
    if (node.kind === "map")
      for (const entry of node.entries) {
        keys.set(JSON.stringify([...path, entry.key]), entry.place);
        walk(entry.value, [...path, entry.key]);
      }
  };
  walk(tree, []);
  const value = (path: KeyPath): Place =>
    values.get(JSON.stringify(path)) ?? (path.length === 0 ? tree.place : key(path.slice(0, -1)));
  const key = (path: KeyPath): Place => keys.get(JSON.stringify(path)) ?? value(path);
  return { value, key };
}
