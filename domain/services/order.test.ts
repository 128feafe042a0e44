import fc from "fast-check";
import { expect, test } from "vitest";
import { loadCompose } from "../compose/project.ts";
import { UserError } from "../errors.ts";
import { planStack } from "./plan.ts";

/** Services by name, and what each depends on. */
type Graph = Record<string, string[]>;

const CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"];

function load(graph: Graph) {
  const services = Object.fromEntries(
    Object.entries(graph).map(([name, needs]) => [
      name,
      {
        image: "a",
        healthcheck: { test: "true" },
        depends_on: Object.fromEntries(
          needs.map((other, index) => [other, { condition: CONDITIONS[index % CONDITIONS.length] }]),
        ),
      },
    ]),
  );
  const reader = { read: () => JSON.stringify({ name: "app", services }), realPath: (path: string) => path, home: "/" };
  return loadCompose({ files: ["/app.yaml"], folder: "/", environment: {}, envFiles: [] }, reader);
}

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/), { minLength: 1, maxLength: 12 });

/** Any edges between the names, or only from a name to those before it. */
function graphs(allowed: (from: number, to: number) => boolean): fc.Arbitrary<Graph> {
  return names.chain((list) =>
    fc
      .tuple(...list.map((_, from) => fc.subarray(list.filter((__, to) => allowed(from, to)))))
      .map((edges) => Object.fromEntries(list.map((name, index) => [name, edges[index] ?? []]))),
  );
}

test("whoever depends on whom, containers stand behind what they need, and name it", () => {
  fc.assert(
    fc.property(
      graphs((from, to) => to < from),
      (graph) => {
        const { project, environment } = load(graph);
        const { containers } = planStack(project, { workingDir: "/", files: ["/app.yaml"] }, environment);
        const place = new Map(containers.map(({ service }, index) => [service, index]));
        expect([...place.keys()].sort()).toEqual(Object.keys(graph).sort());
        for (const { service, dependsOn } of containers) {
          expect(dependsOn.map((one) => one.service).sort()).toEqual([...(graph[service] ?? [])].sort());
          for (const one of dependsOn) expect(place.get(one.service)).toBeLessThan(place.get(service) ?? -1);
        }
      },
    ),
  );
});

test("services that wait for each other are refused, with the ring that they make; all others come in order", () => {
  fc.assert(
    fc.property(
      graphs((from, to) => from !== to),
      (graph) => {
        try {
          load(graph);
          expect(hasRing(graph)).toBe(false);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          const [, ring = ""] = /depends on itself: (.*)$/.exec(error.details.reason) ?? [];
          const way = ring.split(" -> ");
          expect(way.length).toBeGreaterThan(2);
          expect(way[0]).toBe(way.at(-1));
          for (const [index, name] of way.slice(0, -1).entries()) expect(graph[name]).toContain(way[index + 1]);
          expect(error.details).toMatchObject({ file: "/app.yaml", line: 1 });
        }
      },
    ),
  );
});

/** Takes away what needs nothing that is left, until nothing more goes. */
function hasRing(graph: Graph): boolean {
  const left = new Set(Object.keys(graph));
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const name of [...left]) if (!graph[name]?.some((other) => left.has(other))) left.delete(name);
  }
  return left.size > 0;
}
