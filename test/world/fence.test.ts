/**
 * The source's part of the night on real servers: whoever is fenced cannot write, our own account can, and what was there
 * before is there again afterwards, read from the servers' own words; from whatever statement the engine died at. Servers of
 * its own, because they are started again while they are fenced.
 */
import { createConnection } from "mysql2/promise";
import type { Connection as Driver } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Note, Probe, ReverseLedger, SourceNight } from "../../src/cutover-port.js";
import { openSourceNight } from "../../connectors/mysql/night/night.js";
import { sourceProbe } from "../../connectors/mysql/night/probe.js";
import type { FenceWay, SourceNightOptions } from "../../connectors/mysql/night/way.js";
import { Fault } from "../../src/errors.js";
import type { Plan } from "../../src/model.js";
import { column } from "../../src/typemap/example-column.js";
import { ownServers } from "../faults/own-servers.js";
import { asNight, makeNightAccount } from "./accounts.js";
import { nightName } from "./night-name.js";
import { openDriver, optionsOf } from "./source-database.js";
import { restart } from "./stack/servers.js";
import { syntheticPlan } from "./synthetic.js";

const name = "hg_fence";
const servers = ["mysql9", "mysql56", "mariadb"] as const;
type Server = (typeof servers)[number];

let own: Awaited<ReturnType<typeof ownServers<Server>>>;
beforeAll(async () => (own = await ownServers([...servers])));
afterAll(async () => own[Symbol.asyncDispose]());

/** Nothing here goes back. */
const refuse = (): never => {
  throw new Error("no way back in this test");
};
const now = (): number => performance.now();

const wayBack: ReverseLedger = {
  ...{
    prepare: refuse,
    claim: refuse,
    lane: refuse,
    checkpoint: refuse,
    passed: refuse,
    beginAnew: refuse,
    touched: refuse,
    quarantine: refuse,
    quarantined: refuse,
    leaveOut: refuse,
    drop: refuse,
  },
};

/** Two tables whose counters count. */
function planned(): Plan {
  const plan = syntheticPlan([
    { name: "orders", rows: 1 },
    { name: "a`b", rows: 1 },
  ]);
  const tables = plan.tables.map((table) => ({
    ...table,
    columns: [
      {
        ...table.columns[0]!,
        source: "id",
        sourceType: "int(11)",
        column: column("id", "int(11)", { autoIncrement: true }),
      },
      { ...table.columns[1]!, source: "note", column: column("note", "varchar(40)") },
    ],
  }));
  return { ...plan, database: name, tables };
}

const plan = planned();

class Place implements AsyncDisposable {
  readonly server: Server;
  #root: Driver;

  private constructor(server: Server, root: Driver) {
    this.server = server;
    this.#root = root;
  }

