/** What Pulumi loads. Its own language host would compile index.ts with a TypeScript from 2020; `import()` leaves that to Node. */
module.exports = () => import("./index.ts");
