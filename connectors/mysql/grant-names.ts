/**
 * Names as GRANT wants them: a database's with its wildcards taken for letters, an account's in two quoted halves. And
 * what to say to an account that the server does not even let into the database: `check --grants` could not ask either.
 */
import { Fault } from "../../src/errors.js";
import { mysqlName } from "../../src/safety/identifier.js";

/** A database's name in a GRANT, where `_` and `%` would be wildcards. */
export function databaseName(name: string): string {
  return mysqlName(name.replaceAll(/[%_\\]/gu, "\\$&"));
}

/** 'user'@'host' of `user@host`; a user's name may hold an @, a host cannot. */
export function accountName(account: string): string {
  const at = account.lastIndexOf("@");
  const quote = (part: string): string => `'${part.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
  return at < 0 ? quote(account) : `${quote(account.slice(0, at))}@${quote(account.slice(at + 1))}`;
}

/** A refusal to enter the database, with the GRANT that opens it: only then can `check --grants` print the rest. */
export function withEntry(fault: Fault, database: string): Fault {
  if (fault.code !== "grant-missing") return fault;
  const account = /for user ('.*'@'.*') to database/su.exec(fault.message)?.[1];
  if (account === undefined) return fault;
  return new Fault(fault.code, fault.message, {
    next: `GRANT SELECT, SHOW VIEW ON ${databaseName(database)}.* TO ${account}; then headgate check --grants prints the rest.`,
    facts: fault.facts,
    cause: fault.cause,
  });
}
