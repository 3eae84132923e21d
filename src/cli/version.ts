/** The version of this build, as `--version` prints it and reports name it. */
export const headgateVersion = "0.1.0";
