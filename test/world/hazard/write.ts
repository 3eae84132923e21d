/** `npm run hazards`: writes docs/hazards.md from the folders; a test fails when it is old. */
import { writeFileSync } from "node:fs";
import { readHazards } from "./folder.js";
import { hazardPage, pagePath } from "./page.js";

writeFileSync(pagePath, hazardPage(readHazards()));
