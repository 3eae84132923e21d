/**
 * The command line: commander's tree of verbs, and the one place where an error becomes an exit code. Verbs
 * return a result or throw a Fault; nobody else prints a last line. A verb's file is loaded when it is called, so
 * that help answers at once.
 */
import { Command, CommanderError } from "commander";
import { Fault, exits } from "../errors.js";
import { later } from "./later.js";
import type { VerbResult } from "./output.js";
import { Output, asFault, defaultConfig } from "./output.js";
import type { Services } from "./services.js";
import type { SteerFlags } from "./engine.js";
import type { VerbContext } from "./verb.js";
import { headgateVersion } from "./version.js";

type Act<O> = (context: VerbContext, options: O) => Promise<VerbResult>;

/** Runs one verb and resolves to the process's exit code; never rejects. */
export async function runProgram(argv: readonly string[], services: Services): Promise<number> {
  let exit: number = exits.done;
  const program = new Command("headgate")
    .description("Moves a live MySQL or MariaDB database to PostgreSQL, and proves that it did.")
    .version(headgateVersion)
    .option("-c, --config <file>", "the migration file", defaultConfig)
    .addHelpText(
      "after",
      `The night: runbook, baseline, cutover, rollback, complete, abandon. An engine runs: pause, resume, set KEY=VALUE; none: recopy TABLE\nNot built yet: ${later.map(([name]) => name).join(" ")}\nExample:\n  headgate init --help`,
    )
    // --help of each verb says the same, and a screen has 24 lines.
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: services.streams.stdout,
      writeErr: services.streams.stderr,
      // Told below, as every other fault is.
      outputError: () => undefined,
    });

  const verb = <O>(command: Command, name: string, load: () => Promise<Act<O>>, example: string): void => {
    command
      .option("--json", "one JSON object on stdout, the log on stderr", false)
      .addHelpText("after", `\nExample:\n  ${example}`)
      .action(async () => {
        const options = command.opts<O & { json: boolean }>();
        const { config } = program.opts<{ config: string }>();
        const output = new Output(name, options.json, services.streams, config);
        const flags = { config, json: options.json };
        try {
          const act = await load();
          const result = await act({ flags, output, services }, options);
          output.result(result);
          exit = result.exit;
        } catch (error) {
          const fault = asFault(error);
          output.fault(fault);
          exit = fault.exit;
        }
      });
  };

  verb(
    program
      .command("init")
      .description("Looks at the source and writes a commented headgate.yaml.")
      .requiredOption("--source <url>", "mysql://user@host:port/database; ${NAME} is kept as it stands")
      .requiredOption("--target <url>", "postgresql://user@host:port/database")
      .option("--environment <name>", "production, staging or development", "production")
      .option("--migration <id>", "id of the migration, e.g. 20261122_shop")
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "print the file, write nothing", false),
    "init",
    async () => (await import("./init.js")).initVerb,
    "headgate init --source 'mysql://app:${DB_PASSWORD}@127.0.0.1:3306/shop' --target postgresql://app@127.0.0.1/shop",
  );
  verb(
    program
      .command("check")
      .description("Checks servers, plan and every value; changes nothing.")
      .option("--propose", "print the config lines that would settle each finding", false)
      .option("--grants", "print the exact GRANTs of each phase", false)
      .option("--sample <part>", "look at a part of large tables: 5%, or a number of rows; proves nothing")
      .option("--show-values", "show values of the sample rows, not only their keys", false)
      .option("--no-values", "leave the values unread"),
    "check",
    async () => (await import("./check.js")).checkVerb,
    "headgate check --propose",
  );
  verb(
    program.command("context").description("What both servers say, each fact with time and query."),
    "context",
    async () => (await import("./context.js")).contextVerb,
    "headgate context --json",
  );
  verb(
    program
      .command("plan")
      .description("Shows types, rules, DDL and sizes, and writes plan.json.")
      .option("--sql", "print the DDL", false)
      .option("--explain <table.column>", "each rule tried for a column, the one that won, and why")
      .option("--amend", "go on with the source's tables as DDL has made them, where that only adds", false)
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "write nothing", false),
    "plan",
    async () => (await import("./plan.js")).planVerb,
    "headgate plan --explain users.flags",
  );
  verb(
    program
      .command("run")
      .description("Checks, copies, keeps the target in step; resumes.")
      .option("--until <state>", "ready: ends when level; copied: the offline copy, everything built, ends")
      .option("--timeout <time>", "of --until ready, e.g. 10m")
      .option("--listen <host:port>", "status, control and metrics over loopback HTTP, with a token")
      .option(
        "--hold <table[:from-to]>",
        "leave a table or some of its ranges alone this time; may be given more than once",
        (text: string, earlier: readonly string[]) => [...earlier, text],
        [],
      )
      .option("--take-over", "end a silent engine's claim", false)
      .option("--confirm <name>", "the target database's name, off a terminal in production")
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "check and plan, write nothing", false),
    "run",
    async () => (await import("./run.js")).runVerb,
    "headgate run --until copied --confirm shop",
  );
  verb(
    program.command("status").description("One screen: state, tables, ranges, what to do next."),
    "status",
    async () => (await import("./status.js")).statusVerb,
    "headgate status",
  );
  verb(
    program
      .command("verify")
      .description("Compares every row of both sides, later what changed.")
      .option("--full", "everything again, whatever was compared before", false)
      .option(
        "--table <name>",
        "only this table, by its name on the source; may be given more than once",
        (text: string, earlier: readonly string[]) => [...earlier, text],
        [],
      )
      .option("--method <name>", "stream: bytes, here; digest: SHA-256 inside the servers")
      .option("--counts", "count the rows on both sides at one position, and nothing else", false)
      .option("--sample <percent>", "only rows picked by a hash of their key, e.g. 1%")
      .option("--seed <number>", "with --sample: which rows; the same seed picks the same"),
    "verify",
    async () => (await import("./verify.js")).verifyVerb,
    "headgate verify --full",
  );
  verb(
    program
      .command("repair")
      .description("Brings the rows that differ to what the source has.")
      .option(
        "--table <name>",
        "only this table, by its name on the source; may be given more than once",
        (text: string, earlier: readonly string[]) => [...earlier, text],
        [],
      )
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "show the statements, write nothing", false)
      .option("--show-values", "with --dry-run: values of all columns, not only keys", false),
    "repair",
    async () => (await import("./repair.js")).repairVerb,
    "headgate repair --dry-run",
  );
  verb(
    program
      .command("cutover", { hidden: true })
      .description("Fence, drain, verify, switch; back by itself before that.")
      .option("--until <state>", "soaking: with no engine running, end there")
      .option("--end-transactions", "end open transactions at the fence instead of waiting", false)
      .option("--confirm <name>", "the target database's name, off a terminal in production")
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "print the steps and what is in their way, do nothing", false)
      .option("--rehearse", "everything but fence and switch, timed", false),
    "cutover",
    async () => (await import("./cutover.js")).cutoverVerb,
    "headgate cutover --dry-run",
  );
  verb(
    program
      .command("rollback", { hidden: true })
      .description("Back to the source, from any state.")
      .option("--yes", "answer yes to questions", false),
    "rollback",
    async () => (await import("./rollback.js")).rollbackVerb,
    "headgate rollback",
  );
  verb(
    program
      .command("complete", { hidden: true })
      .description("Ends the soak and closes the way back.")
      .option("--confirm <name>", "the target database's name, off a terminal in production")
      .option("--yes", "answer yes to questions", false),
    "complete",
    async () => (await import("./complete.js")).completeVerb,
    "headgate complete --confirm shop",
  );
  verb(
    program
      .command("abandon", { hidden: true })
      .description("Gives up before the switch; drops what was made on both sides.")
      .option("--keep-target", "leave the target's tables and their rows where they are", false)
      .option("--confirm <name>", "the target database's name, off a terminal in production")
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "list what would be dropped and what stays, do nothing", false),
    "abandon",
    async () => (await import("./abandon.js")).abandonVerb,
    "headgate abandon --dry-run",
  );
  verb(
    program
      .command("report")
      .description("What was done and proven, with a digest of its own.")
      .option("--html <file>", "one self-contained file")
      .option("--check <file>", "whether a report, JSON or HTML, is as it was written"),
    "report",
    async () => (await import("./report.js")).reportVerb,
    "headgate report --json",
  );
  verb(
    program
      .command("runbook", { hidden: true })
      .description("This migration's night, as Markdown; needs no server."),
    "runbook",
    async () => (await import("./runbook.js")).runbookVerb,
    "headgate runbook > night.md",
  );
  verb(
    program.command("demo").description("Moves a generated shop between real servers of its own."),
    "demo",
    async () => (await import("./demo.js")).demoVerb,
    "headgate demo",
  );
  const steers = (name: string, does: string): Command =>
    program
      .command(name, { hidden: true })
      .description(does)
      .option("--yes", "answer yes to questions", false)
      .option("--dry-run", "say what would be done, change nothing", false);
  verb(
    steers("pause", "The running engine writes nothing until it is resumed."),
    "pause",
    async () => (await import("./pause.js")).pauseVerb,
    "headgate pause",
  );
  verb(
    steers("resume", "A paused engine goes on."),
    "resume",
    async () => (await import("./resume.js")).resumeVerb,
    "headgate resume",
  );
  const set = steers(
    "set",
    "Changes a running engine until it ends: workers, batches, sleeps, limits.",
  ).argument("<key=value>", "a key of headgate.yaml, such as apply.batchRows");
  verb(
    set,
    "set",
    async () => {
      const { setVerb } = await import("./set.js");
      return (context, flags: SteerFlags) => setVerb(context, { ...flags, text: set.args[0] ?? "" });
    },
    "headgate set throttle.maxRowsPerSecond=5000",
  );
  verb(
    steers("skip", "Lets the stream pass a change that it stands before; the ledger keeps why.")
      .requiredOption("--event <id>", "as headgate status names it")
      .requiredOption("--reason <text>", "why it is left out"),
    "skip",
    async () => (await import("./skip.js")).skipVerb,
    "headgate skip --event 'uuid:7#1' --reason 'row mended by hand, CHG-1182'",
  );
  const baseline = steers("baseline", "What is usual on the source now, for the triggers.").argument(
    "<act>",
    "capture",
  );
  verb(
    baseline,
    "baseline",
    async () => {
      const { baselineVerb } = await import("./baseline.js");
      return (context, flags: SteerFlags) => baselineVerb(context, { ...flags, act: baseline.args[0] ?? "" });
    },
    "headgate baseline capture",
  );
  const again = steers("recopy", "Copies one table again, at one position; no engine may run.").argument(
    "<table>",
    "its name on the source",
  );
  verb(
    again,
    "recopy",
    async () => {
      const { recopyVerb } = await import("./recopy.js");
      return (context, flags: SteerFlags) => recopyVerb(context, { ...flags, table: again.args[0] ?? "" });
    },
    "headgate recopy orders",
  );
  for (const [name, does] of later) {
    const command = program
      .command(name, { hidden: true })
      .description(`Not built yet: ${does}.`)
      .allowUnknownOption()
      .allowExcessArguments();
    verb(command, name, () => Promise.reject(notBuilt(name)), `headgate ${name}`);
  }

  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end here too, with exit code 0; everything else was the command line's fault.
    exit = error.exitCode === 0 ? exits.done : exits.usage;
    // Bare `headgate` has shown its help already.
    if (exit !== 0 && error.code !== "commander.help") {
      const name = program.commands.find((command) => argv.includes(command.name()))?.name();
      const sentence = error.message.replace(/^error: /u, "").replaceAll("\n", " ");
      new Output(name ?? "headgate", argv.includes("--json"), services.streams).fault(
        new Fault("usage", sentence, {
          next: name === undefined ? "headgate --help" : `headgate ${name} --help`,
        }),
      );
    }
  }
  return exit;
}

function notBuilt(name: string): Fault {
  return new Fault("not-built-yet", `The verb ${name} is not built yet.`, {
    next: "headgate --help",
  });
}
