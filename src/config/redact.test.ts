/** That a secret is found in every spelling, and that scrubbing leaves JSON and public names alone. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Redactor, percentEncode } from "./redact.js";

const canary = `c4n'ary"p@ss/w:rd\\x%`;

it("finds a secret raw, percent-encoded, in JSON, in SQL and in base64", () => {
  const redactor = new Redactor();
  redactor.add(canary);
  for (const spelling of [
    canary,
    percentEncode(canary),
    encodeURIComponent(canary),
    percentEncode(canary).replace(/%../gu, (hex) => hex.toLowerCase()),
    JSON.stringify({ error: canary }),
    `IDENTIFIED BY '${canary.replaceAll("'", "''")}'`,
    Buffer.from(canary).toString("base64"),
    `Access denied (using password: ${canary})`,
    `connect mysql://u:${percentEncode(canary)}@h/d failed`,
  ]) {
    const clean = redactor.scrub(`before ${spelling} after`);
    expect(clean).toContain("***");
    expect(clean).not.toMatch(/c4n|w:rd|w%3Ard/i);
  }
});

it("takes any URL's password out, known or not", () => {
  const scrub = new Redactor().scrub;
  expect(scrub("at postgresql://app:s3cret@h:5432/d now")).toBe("at postgresql://app:***@h:5432/d now");
  expect(scrub("mysql://app@h/d and https://example.org/a:b")).toBe(
    "mysql://app@h/d and https://example.org/a:b",
  );
});

it("leaves the name of a secret, which init's file is worth nothing without", () => {
  const scrub = new Redactor().scrub;
  for (const url of ["mysql://app:${DB_PASSWORD}@h/d", "mysql://app:${file:/run/secrets/pg}@h/d"])
    expect(scrub(`url: ${url}`)).toBe(`url: ${url}`);
  expect(scrub("mysql://app:${DB_PASSWORD:-s3cret}@h/d")).toBe("mysql://app:***@h/d");
  expect(scrub("mysql://app:${A}s3cret@h/d")).toBe("mysql://app:***@h/d");
});

it("leaves a public name alone unless it stands as a password", () => {
  const redactor = new Redactor();
  redactor.add("shop");
  redactor.allow("shop");
  expect(redactor.scrub('{"table":"shop","sentence":"copied shop"}')).toBe(
    '{"table":"shop","sentence":"copied shop"}',
  );
  expect(redactor.scrub("mysql://shop:shop@h/shop password=shop")).toBe(
    "mysql://shop:***@h/shop password=***",
  );
});

it("leaves counts and JSON's own words alone when they happen to be passwords", () => {
  const redactor = new Redactor();
  for (const secret of ["1234", "true", "a"]) redactor.add(secret);
  const line = JSON.stringify({ rows: 1234, list: [1234, 41234], ok: true, name: "a table" });
  expect(redactor.scrub(line)).toBe(line);
  expect(redactor.scrub("the password '1234' is wrong")).toBe("the password '***' is wrong");
});

it("keeps any JSON line parseable and without the secret", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 24 }), fc.string(), fc.nat(), (secret, other, count) => {
      fc.pre(!/^\d+$/u.test(secret) && !JSON.stringify({ text: other, more: { count } }).includes(secret));
      const redactor = new Redactor();
      redactor.add(secret);
      const clean = redactor.scrub(JSON.stringify({ text: `${other} ${secret} ${other}`, more: { count } }));
      const back: unknown = JSON.parse(clean);
      expect(back).toMatchObject({ more: { count } });
      expect(JSON.stringify(back)).not.toContain(` ${JSON.stringify(secret).slice(1, -1)} `);
    }),
  );
});
