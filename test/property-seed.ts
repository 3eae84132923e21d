/** Set-up of every test file: fast-check's properties begin where the other random tests do. A failure prints seed and path. */
import fc from "fast-check";
import { fresh, freshSeed } from "./fresh-seed.js";

if (!fresh) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: freshSeed() });
