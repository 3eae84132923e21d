/**
 * The built-in rules, read from typemaps/mysql-postgres.yaml beside the package, whether this module runs from
 * src/ or from dist/src/. The file is part of the program: one that does not parse is our own bug. User rules are
 * named here too, so that plans and reports can say which line of headgate.yaml won.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { Fault } from "../errors.js";
import { type NamedRule, type Rule, ruleSchema } from "./rule.js";

const fileName = join("typemaps", "mysql-postgres.yaml");
let loaded: readonly NamedRule[] | undefined;

/** The built-in rules in order; read once a process. */
export function builtInRules(): readonly NamedRule[] {
  loaded ??= parseRules(readFileSync(packageFile("mysql-postgres.yaml"), "utf8"));
  return loaded;
}

/** The user's rules, named by their `name` or by their place in the list: `typemap[0]`. */
export function userRules(rules: readonly Rule[]): readonly NamedRule[] {
  return rules.map((rule, place) => ({
    name: rule.name ?? `typemap[${String(place)}]`,
    rule,
    builtIn: false,
  }));
}

/** Parses a rule file: a list of rules, each with a name of its own and a reason. */
export function parseRules(text: string): readonly NamedRule[] {
  const result = z.array(ruleSchema).safeParse(parse(text));
  if (!result.success) throw new Fault("bug", `${fileName} does not parse: ${z.prettifyError(result.error)}`);
  const seen = new Set<string>();
  return result.data.map((rule) => {
    if (rule.name === undefined || rule.why === undefined || seen.has(rule.name))
      throw new Fault(
        "bug",
        `${fileName}: each rule needs a name of its own and a why (${rule.name ?? "?"}).`,
      );
    seen.add(rule.name);
    return { name: rule.name, rule, builtIn: true };
  });
}

/** Path of a file of typemaps/, which is above src/ and dist/src/ alike. */
export function packageFile(name: string): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, "typemaps", name);
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder)
      throw new Fault(
        "bug",
        `typemaps/${name} is missing from the installation; it should be above ${start}.`,
      );
  }
}
