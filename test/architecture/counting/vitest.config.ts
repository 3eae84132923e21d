// The run that reporter.test.ts counts; apart from the real projects, so that its failures are nobody's.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { root: import.meta.dirname, include: ["*.sample.ts"] } });
