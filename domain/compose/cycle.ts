interface Dependent {
  depends_on?: Record<string, unknown>;
}

/** Services that wait for each other in a ring, the first one again at the end; undefined where there is no ring. */
export function cycleOf(services: Record<string, Dependent>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): string[] | undefined => {
    const start = way.indexOf(name);
    if (start >= 0) return [...way.slice(start), name];
    if (done.has(name)) return undefined;
    for (const other of Object.keys(services[name]?.depends_on ?? {})) {
      const cycle = visit(other, [...way, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(services)) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
