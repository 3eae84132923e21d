/** The contract's URL form: what is let in, what is refused with which words, and that no refusal repeats a secret. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { percentEncode } from "./redact.js";
import { isLoopback, parseUrl, redacted } from "./url.js";
import type { UrlSide } from "./url.js";

/** All of ASCII and a few of what lies past it; fast-check's own "binary" takes seconds to set up. */
const character = fc.oneof(
  fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }),
  fc.constantFrom("é", "漢", "😀", "\u202e", "\u2028"),
);

describe("parseUrl", () => {
  it("takes a URL apart, percent-decoded", () => {
    expect(parseUrl("mysql://us%40er:p%2Fw%3A%24@db1.internal:3307/my%20shop", "source")).toEqual({
      server: { host: "db1.internal", port: 3307, user: "us@er", password: "p/w:$", database: "my shop" },
    });
    expect(parseUrl("postgresql://app@[::1]/shop", "target")).toEqual({
      server: { host: "::1", port: 5432, user: "app", password: "", database: "shop" },
    });
  });

  const bad: readonly (readonly [url: string, side: UrlSide, words: RegExp])[] = [
    ["postgres://u:hunter2@h/d", "target", /postgres:\/\/, which is spelled postgresql:\/\/ here/],
    ["mariadb://u:hunter2@h/d", "source", /mariadb:\/\/, which is spelled mysql:\/\//],
    ["mysql://u:hun$ter2@h/d", "source", /"\$" in it.*write "\$" as %24/],
    ["mysql://u:hun`ter2@h/d", "source", /"`" in it.*write "`" as %60/],
    ["mysql://u:hun|ter2@h/d", "source", /"\|" in it.*write "\|" as %7C/],
    ["mysql://u:hun&&ter2@h/d", "source", /"&&" in it.*write "&&" as %26%26/],
    ["mysql://u:hun;ter2@h/d", "source", /";" in it.*%3B/],
    ["mysql://u:hun ter2@h/d", "source", /white space in it.*%20/],
    ["mysql://u:hun@ter2@h/d", "source", /cannot be taken apart.*%40/],
    ["mysql://u:hunter2@h", "source", /names no database/],
    ["mysql://u:hunter2@h/", "source", /names no database/],
    ["mysql://u:hunter2@h/headgate", "source", /the database headgate, which belongs to Headgate itself/],
    ["mysql://u:hunter2@h/MySQL", "source", /the database MySQL, which belongs to the server/],
    ["postgresql://u:hunter2@h/template1", "target", /the database template1, which belongs to the server/],
    ["mysql://u:hunter2@h/a/b", "source", /more than one database/],
    ["mysql://u:hunter2@h1,h2/d", "source", /several hosts/],
    ["mysql://h/d", "source", /names no user/],
    ["mysql://u:hunter2@h:99999/d", "source", /impossible port/],
    ["mysql://u:hunter2@h:33o6/d", "source", /impossible port/],
    ["mysql://u:hunter%2@h/d", "source", /broken percent-encoding/],
    ["mysql://u:hunter2@h/d%00", "source", /broken percent-encoding/],
    ["mysql://u:hunter2@[::zz]/d", "source", /cannot be taken apart/],
    ["mysql://u:hunter2@[1::2::3]/d", "source", /no IPv6 address/],
    ["mysql://u:hunter2@h/d?ssl=1", "source", /URL with parameters.*tls/],
    ["postgresql://u:hunter2@h/d", "source", /a postgresql:\/\/ URL as the source/],
    ["mysql://u:hunter2@h/d", "target", /a mysql:\/\/ URL as the target/],
    ["mongodb://u:hunter2@h/d", "source", /not built yet/],
    ["mongodb+srv://u:hunter2@h/d", "source", /not built yet/],
    ["sqlserver://u:hunter2@h/d", "source", /not built yet/],
    ["jdbc:mysql://h/d", "source", /a jdbc: URL/],
    ["http://u:hunter2@h/d", "source", /begins with http:/],
    ["shop", "source", /is no URL|no URL/],
    ["", "source", /no URL/],
  ];
  it.each(bad)("refuses %s as the %s", (url, side, words) => {
    const result = parseUrl(url, side);
    expect(result).toHaveProperty("problem");
    if (!("problem" in result)) return;
    const sentence = `${result.problem.found}. Allowed: ${result.problem.allowed}`;
    expect(sentence).toMatch(words);
    expect(sentence).not.toMatch(/hun|ter2/);
  });

  it("gives back whatever was percent-encoded into it", () => {
    const word = fc.string({ unit: character, minLength: 1, maxLength: 20 }).filter((s) => !s.includes("\0"));
    fc.assert(
      fc.property(word, word, word, (user, password, database) => {
        const url = `mysql://${percentEncode(user)}:${percentEncode(password)}@h/${percentEncode(database)}`;
        const result = parseUrl(url, "source");
        expect(result).toEqual({ server: { host: "h", port: 3306, user, password, database } });
      }),
    );
  });
});

describe("redacted", () => {
  it.each([
    ["mysql://u:hunter2@h:3306/d", "mysql://u:***@h:3306/d"],
    ["mysql://u@h/d", "mysql://u@h/d"],
    ["mysql://u:hun@ter2@h/d", "mysql://u:***@h/d"],
    ["mysql://u:hun/ter2@h/d", "mysql://u:***@h/d"],
    ["mysql://u:hunter2@h/d?password=hunter2", "mysql://u:***@h/d"],
    ["mysql://u:hunter2", "mysql://***"],
    ["hunter2", "***"],
  ])("%s becomes %s", (url, clean) => {
    expect(redacted(url)).toBe(clean);
  });
});

describe("isLoopback", () => {
  it.each(["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1.2.3", "::1", "0:0:0:0:0:0:0:1"])(
    "%s never leaves the machine",
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );
  it.each([
    "db1",
    "10.0.0.1",
    "128.0.0.1",
    "::2",
    "::ffff:127.0.0.1",
    "127.0.0.1.evil.example",
    "localhost.evil",
  ])("%s does", (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