  static async make(server: Server): Promise<Place> {
    const root = await openDriver(own.servers[server].url);
    root.on("error", () => undefined);
    const place = new Place(server, root);
    await place.sql(`DROP DATABASE IF EXISTS ${name}`);
    await place.sql("DROP DATABASE IF EXISTS headgate");
    await place.sql(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    await place.sql(`USE ${name}`);
    for (const table of ["orders", "`a``b`"])
      await place.sql(
        `CREATE TABLE ${table} (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(40)) ENGINE = InnoDB`,
      );
    for (const user of ["app'@'%", "app'@'127.0.0.1", "reader'@'%"]) {
      const [found] = await place.sql(
        `SELECT 1 FROM mysql.user WHERE CONCAT(User, '''@''', Host) = '${user.replaceAll("'", "''")}'`,
      );
      if (found !== undefined) await place.sql(`DROP USER '${user}'`);
      await place.sql(`CREATE USER '${user}' IDENTIFIED BY 'p-W1'`);
    }
    await place.sql(`GRANT ALL PRIVILEGES ON ${name}.* TO 'app'@'%' WITH GRANT OPTION`);
    await place.sql(`GRANT SELECT, UPDATE ON ${name}.* TO 'app'@'127.0.0.1'`);
    await place.sql(`GRANT INSERT (note), SELECT (id) ON ${name}.orders TO 'app'@'127.0.0.1'`);
    await place.sql(`GRANT SELECT ON ${name}.* TO 'reader'@'%'`);
    const night = `'${nightName(name)}'@'%'`;
    await makeNightAccount(
      root,
      name,
      // As the findings ask for them.
      server === "mysql9"
        ? [`GRANT SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER, SYSTEM_USER ON *.* TO ${night}`]
        : server === "mysql56"
          ? [`GRANT ALL PRIVILEGES ON ${name}.* TO ${night} WITH GRANT OPTION`]
          : [],
    );
    return place;
  }

  async sql(text: string): Promise<string[][]> {
    const [rows] = await this.#root.query(text);
    return Array.isArray(rows) ? (rows as string[][]) : [];
  }

  /** Starts the server again. */
  async again(): Promise<void> {
    await this.#root.end();
    own.servers[this.server] = await restart(this.server);
    this.#root = await openDriver(own.servers[this.server].url);
    await this.sql(`USE ${name}`);
  }

  /** A session of an application. */
  async as(user: string): Promise<Driver> {
    const { host, port } = optionsOf(own.servers[this.server].url, name);
    const driver = await createConnection({ host, port, user, password: "p-W1", database: name });
    driver.on("error", () => undefined);
    return driver;
  }

  async night(way: FenceWay, more: Partial<SourceNightOptions> = {}): Promise<SourceNight> {
    return openSourceNight({
      server: optionsOf(asNight(own.servers[this.server].url, name), name),
      ...{
        migration: "20261122_fence",
        ours: [],
        trusted: ["root"],
        way,
        probe: null,
        wayBack,
        now,
        ...more,
      },
    });
  }

  probe(user: string): Probe {
    const { host, port } = optionsOf(own.servers[this.server].url, name);
    return sourceProbe({ host, port, user, password: "p-W1", database: name, tls: { mode: "off" } }, plan);
  }

  /** All that a fence may touch, in the server's words. */
  async before(): Promise<unknown> {
    const accounts = ["'app'@'%'", "'app'@'127.0.0.1'", "'reader'@'%'"];
    const told: unknown[] = [];
    for (const account of accounts) {
      told.push((await this.sql(`SHOW GRANTS FOR ${account}`)).flat().sort());
      if (this.server !== "mysql56") told.push(await this.sql(`SHOW CREATE USER ${account}`));
    }
    told.push(
      await this.sql(
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'event_scheduler', 'log_bin_trust_function_creators')",
      ),
    );
    if (this.server === "mysql9")
      told.push(await this.sql("SELECT * FROM performance_schema.persisted_variables"));
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root.end();
  }
}

const options = (more: Partial<Parameters<SourceNight["fence"]["raise"]>[1]> = {}) => ({
  endTransactions: false,
  onWaiting: () => undefined,
  signal: new AbortController().signal,
  ...more,
});
const signal = new AbortController().signal;
const accounts: FenceWay = { method: "accounts", accounts: ["app"] };
const readOnly: FenceWay = { method: "read-only", accounts: ["app"] };

/** Through JSON, as the journal gives it back. */
const journalled = (note: Note): Note => JSON.parse(JSON.stringify(note)) as Note;

