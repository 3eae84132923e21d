/**
 * One Fault class and one code table. A Fault is a sentence that a tired person can act on: a stable code, what
 * happened, the next command, and the exit code of the contract. Whatever is not a Fault is our own bug and is
 * printed as one. Every code has a page under docs/errors; a test holds the two together.
 */

/** Exit codes of the contract (design.md, "Verbs"). */
export const exits = {
  done: 0,
  fault: 1,
  difference: 2,
  checkFailed: 3,
  claimed: 4,
  aborted: 5,
  personNeeded: 6,
  emergencyStop: 7,
  usage: 64,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exits)[keyof typeof exits];

interface CodeFacts {
  readonly exit: ExitCode;
  /** Whether the same act may succeed later without a person: lost connection, deadlock, too many connections. */
  readonly retriable: boolean;
  /** What to do, where the thrower knows nothing better. */
  readonly next: string;
}

const usage = (next: string): CodeFacts => ({ exit: exits.usage, retriable: false, next });
const fault = (next: string): CodeFacts => ({ exit: exits.fault, retriable: false, next });
const passing = (next: string): CodeFacts => ({ exit: exits.fault, retriable: true, next });

/** The code table. Add a code here and its page in docs/errors. */
export const codes = {
  usage: usage("headgate --help"),
  "not-built-yet": usage("Take the key or verb out; README lists what works."),
  "config-missing": usage("headgate init --source URL --target URL"),
  "config-invalid": usage("Mend the named line of headgate.yaml."),
  "config-exists": usage("Remove or move the file, or pass -c with another name."),
  "file-refused": usage("Mend the path, its rights or the disk's space, then run the same command again."),
  "secrets-readable": usage("chmod 600 headgate.yaml"),
  "confirm-missing": usage("Type the target database's name, or pass --confirm NAME off a terminal."),
  "environment-mismatch": usage("Make TARGET_DB and MIGRATION_ID agree with headgate.yaml, or unset them."),
  "same-server": usage("source and target must be two databases on two servers."),
  "server-unreachable": passing("Check host, port and network, then run the same command again."),
  "login-refused": fault("Check user and password in the URL."),
  "connection-lost": passing("Run the same command again; it goes on where it stopped."),
  "tls-refused": fault(
    "Check tls.ca and the server's certificate, or set tls: { mode: off, insecure: true }.",
  ),
  "source-busy": passing("Run the same command again when the lock or the load has passed."),
  "source-refused": fault("Read the sentence of the source; mend it and run the same command again."),
  "target-refused": fault("Read the sentence of the target; mend it and run the same command again."),
  "target-busy": passing(
    "Run the same command again; a lock, a deadlock or too many connections stood in the way.",
  ),
  "target-full": fault(
    "Free space on the target's disk, then the same command again: it goes on where it stopped.",
  ),
  "server-changed": fault("Point the URL back at the server that this began on, or begin a new migration."),
  "grant-missing": fault("headgate check --grants"),
  "database-missing": fault("Create the database or mend the URL."),
  "check-failed": { exit: exits.checkFailed, retriable: false, next: "headgate check --propose" },
  "plan-stale": { exit: exits.checkFailed, retriable: false, next: "headgate plan" },
  "target-not-empty": {
    exit: exits.checkFailed,
    retriable: false,
    next: "Drop or rename the table, or map to another schema.",
  },
  "type-pair": usage("headgate plan --explain TABLE.COLUMN"),
  "value-refused": fault("headgate check --propose"),
  "foreign-key-violated": fault(
    "Mend the named rows on both sides, or delete them there, and run the same command again: it goes on with this key.",
  ),
  claimed: { exit: exits.claimed, retriable: false, next: "Wait for the other engine, or stop it." },
  "epoch-lost": {
    exit: exits.claimed,
    retriable: false,
    next: "Another engine took over; this one wrote nothing since.",
  },
  "no-engine": fault("headgate run"),
  "prepared-transactions": fault("XA RECOVER on the source; commit or roll them back, then run again."),
  "range-incomplete": passing("Run the same command again; the range was rolled back whole."),
  "ledger-mismatch": { exit: exits.personNeeded, retriable: false, next: "headgate status" },
  "log-purged": fault(
    "Raise the source's retention of its log, then begin a new migration: what is thrown away cannot be applied.",
  ),
  "position-unknown": fault(
    "Point source.url back at the server that the migration began on, or at one that has all its transactions.",
  ),
  "feed-stolen": {
    exit: exits.claimed,
    retriable: false,
    next: "Find the other reader with the same server id and stop it.",
  },
  "log-refused": { exit: exits.personNeeded, retriable: false, next: "headgate recopy TABLE" },
  "connector-failed": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Mend what the sentence names, then run the same command again: it goes on where it stopped.",
  },
  "topic-gap": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Set feed.kind: binlog, headgate run until the target is level, then feed.kind: kafka and headgate run. Where the source has thrown that log away: headgate recopy TABLE for the tables of the topic.",
  },
  "events-dropped": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Mend what the sentence names, then headgate recopy TABLE, then headgate run.",
  },
  "xa-event": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Keep XA transactions off these tables or take feed: { kind: binlog }; then headgate recopy TABLE, then headgate run.",
  },
  "topic-refused": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Mend the topic or the connector's setting, or let Headgate generate the connector.",
  },
  "event-unreadable": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Mend what the sentence names, then run the same command again; or headgate recopy TABLE.",
  },
  "schema-changed": {
    exit: exits.personNeeded,
    retriable: false,
    next: "headgate plan --amend, or headgate recopy TABLE",
  },
  "checkpoint-moved": { exit: exits.claimed, retriable: false, next: "headgate status" },
  "lane-closed": { exit: exits.personNeeded, retriable: false, next: "headgate status" },
  divergence: { exit: exits.personNeeded, retriable: false, next: "headgate recopy TABLE" },
  "constraint-refused": { exit: exits.personNeeded, retriable: false, next: "headgate status" },
  quarantined: {
    exit: exits.personNeeded,
    retriable: false,
    next: "headgate skip --event ID --reason REASON",
  },
  "hook-vetoed": {
    exit: exits.aborted,
    retriable: false,
    next: "Mend what the hook said no to, then headgate cutover",
  },
  "hook-failed": {
    exit: exits.personNeeded,
    retriable: false,
    next: "Do by hand what the hook did not, then headgate status",
  },
  "cutover-aborted": { exit: exits.aborted, retriable: false, next: "headgate status" },
  "trigger-fired": { exit: exits.aborted, retriable: false, next: "headgate status" },
  "cutover-refused": usage("headgate status"),
  abandoned: usage("Give `migration:` another id in headgate.yaml, then headgate run"),
  "not-ready": { exit: exits.difference, retriable: false, next: "headgate status" },
  "fence-refused": { exit: exits.aborted, retriable: false, next: "headgate cutover --dry-run" },
  "switch-unfinished": { exit: exits.personNeeded, retriable: false, next: "headgate cutover" },
  "way-back-stopped": { exit: exits.personNeeded, retriable: false, next: "headgate status" },
  "journal-unreadable": { exit: exits.personNeeded, retriable: false, next: "headgate status" },
  interrupted: { exit: exits.interrupted, retriable: true, next: "headgate run --until copied" },
  terminated: { exit: exits.terminated, retriable: true, next: "headgate run --until copied" },
  bug: fault("Please report it with the log; nothing was skipped."),
} as const satisfies Record<string, CodeFacts>;

export type FaultCode = keyof typeof codes;

export interface FaultDetails {
  /** Overrides the code's own next step. */
  readonly next?: string;
  /** Facts for logs and JSON. Never a secret, never a row's value. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: unknown;
}

/** The command for DDL that adds. */
export const amending = "headgate plan --amend";

/** The command that leaves a change out. */
export function skipping(event: string): string {
  return `headgate skip --event '${event}' --reason REASON`;
}

/** The command that copies a table again, as a shell takes it: names may hold anything. */
export function recopying(table: string): string {
  return `headgate recopy ${/^[\w.-]+$/u.test(table) ? table : `'${table.replaceAll("'", "'\\''")}'`}`;
}

/** What Headgate throws when it stops on purpose. `message` is the sentence. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly next: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: FaultCode, sentence: string, details: FaultDetails = {}) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Fault";
    this.code = code;
    this.next = details.next ?? codes[code].next;
    this.facts = details.facts ?? {};
  }

  get exit(): ExitCode {
    return codes[this.code].exit;
  }

  get retriable(): boolean {
    return codes[this.code].retriable;
  }
}
