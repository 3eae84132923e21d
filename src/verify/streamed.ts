import type { Comparing } from "./comparing.js";
export declare const streamed: Comparing;