describe.each(servers)("on %s", (server) => {
  let place: Place;
  beforeAll(async () => (place = await Place.make(server)));
  afterAll(async () => place[Symbol.asyncDispose]());

  it("accounts that are fenced write no more, over any session; ours does; and all is as it was", async () => {
    await place.sql("SET GLOBAL event_scheduler = ON");
    await using night = await place.night(accounts);
    expect((await night.fence.findings()).filter(({ severity }) => severity === "error")).toEqual([]);
    const before = await place.before();
    const app = await place.as("app");
    await using probe = place.probe("app");
    expect(await probe.attempt(signal)).toBe("written");
    expect((await night.fence.state(null)).raised).toBe("no");

    // One transaction that ends by itself, one session that begins another for ever.
    await app.query("START TRANSACTION");
    await app.query("INSERT INTO orders (note) VALUES ('before')");
    const note = journalled(await night.fence.note());
    expect(JSON.stringify(note)).not.toMatch(/\*[0-9A-F]{40}|\$A\$|authentication/u);
    const waited: string[] = [];
    await night.fence.raise(
      note,
      options({
        onWaiting: (open) => {
          waited.push(open.map(({ account }) => account).join());
          if (open.length === 1)
            void app
              .query("COMMIT")
              .then(() => app.query("INSERT INTO orders (note) VALUES ('late')"))
              .catch((error: unknown) => waited.push(String(error)));
        },
      }),
    );
    expect(waited[0]).toBe("app@127.0.0.1");
    expect(await place.sql("SELECT note FROM orders WHERE note = 'before'")).toHaveLength(1);
    const life = (await night.fence.state(note)).serverLife;
    expect(await night.fence.state(note)).toEqual({ raised: "yes", gaps: [], serverLife: life });
    expect(await probe.attempt(signal)).toBe("refused");
    await expect(app.query("INSERT INTO orders (note) VALUES ('through')")).rejects.toThrow();
    await using marked = await place.night(accounts);
    expect(Number(await marked.mark("all", "through the fence"))).toBeGreaterThan(0);
    // Another engine may look, and not act.
    expect((await marked.fence.state(note)).raised).toBe("yes");
    await expect(marked.fence.lower(note)).rejects.toMatchObject({ code: "claimed" });

    // Somebody opens an account again.
    await place.sql(
      server === "mysql56" ? `GRANT INSERT ON ${name}.* TO 'app'@'%'` : "ALTER USER 'app'@'%' ACCOUNT UNLOCK",
    );
    expect(await night.fence.state(note)).toMatchObject({
      raised: "partly",
      gaps: [expect.stringContaining("app@%")] as unknown,
    });
    await night.fence.raise(note, options());
    expect((await night.fence.state(note)).raised).toBe("yes");

    await night.fence.lower(note);
    await night.fence.lower(note);
    expect(await place.before()).toEqual(before);
    expect(await probe.attempt(signal)).toBe("written");
    await place.sql("SET GLOBAL event_scheduler = OFF");
  });

  it("from any statement an engine dies at, the same note raises it and lowers it", async () => {
    const before = await place.before();
    for (const way of [accounts, readOnly]) {
      let left = 0;
      const moment = (): void => {
        if (left-- === 0) throw new Fault("connection-lost", "killed");
      };
      let note: Note | null = null;
      for (let at = 0, died = true; died; at++) {
        died = false;
        for (const act of ["raise", "lower"] as const) {
          await using first = await place.night(way, { moment });
          note ??= journalled(await first.fence.note());
          left = at;
          const acted = act === "raise" ? first.fence.raise(note, options()) : first.fence.lower(note);
          await acted.catch((error: unknown) => {
            if (!(error instanceof Fault) || error.message !== "killed") throw error;
            died = true;
          });
          left = Infinity;
          await first[Symbol.asyncDispose]();
          await using second = await place.night(way);
          if (act === "raise") await second.fence.raise(note, options());
          else await second.fence.lower(note);
          if (act === "raise") expect((await second.fence.state(note)).raised).toBe("yes");
          else expect(await place.before()).toEqual(before);
        }
      }
    }
  });

  it("XA that is prepared refuses, a transaction is ended by option, triggers come back byte for byte", async () => {
    await using night = await place.night(accounts);
    const app = await place.as("app");
    const before = await place.before();
    await app.query("XA START 'x'");
    await app.query("INSERT INTO orders (note) VALUES ('xa')");
    await app.query("XA END 'x'");
    await app.query("XA PREPARE 'x'");
    const note = await night.fence.note();
    await expect(night.fence.raise(note, options())).rejects.toMatchObject({ code: "prepared-transactions" });
    expect(await place.before()).toEqual(before);
    await app.query("XA COMMIT 'x'");
    await app.query("START TRANSACTION");
    await app.query("UPDATE orders SET note = 'open'");
    await night.fence.raise(note, options({ endTransactions: true }));
    await expect(app.query("COMMIT")).rejects.toThrow();
    expect(await place.sql("SELECT id FROM orders WHERE note = 'open'")).toEqual([]);

    await place.sql("SET SESSION sql_mode = 'ANSI_QUOTES'");
    await place.sql(
      "CREATE TRIGGER `t``1 ?` BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW.note = 'é\\'?';  END",
    );
    await place.sql("SET SESSION sql_mode = ''");
    if (server !== "mysql56") {
      await place.sql(
        "CREATE DEFINER = 'app'@'%' TRIGGER t2 BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '2')",
      );
      await place.sql(
        "CREATE TRIGGER t0 BEFORE INSERT ON orders FOR EACH ROW PRECEDES `t``1 ?` SET NEW.note = 'zero'",
      );
    }
    await place.sql("CREATE TRIGGER u AFTER UPDATE ON `a``b` FOR EACH ROW SET @u = 1");
    expect((await night.findings(plan)).filter(({ severity }) => severity === "error")).toEqual([]);
    const triggers = journalled(await night.triggers(plan));
    const shown = async (): Promise<unknown> => {
      const names = server === "mysql56" ? ["`t``1 ?`", "u"] : ["t0", "`t``1 ?`", "t2", "u"];
      const all: unknown[] = [];
      // All but when it was made.
      for (const each of names)
        all.push((await place.sql(`SHOW CREATE TRIGGER ${each}`)).map((row) => row.slice(0, 6)));
      const order =
        "SELECT TRIGGER_NAME, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1";
      return [all, await place.sql(order), await place.sql("SHOW GLOBAL VARIABLES LIKE 'log_bin_trust%'")];
    };
    const made = await shown();
    const count = async () =>
      (
        await place.sql(
          "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
        )
      ).length;
    // An engine that dies at each statement of either.
    for (let at = 0, died = true; died; at++) {
      died = false;
      for (const act of ["dropTriggers", "createTriggers"] as const) {
        let left = at;
        const moment = (): void => {
          if (left-- === 0) throw new Fault("connection-lost", "killed");
        };
        await night[Symbol.asyncDispose]();
        {
          await using first = await place.night(accounts, { moment });
          await first[act](triggers).catch((error: unknown) => {
            if (!(error instanceof Fault) || error.message !== "killed") throw error;
            died = true;
          });
        }
        await using second = await place.night(accounts);
        await second[act](triggers);
        if (act === "dropTriggers") expect(await count()).toBe(0);
        else expect(await shown()).toEqual(made);
      }
    }
    await place.sql("DROP TRIGGER u");
    await place.sql("DROP TRIGGER `t``1 ?`");

    await place.sql("INSERT INTO orders (id, note) VALUES (5000, 'from the target')");
    await place.sql("ALTER TABLE `a``b` AUTO_INCREMENT = 900");
    await place.sql("INSERT INTO `a``b` (id, note) VALUES (7, 'below')");
    await night.pastKeys(plan, [], []);
    // A key that the target gave to a row that is gone is nobody else's.
    const given = [{ table: "orders", column: "id", upTo: "5009" }];
    await night.pastKeys(plan, given, []);
    await night.pastKeys(plan, given, []);
    await night.fence.lower(note);
    await place.sql("INSERT INTO orders (note) VALUES ('next')");
    await place.sql("INSERT INTO `a``b` (note) VALUES ('next')");
    expect(await place.sql("SELECT MAX(id) FROM orders UNION ALL SELECT MAX(id) FROM `a``b`")).toEqual([
      ["5010"],
      ["900"],
    ]);
    expect(await place.before()).toEqual(before);
  });

  it("a hook's fence is what an application's account can prove of it", async () => {
    const before = await place.before();
    await using probe = place.probe("app");
    const raise = async (): Promise<void> => {
      await place.sql("SET GLOBAL read_only = ON");
    };
    const lower = async (): Promise<void> => {
      await place.sql("SET GLOBAL read_only = OFF");
    };
    await using night = await place.night({ method: "hook", accounts: ["app"], raise, lower }, { probe });
    const note = journalled(await night.fence.note());
    expect((await night.fence.state(null)).raised).toBe("no");
    await night.fence.raise(note, options());
    expect((await night.fence.state(note)).raised).toBe("yes");
    await lower();
    expect((await night.fence.state(note)).raised).toBe("no");
    await using deaf = await place.night(
      { method: "hook", accounts: ["app"], raise: lower, lower },
      { probe, migration: "20261122_deaf" },
    );
    await expect(deaf.fence.raise(note, options())).rejects.toMatchObject({ code: "fence-refused" });
    await night.fence.lower(note);
    expect(await place.before()).toEqual(before);
  });

  it("one of two decides, and both are told the same", async () => {
    await using one = await place.night(accounts);
    await using other = await place.night(accounts);
    expect(await one.decision.read("c-1")).toBeNull();
    await Promise.all([one.decision.begin("c-1"), other.decision.begin("c-1")]);
    expect(await one.decision.read("c-1")).toBe("open");
    const told = await Promise.all([
      one.decision.decide("c-1", "switch"),
      other.decision.decide("c-1", "abort"),
    ]);
    expect(told[0]).toBe(told[1]);
    await one.decision.begin("c-1");
    expect(await one.decision.decide("c-1", "abort")).toBe(told[0]);
    expect(await other.decision.read("c-1")).toBe(told[0]);
  });

  it("what would write through it is found before", async () => {
    await place.sql("DROP USER 'reader'@'%'");
    await place.sql("CREATE USER 'reader'@'%' IDENTIFIED BY 'p-W1'");
    await place.sql(`GRANT INSERT ON ${name}.orders TO 'reader'@'%'`);
    await using night = await place.night({
      method: "accounts",
      accounts: ["app", "nobody", nightName(name)],
    });
    const found = await night.fence.findings();
    const codes = found.map(({ code, severity, object }) => `${severity} ${code} ${object}`);
    expect(codes).toEqual(
      expect.arrayContaining([
        "error fence-account-missing account.nobody",
        `error fence-own-account account.${nightName(name)}@%`,
        "error fence-passes account.reader@%",
        "warning fence-trusted account.root@localhost",
      ]),
    );
    await place.sql(`REVOKE EVENT ON *.* FROM '${nightName(name)}'@'%'`);
    await using less = await place.night(accounts);
    expect(
      (await less.fence.findings()).filter(({ code }) => code === "fence-grant").map(({ fix }) => fix),
    ).toEqual([`GRANT EVENT ON *.* TO '${nightName(name)}'@'%';`]);
    await place.sql(`GRANT EVENT ON *.* TO '${nightName(name)}'@'%'`);
    await place.sql(`REVOKE INSERT ON ${name}.orders FROM 'reader'@'%'`);
  });

  it("stands when the server is started again, or says what does not", async () => {
    // Two fences at once spare a start: what the second finds shut it leaves so.
    const before = await place.before();
    const fences: { readonly way: FenceWay; readonly migration: string; note: Note; life: string }[] = [];
    for (const way of [accounts, readOnly]) {
      const migration = `20261122_${way.method}`;
      await using night = await place.night(way, { migration });
      const note = journalled(await night.fence.note());
      await night.fence.raise(note, options());
      const { raised, serverLife: life } = await night.fence.state(note);
      expect(raised).toBe("yes");
      expect((await night.fence.state(note)).serverLife).toBe(life);
      fences.push({ way, migration, note, life });
    }
    await place.again();
    for (const { way, migration, note, life } of fences.reverse()) {
      await using night = await place.night(way, { migration });
      const { raised, gaps, serverLife } = await night.fence.state(note);
      const forgets = way === readOnly && server !== "mysql9";
      expect([raised, gaps]).toEqual(forgets ? ["partly", ["read_only is OFF."]] : ["yes", []]);
      expect(serverLife).not.toBe(life);
      expect(await place.probe("app").attempt(signal)).toBe("refused");
      await night.fence.lower(note);
    }
    expect(await place.probe("app").attempt(signal)).toBe("written");
    // Nobody persisted it.
    await place.sql("SET GLOBAL event_scheduler = OFF");
    expect(await place.before()).toEqual(before);
  });
});

