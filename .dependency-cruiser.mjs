/**
 * The layers: a folder may import itself and the folders listed beside it, nothing else of this repository.
 * Checked by `make verify` over type imports too. tools/, tests/, bench/ and unit tests may import anything.
 */
const layers = {
  domain: [],
  catalog: ["domain"],
  clients: ["domain"],
  components: ["domain", "catalog"],
  policy: ["domain", "catalog"],
  stacks: ["components", "policy", "clients", "domain"],
  runner: ["stacks", "components", "policy", "clients", "domain", "catalog"],
  local: [],
  examples: ["runner"],
};

const allLayers = Object.keys(layers);
const unitTest = "\\.test\\.ts$";

const layerRules = allLayers.map((layer) => ({
  name: `${layer}-imports-downwards-only`,
  severity: "error",
  from: {
    path: `^${layer}/`,
    pathNot: [unitTest, "/testing/", "^runner/local-cloud\\.ts$", "^runner/cli/local\\.ts$"],
  },
  to: {
    path: `^(${[...allLayers, "index\\.ts", "tools", "tests", "bench"].join("|")})(/|$)`,
    pathNot: [layer, ...layers[layer]].map((name) => `^${name}/`),
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    {
      name: "local-has-one-bridge",
      comment: "runner/local-cloud.ts and the CLI's local commands are the only ones that may know local/",
      severity: "error",
      from: { path: "^runner/(local-cloud|cli/local)\\.ts$" },
      to: { path: `^(${allLayers.join("|")})/`, pathNot: "^(runner|domain|clients|stacks|local)/" },
    },
    {
      name: "operations-do-not-know-the-command-line",
      severity: "error",
      from: { path: "^runner/", pathNot: ["^runner/(cli|server)/", unitTest] },
      to: { path: "^runner/(cli|server)/" },
    },
    {
      name: "toolchain-needs-nothing-installed",
      comment: "it installs the npm dependencies, so it can load none before it has",
      severity: "error",
      from: { path: "^runner/toolchain/", pathNot: unitTest },
      to: { dependencyTypesNot: ["core"], pathNot: "^(runner/toolchain|domain)/", dynamic: false },
    },
    {
      name: "tests-stay-out-of-the-program",
      severity: "error",
      from: { pathNot: [unitTest, "^(tests|bench)/", "/testing/", "/test-[^/]*\\.ts$"] },
      to: { path: [unitTest, "/testing/", "/test-[^/]*\\.ts$", "^tests/"] },
    },
    {
      name: "no-cycle",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-missing-import", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(\\.tools|\\.windlass)/" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
