// Loaded before the SDK. It reads a program's dependencies with npm's own resolver, which is half of its modules, and only when a function is
// serialized into a resource: the resolver is loaded when it is first used.
const Module = require("node:module");

const RESOLVER = "@npmcli/arborist";
const load = Module._load;
Module._load = function loadLater(request, parent, isMain) {
  if (request !== RESOLVER) return load(request, parent, isMain);
  return {
    __esModule: true,
    get Arborist() {
      return load(RESOLVER, parent, isMain).Arborist;
    },
  };
};
