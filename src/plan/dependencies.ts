/**
 * Tables in the order of their foreign keys, parents first, as a person would create or load them by hand. Tables that
 * need each other have no such order; they stand where the first of them does, and are named as a cycle.
 */
import type { PlanTable } from "../model.js";
import { byCodeUnit } from "./order.js";

export interface DependencyOrder {
  readonly ordered: readonly { readonly table: PlanTable; readonly dependsOn: readonly string[] }[];
  /** Sets of more than one table, each sorted. A table that refers to itself is none. */
  readonly cycles: readonly (readonly string[])[];
}

export function dependencyOrder(tables: readonly PlanTable[]): DependencyOrder {
  const names = new Map(tables.map((table) => [table.source, table]));
  const sorted = [...tables].sort((a, b) => byCodeUnit(a.source, b.source));
  const parents = new Map(
    sorted.map((table): [string, readonly string[]] => [
      table.source,
      [...new Set((table.foreignKeys ?? []).map(({ referencedTable }) => referencedTable))]
        .filter((name) => name !== table.source && names.has(name))
        .sort(byCodeUnit),
    ]),
  );
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set<string>();
    const open = [...(parents.get(from) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === to) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(parents.get(next) ?? []));
    }
    return false;
  };
  const cycles = new Map<string, readonly string[]>();
  for (const { source } of sorted) {
    if (!reaches(source, source)) continue;
    const ring = sorted
      .map((table) => table.source)
      .filter((other) => other === source || (reaches(source, other) && reaches(other, source)));
    cycles.set(ring.join("\0"), ring);
  }
  const done = new Set<string>();
  const ordered: { readonly table: PlanTable; readonly dependsOn: readonly string[] }[] = [];
  // Depth first without recursion: a chain of a thousand tables is no reason to fail.
  for (const first of sorted) {
    const stack = [{ name: first.source, next: 0 }];
    const open = new Set<string>([first.source]);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const own = parents.get(top.name) ?? [];
      const parent = own[top.next];
      top.next += 1;
      if (parent !== undefined) {
        if (done.has(parent) || open.has(parent)) continue;
        open.add(parent);
        stack.push({ name: parent, next: 0 });
        continue;
      }
      stack.pop();
      const table = names.get(top.name);
      if (table === undefined || done.has(top.name)) continue;
      done.add(top.name);
      ordered.push({ table, dependsOn: own });
    }
  }
  return { ordered, cycles: [...cycles.values()] };
}
