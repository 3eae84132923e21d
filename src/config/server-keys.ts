/**
 * Keys of the two servers: one URL each, encryption that is on off this machine unless two lines say otherwise, and the
 * schema that tables go to.
 */
import { z } from "zod";
import { choice, complain, createdName, databaseUrl, flag, text } from "./leaf.js";
import { isLoopback, parseUrl } from "./url.js";
import type { UrlSide } from "./url.js";

const tlsSchema = z
  .strictObject({
    mode: choice("verify-full", "off")
      .optional()
      .describe(
        "verify-full checks certificate and host name. off needs insecure: true. Default: verify-full, and off on loopback.",
      ),
    ca: text("the path of a PEM file")
      .optional()
      .describe("PEM file of the authority, relative to this file."),
    insecure: flag().optional().describe("Must be true where mode is off and the host is not this machine."),
  })
  .describe("Encryption of this connection.");

const serverShape = {
  tls: tlsSchema.optional(),
};

export const sourceSchema = z
  .strictObject(
    {
      url: databaseUrl("source").describe(
        "One MySQL or MariaDB database: mysql://user:${PASSWORD}@host:3306/database.",
      ),
      ...serverShape,
      replica: databaseUrl("source")
        .optional()
        .describe(
          "The same database on a replica: check reads the values there, snapshot and verification later.",
        ),
      admin: databaseUrl("source").optional().describe("The fence's account, for cutover and rollback only."),
    },
    { error: "a map with url" },
  )
  .superRefine((server, context) => demandTls(server, "source", context))
  .describe("Where the data is.");

export const targetSchema = z
  .strictObject(
    {
      url: databaseUrl("target").describe(
        "One PostgreSQL database: postgresql://user:${PASSWORD}@host:5432/database.",
      ),
      ...serverShape,
      schema: createdName()
        .superRefine((name, context) => {
          if (/^pg_/iu.test(name) || ["headgate", "information_schema"].includes(name.toLowerCase()))
            complain(context, {
              found: `${JSON.stringify(name)}, which belongs to ${name.toLowerCase() === "headgate" ? "Headgate's own tables" : "PostgreSQL"}`,
              allowed: "another schema, such as public",
            });
        })
        .default("public")
        .describe("The schema that the tables go to."),
    },
    { error: "a map with url" },
  )
  .superRefine((server, context) => demandTls(server, "target", context))
  .describe("Where the data goes.");

/** Encryption may be off on the machine itself; anywhere else it takes two lines that nobody writes by accident. */
function demandTls(
  server: { readonly url: string; readonly tls?: z.output<typeof tlsSchema> | undefined },
  side: UrlSide,
  context: z.RefinementCtx,
): void {
  const parsed = parseUrl(server.url, side);
  if ("problem" in parsed || server.tls?.mode !== "off" || server.tls.insecure === true) return;
  if (isLoopback(parsed.server.host)) return;
  complain(
    context,
    {
      found: `off for ${parsed.server.host}, which is not this machine`,
      allowed: "verify-full, or off together with insecure: true",
    },
    ["tls", "mode"],
  );
}
