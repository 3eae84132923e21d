import { expect, it } from "vitest";
import { ownAccountFindings } from "./own-accounts.js";

const logins = { "source.url": "headgate", "source.admin": "root", "source.replica": null };
const objects = (...accounts: string[]): readonly string[] =>
  ownAccountFindings(accounts, logins).map(({ severity, object, sentence }) => {
    const keys = /\((.*)\)/u.exec(sentence)?.[1] ?? "";
    return `${severity} ${object} ${keys}`;
  });

it("is an error where the fence would lock whoever Headgate logs in as, with a host or without", () => {
  expect(objects("app", "root", "headgate@10.0.0.%")).toEqual([
    "error account.root source.admin",
    "error account.headgate@10.0.0.% source.url",
  ]);
});

it("is none of accounts that only begin so, nor where nobody logs in", () => {
  expect(objects("app", "rooted", "roo", "null")).toEqual([]);
  expect(ownAccountFindings(["root"], { "source.url": "headgate", "source.admin": null })).toEqual([]);
});