describe("sequences of mariadb, which belong to no table", () => {
  let place: Place;
  beforeAll(async () => (place = await Place.make("mariadb")));
  afterAll(async () => place[Symbol.asyncDispose]());

  it("give no number a second time once the target has given it away, whichever way they count", async () => {
    await place.sql("CREATE SEQUENCE `n``umbers` INCREMENT BY 10");
    await place.sql("CREATE SEQUENCE cached CACHE 1000");
    await place.sql("CREATE SEQUENCE down START WITH -1 INCREMENT BY -1 NOCACHE");
    await place.sql("CREATE SEQUENCE wheel MAXVALUE 100 NOCACHE CYCLE");
    await place.sql("CREATE SEQUENCE short MAXVALUE 5 NOCACHE");
    const next = async (name: string): Promise<string> => {
      const [row] = await place.sql(`SELECT CAST(NEXTVAL(${name}) AS CHAR)`);
      return row?.[0] ?? "";
    };
    const names = ["n`umbers", "cached", "down", "wheel", "short"];
    const whole = { ...plan, sequences: names.map((each) => ({ source: each, target: each })) };
    for (const each of ["`n``umbers`", "cached", "down", "wheel", "short"]) await next(each);
    await using night = await place.night(accounts);
    expect(await night.sequences(whole)).toEqual([
      // What is in the server's cache is passed.
      { source: "n`umbers", next: "10001" },
      { source: "cached", next: "1001" },
      { source: "down", next: "-2" },
      { source: "wheel", next: "2" },
      { source: "short", next: "2" },
    ]);
    const to = (...given: readonly string[]) =>
      given.map((each, at) => ({ source: names[at] ?? "", next: each }));
    // One within the cache, one far past it, one past its end.
    for (let times = 0; times < 2; times++)
      await night.pastKeys(whole, [], to("9007199254740993", "500", "-41", "78", "6"));
    expect(await next("`n``umbers`")).toBe("9007199254740993");
    expect(await next("cached")).toBe("500");
    expect(await next("down")).toBe("-41");
    expect(await next("wheel")).toBe("78");
    await expect(next("short")).rejects.toThrow(/run out/u);
    // The target's wheel has begun anew; no other goes back.
    await night.pastKeys(whole, [], to("11", "2", "-3", "3", "2"));
    expect(await next("`n``umbers`")).toBe("9007199254741003");
    expect(await next("cached")).toBe("501");
    expect(await next("down")).toBe("-42");
    expect(await next("wheel")).toBe("3");
    await expect(next("short")).rejects.toThrow(/run out/u);
    await night.pastKeys(whole, [], to("11", "2", "-3", "101", "2"));
    expect(await next("wheel")).toBe("1");
  });
});

