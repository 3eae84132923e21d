/** What goes in for ${...}, where it is percent-encoded, and which of it is a secret. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Filled } from "./fill.js";
import { FillProblem, fill, passwordIn } from "./fill.js";
import { parseUrl } from "./url.js";

const sources = {
  env: { USER: "a:b", PW: "p@ss/w:rd", EMPTY: "", HOST: "db1" },
  readSecret: (path: string) => `secret of ${path}`,
};
const filled = (template: string): Filled => fill(template, sources);

describe("fill", () => {
  it.each([
    ["plain", "plain"],
    ["", ""],
    ["${HOST}", "db1"],
    ["a ${HOST} b ${HOST}", "a db1 b db1"],
    ["${NONE:-x}", "x"],
    ["${EMPTY:-x}", "x"],
    ["${EMPTY}", ""],
    ["${NONE:-}", ""],
    ["${file:/run/x}", "secret of /run/x"],
    ["$HOST $$ {HOST}", "$HOST $$ {HOST}"],
    ["mysql://${USER}:${PW}@${HOST}/d", "mysql://a%3Ab:p%40ss%2Fw%3Ard@db1/d"],
    ["mysql://u:${PW}@h/d", "mysql://u:p%40ss%2Fw%3Ard@h/d"],
    ["mysql://u:${file:/run/a/b}@h/d", "mysql://u:secret%20of%20%2Frun%2Fa%2Fb@h/d"],
    ["http://u:${PW}@h/${HOST}", "http://u:p%40ss%2Fw%3Ard@h/db1"],
  ])("%s", (template, text) => {
    expect(filled(template).text).toBe(text);
  });

  it.each(["${", "${}", "${1A}", "${A B}", "${file:}", "${A:x}", "a ${A", "${A-b}"])(
    "%s is broken",
    (template) => {
      expect(() => filled(template)).toThrow(FillProblem);
    },
  );

  it("counts the openings, so that a problem has a place", () => {
    expect(() => filled("${HOST}${NONE}")).toThrow(expect.objectContaining({ index: 1 }) as Error);
  });

  it.each([
    ["mysql://u:${PW}@h/d", ["p@ss/w:rd", "p%40ss%2Fw%3Ard"], false],
    ["mysql://u:literal@h/d", ["literal"], true],
    ["mysql://u:x${PW}@h/d", ["p@ss/w:rd", "xp%40ss%2Fw%3Ard"], true],
    ["mysql://u:${NONE:-dflt}@h/d", ["dflt", "dflt"], true],
    ["mysql://${USER}@h/d", [], false],
    ["mysql://u@${HOST}/d", [], false],
    // Mistyped around the password: a secret all the same.
    ["mysql://a/b:${PW}@h/d", ["p@ss/w:rd", "p@ss/w:rd"], false],
    ["mysql://u:literal", ["literal"], false],
    ["mysql://h:3306/d", [], false],
    ["${file:x}", ["secret of x"], false],
    ["${HOST}", [], false],
  ])("%s: secrets %j, in the file: %s", (template, secrets, literal) => {
    const result = filled(template);
    expect(result.secrets).toEqual(secrets);
    expect(result.literalPassword).toBe(literal);
  });

  it("a whole URL from elsewhere has its password there too", () => {
    const result = fill("${URL}", { ...sources, env: { URL: "mysql://u:hidden@h/d" } });
    expect([result.secrets, result.literalPassword]).toEqual([["hidden"], false]);
  });

  it("any password survives the way into a URL and out of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", minLength: 1 }), (password) => {
        fc.pre(!password.includes("\0"));
        const { text } = fill("mysql://u:${PW}@h/d", { ...sources, env: { PW: password } });
        expect(parseUrl(text, "source")).toMatchObject({ server: { password } });
        expect(decodeURIComponent(passwordIn(text) ?? "")).toBe(password);
      }),
    );
  });
});
