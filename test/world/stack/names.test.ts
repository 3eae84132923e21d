import { describe, expect, it } from "vitest";
import { isName, kinds, names } from "./names.js";

const lines = {
  mysql9: "/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))",
  mysql84: "/usr/sbin/mysqld  Ver 8.4.6 for Linux on x86_64 (MySQL Community Server - GPL)",
  mysql56: "mysqld  Ver 5.6.24 for Linux on x86_64 (MySQL Community Server (GPL))",
  mariadb: "mariadbd  Ver 10.11.18-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)",
  mariadb11: "mariadbd  Ver 11.8.2-MariaDB-1 for debian-linux-gnu on x86_64 (Debian 13)",
  postgres18: "postgres (PostgreSQL) 18.4",
  postgres17: "postgres (PostgreSQL) 17.10",
  postgres15: "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
  kafka: "kafka_2.13-4.3.1.jar",
  kafka3: "kafka_2.13-3.9.1.jar",
  connect: "connect-runtime-4.3.1.jar",
  connectJson: "connect-json-4.3.1.jar",
  registry: "apicurio-registry-app-3.0.9-runner.jar",
};

describe("a server's version line", () => {
  it("is that of one name only, or of none", () => {
    for (const [from, line] of Object.entries(lines)) {
      const matching = names.filter((name) => kinds[name].version.test(line));
      expect(matching).toEqual(isName(from) ? [from] : []);
    }
  });

  it("gives the version", () => {
    expect(kinds.mysql9.version.exec(lines.mysql9)?.[1]).toBe("9.7.4");
    expect(kinds.mariadb.version.exec(lines.mariadb)?.[1]).toBe("10.11.18");
    expect(kinds.postgres15.version.exec(lines.postgres15)?.[1]).toBe("15.18");
  });
});