describe("triggers of others, on mysql9", () => {
  let place: Place;
  beforeAll(async () => (place = await Place.make("mysql9")));
  afterAll(async () => place[Symbol.asyncDispose]());

  it("are told of before the night where the fence's account could not make them again: each right by itself", async () => {
    const account = `'${nightName(name)}'@'%'`;
    await place.sql(
      "CREATE DEFINER = 'root'@'localhost' TRIGGER r BEFORE INSERT ON orders FOR EACH ROW SET @r = 1",
    );
    await place.sql("CREATE USER gone@'%'");
    await place.sql("CREATE DEFINER = gone@'%' TRIGGER g BEFORE INSERT ON orders FOR EACH ROW SET @g = 1");
    await place.sql("DROP USER gone@'%'");
    const told = async (): Promise<readonly string[]> => {
      await using night = await place.night(accounts);
      return (await night.findings(plan))
        .filter(({ code }) => code === "trigger-definer")
        .map(({ fix }) => fix);
    };
    expect(await told()).toEqual([]);
    for (const right of ["SYSTEM_USER", "ALLOW_NONEXISTENT_DEFINER", "SET_ANY_DEFINER"]) {
      await place.sql(`REVOKE ${right} ON *.* FROM ${account}`);
      expect(await told()).toEqual([`GRANT ${right} ON *.* TO ${account};`]);
      // The server thinks so too.
      await using night = await place.night(accounts);
      const note = journalled(await night.triggers(plan));
      await night.dropTriggers(note);
      await expect(night.createTriggers(note)).rejects.toThrow();
      await place.sql(`GRANT ${right} ON *.* TO ${account}`);
      await using again = await place.night(accounts);
      await night[Symbol.asyncDispose]();
      await again.createTriggers(note);
      expect(await told()).toEqual([]);
    }
  });
});
