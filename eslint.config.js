// What the linter holds: typescript-eslint's strictest typed rules, and the house rules that are about single
// expressions (clock, randomness, exit, casts, swallowed errors). Rules about who may import whom are not here:
// test/architecture reads the import lines, so that there is one place that knows them.
// noInlineConfig: a rule that is wrong for a file is changed here, in the open, never switched off in passing.
import tseslint from "typescript-eslint";

const engineRooms = [
  "src/{plan,typemap,snapshot,stream,verify,cutover,safety}/**/*.ts",
  "connectors/**/*.ts",
];

const houseSyntax = [
  {
    selector: "ExportDefaultDeclaration",
    message: "No default exports: a name is the same everywhere it is used.",
  },
  {
    selector: "TSAsExpression > TSAsExpression[typeAnnotation.type='TSUnknownKeyword']",
    message: "No `as unknown as`: parse the value, or give it its type where it is made.",
  },
  {
    selector: "CatchClause > BlockStatement[body.length=0]",
    message: "Nothing is caught and ignored.",
  },
  {
    selector:
      "CallExpression[callee.property.name='catch'] > ArrowFunctionExpression > BlockStatement[body.length=0]",
    message: "Nothing is caught and ignored.",
  },
  {
    selector:
      "CallExpression[callee.property.name='catch'] > ArrowFunctionExpression > Identifier[name='undefined']",
    message: "Nothing is caught and ignored.",
  },
];

const handedIn = "Time, randomness and exit are handed in, so that the simulation can own them.";

export default tseslint.config(
  { ignores: ["dist/", "coverage/", ".stack/", ".headgate/", "**/*.json"] },
  { linterOptions: { noInlineConfig: true, reportUnusedInlineConfigs: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allowNever: true },
      ],
      // `() => stream.destroy()` is how callbacks are written; the rule's point is a value somebody relies on.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A port's method is async because its interface says so: a throw must become a rejection even where
      // this connector has nothing to wait for.
      "@typescript-eslint/require-await": "off",
      // A type parameter that appears once still names what a caller gets from `query<Row>()`.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "no-restricted-syntax": ["error", ...houseSyntax],
      "default-case-last": "error",
      eqeqeq: ["error", "always"],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: engineRooms,
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "setTimeout", message: handedIn },
        { name: "setInterval", message: handedIn },
        { name: "performance", message: handedIn },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: handedIn },
        { object: "Math", property: "random", message: handedIn },
        { object: "process", property: "exit", message: handedIn },
        { object: "process", property: "exitCode", message: handedIn },
        { object: "process", property: "hrtime", message: handedIn },
        { object: "globalThis", property: "setTimeout", message: handedIn },
        { object: "globalThis", property: "setInterval", message: handedIn },
      ],
      "no-restricted-imports": [
        "error",
        {
          paths: [
            { name: "node:timers", message: handedIn },
            { name: "node:timers/promises", message: handedIn },
            { name: "node:perf_hooks", message: handedIn },
            {
              name: "node:crypto",
              importNames: ["randomUUID", "randomBytes", "randomInt"],
              message: handedIn,
            },
          ],
        },
      ],
      "no-restricted-syntax": [
        "error",
        ...houseSyntax,
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: handedIn },
      ],
    },
  },
  {
    // Test doubles and assertions: a non-null assertion that is wrong fails the test, which is what it is for.
    files: ["**/*.test.ts", "test/**/*.ts", "bench/**/*.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    // Tools look for a default export in their configuration; nothing of ours imports it.
    files: ["**/vitest.config.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    // Plain JavaScript: what must run before anything is installed or built.
    files: ["**/*.js", "**/*.mjs"],
    rules: { "no-unused-vars": "error", "prefer-const": "error", "no-var": "error", eqeqeq: "error" },
  },
);
